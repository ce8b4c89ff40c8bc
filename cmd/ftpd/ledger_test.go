package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jlaffaye/ftp"

	"mirrortracker/internal/ui"
)

// What the configuration says of transfer logs and metrics is done.
func TestRecords(t *testing.T) {
	dir, logs := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	classic, lines := filepath.Join(logs, "xferlog"), filepath.Join(logs, "events")
	settings := map[string]string{
		"FTPD_TRANSFER_LOG_XFERLOG": classic,
		"FTPD_TRANSFER_LOG_JSON":    lines,
		"FTPD_TRANSFER_LOG_EVENTS":  "all",
		"FTPD_METRICS_LISTEN":       "127.0.0.1:0",
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	said, stdout := io.Pipe()
	logged, stderr := io.Pipe()
	monitor := make(chan string, 1)
	go func() {
		at := regexp.MustCompile(`http://[\d.:]+/metrics`)
		for lines := bufio.NewScanner(logged); lines.Scan(); {
			if url := at.FindString(lines.Text()); url != "" {
				monitor <- url
			}
		}
	}()
	env := &ui.Env{Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr, Getenv: func(key string) string { return settings[key] }}
	done := make(chan ui.Exit, 1)
	go func() {
		done <- Main(ctx, env, []string{"serve", dir, "--listen", "127.0.0.1:0"})
		stdout.Close()
		stderr.Close()
	}()
	line, err := bufio.NewReader(said).ReadString('\n')
	_, url, ok := strings.Cut(strings.TrimSpace(line), " at ftp://")
	if err != nil || !ok {
		t.Fatalf("it says %q, %v", line, err)
	}
	fetch := func() {
		t.Helper()
		c, err := ftp.Dial(strings.TrimSuffix(url, "/"))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Login("anonymous", "me@example.org"); err != nil {
			t.Fatal(err)
		}
		r, err := c.Retr("file")
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, r)
		r.Close()
		if err := c.Quit(); err != nil {
			t.Fatal(err)
		}
	}
	fetch()
	r, err := http.Get(<-monitor)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`ftpd_data_bytes_total{direction="download"} 7`, `ftpd_passwords_waiting 0`, `ftpd_log_dropped_total{log="xferlog"} 0`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("metrics have no %s:\n%s", want, text)
		}
	}
	stop()
	if exit := <-done; exit != 0 {
		t.Errorf("it ends with %d", exit)
	}
	for path, want := range map[string]string{classic: " 7 /file b _ o a me@example.org ftp 0 * c\n", lines: `"event":"logout"`} {
		if got, err := os.ReadFile(path); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %v\n%s", path, err, got)
		}
	}
}

// Configurations that follow each other share a transfer log that is the same for both,
// whose file was renamed in between. It is closed with the last of them.
func TestLedgersAreShared(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log")
	settings := map[string]string{"FTPD_DIRECTORY": dir, "FTPD_TRANSFER_LOG_XFERLOG": path}
	a := &app{Context: t.Context(), flags: &flags{}, Env: &ui.Env{Stderr: io.Discard, Getenv: func(key string) string { return settings[key] }}}
	next := func(former *force) *force {
		t.Helper()
		c, err := a.load(nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := a.enforce(folder{a}, c, former)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first := next(nil)
	first.ledger("xferlog").log.Write([]byte("one\n"))
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	second := next(first)
	second.ledger("xferlog").log.Write([]byte("two\n"))
	first.release()
	second.ledger("xferlog").log.Write([]byte("three\n"))
	settings["FTPD_TRANSFER_LOG_XFERLOG"] = "off"
	third := next(second)
	if third.ledger("xferlog") != nil {
		t.Error("a log that was switched off is open")
	}
	second.release()
	third.release()
	for name, want := range map[string]string{path + ".1": "one\n", path: "two\nthree\n"} {
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	settings["FTPD_TRANSFER_LOG_XFERLOG"] = filepath.Join(dir, "missing", "log")
	c, err := a.load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.enforce(folder{a}, c, nil); err == nil || !strings.Contains(err.Error(), "missing/log") {
		t.Errorf("a log that cannot be opened: %v", err)
	}
}
