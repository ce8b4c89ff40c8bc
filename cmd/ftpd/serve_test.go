package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirrortracker/internal/testbed"
	"mirrortracker/internal/ui"
)

// A folder is served to whoever asks, who may read it and no more, until the program is
// told to stop; with users, a database is there for them.
func TestServe(t *testing.T) {
	for name, flags := range map[string][]string{
		"anonymous": nil,
		"users":     {"--users", "--database", "sqlite:" + filepath.Join(t.TempDir(), "ftpd.db")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			curl := testbed.Need(t, "curl")
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o644); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			said, stdout := io.Pipe()
			env := &ui.Env{Stdin: strings.NewReader(""), Stdout: stdout, Stderr: io.Discard, Getenv: func(string) string { return "" }}
			done := make(chan ui.Exit, 1)
			go func() {
				done <- Main(ctx, env, append([]string{"serve", dir, "--listen", "127.0.0.1:0"}, flags...))
				stdout.Close()
			}()
			line, err := bufio.NewReader(said).ReadString('\n')
			_, url, ok := strings.Cut(strings.TrimSpace(line), " at ")
			if err != nil || !ok {
				t.Fatalf("it says %q, %v", line, err)
			}
			if out, err := exec.Command(curl, "--silent", "--show-error", url+"file").CombinedOutput(); err != nil || string(out) != "content" {
				t.Errorf("curl: %v: %s", err, out)
			}
			if err := exec.Command(curl, "--silent", "--upload-file", filepath.Join(dir, "file"), url+"other").Run(); err == nil {
				t.Error("curl may upload")
			}
			stop()
			if exit := <-done; exit != 0 {
				t.Errorf("it ends with %d", exit)
			}
		})
	}
}
