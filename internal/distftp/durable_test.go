package distftp_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/testbed"
)

// TestServerProcess is the server of the tests below, in a process of its own that can
// be killed: it serves a folder to everybody for everything until its input ends.
func TestServerProcess(t *testing.T) {
	dir := os.Getenv("DISTFTP_TEST_FOLDER")
	if dir == "" {
		return
	}
	folder, err := localfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("address " + ln.Addr().String() + "\n")
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		io.Copy(io.Discard, os.Stdin)
	}()
	if err := distftp.New(distftp.Config{FS: folder, Access: control.ReadWrite}).Serve(ctx, ln); err != nil {
		t.Fatal(err)
	}
}

// startProcess starts the server process for a folder, under another program if one is
// given, and returns its address. Closing the writer ends it.
func startProcess(t *testing.T, dir string, under ...string) (*exec.Cmd, io.WriteCloser, string) {
	t.Helper()
	args := append(under, os.Args[0], "-test.run", "^TestServerProcess$")
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "DISTFTP_TEST_FOLDER="+dir)
	stdin, errIn := cmd.StdinPipe()
	stdout, errOut := cmd.StdoutPipe()
	if errIn != nil || errOut != nil {
		t.Fatal(errIn, errOut)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if addr, ok := strings.CutPrefix(lines.Text(), "address "); ok {
			go io.Copy(io.Discard, stdout)
			return cmd, stdin, addr
		}
	}
	t.Fatal("the server process said nothing")
	return nil, nil, ""
}

// Killed in the midst of uploads, the server leaves nothing under a new name, the old
// content under an old one, and what it left otherwise is gone after the next start. It
// is not touched as long as the upload is under way.
func TestKilled(t *testing.T) {
	old := strings.Repeat("old", 100_000)
	dir := plant(t, t.TempDir(), map[string]string{"replaced": old, "resumed": old, "sub/appended": old})
	cmd, _, addr := startProcess(t, dir)
	for _, line := range []string{"STOR new", "STOR replaced", "REST 7\r\nSTOR resumed", "APPE sub/appended"} {
		c := login(t, addr)
		c.do("TYPE I", "200")
		data := c.passive()
		rest, line, resumed := strings.Cut(line, "\r\n")
		if resumed {
			c.do(rest, "350")
		} else {
			line = rest
		}
		c.do(line, "150")
		if _, err := io.WriteString(data, strings.Repeat("new", 300_000)); err != nil {
			t.Fatal(err)
		}
	}
	folder := openFolder(t, dir)
	if n, err := folder.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("swept %d uploads that were under way, %v", n, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	for _, name := range []string{"replaced", "resumed", "sub/appended"} {
		if content(t, dir, name) != old {
			t.Errorf("%s is not what it was", name)
		}
	}
	if got := everything(t, dir); len(got) != 8 {
		t.Errorf("the killed server left %q, want 4 files, a folder and 4 left-overs less one that was new", got)
	}

	swept := make(chan struct{})
	c := login(t, serve(t, distftp.Config{FS: folder, Access: control.ReadWrite, Logger: slog.New(onMessage{"swept", swept})}))
	<-swept
	if got := strings.Join(everything(t, dir), " "); got != "replaced resumed sub sub/appended" {
		t.Errorf("after the next start the folder holds %s", got)
	}
	c.do("DELE sub/appended", "250")
	c.do("RMD sub", "250")
}

// onMessage closes a channel when something is logged.
type onMessage struct {
	message string
	seen    chan struct{}
}

func (h onMessage) Enabled(context.Context, slog.Level) bool { return true }
func (h onMessage) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h onMessage) WithGroup(string) slog.Handler            { return h }
func (h onMessage) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.message {
		close(h.seen)
	}
	return nil
}

// The system calls of an upload: all bytes are written, the file is synced, renamed,
// its folder is synced, and only then the client is told. What else a client changes is
// on the disk, too, before it is told.
func TestSystemCalls(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"sub/file": "old content", "sub/gone": "", "sub/from": "", "sub/empty/": ""})
	const temp = `[^>]*/sub/\.ftpd-upload-\w+>`
	const folder = `fsync\(\d+<[^>]*/sub>`
	uploaded := func(name, reply string) []string {
		return []string{
			`(write|splice|copy_file_range)\(.*` + temp, `fsync\(\d+<` + temp, `renameat2?\(.*"\.ftpd-upload-\w+", .*"` + name + `"`,
			folder, `write\(\d+<[^>]*>, "` + reply,
		}
	}
	for name, tt := range map[string]struct {
		change func(c *client)
		calls  []string
	}{
		"STOR":   {func(c *client) { c.put("STOR sub/file", "replaced", "226") }, uploaded("file", "226 ")},
		"APPE":   {func(c *client) { c.put("APPE sub/file", "appended", "226") }, uploaded("file", "226 ")},
		"REST":   {func(c *client) { c.do("REST 3", "350"); c.put("STOR sub/file", "resumed", "226") }, uploaded("file", "226 ")},
		"STOU":   {func(c *client) { c.put("STOU sub/unique", "new", "226") }, uploaded(`unique\.\w+`, "226 ")},
		"TYPE A": {func(c *client) { c.do("TYPE A", "200"); c.put("STOR sub/file", "text\r\n", "226") }, uploaded("file", "226 ")},
		"CPTO": {func(c *client) { c.do("SITE CPFR sub/file", "350"); c.do("SITE CPTO sub/copy", "250") },
			uploaded("copy", "250 Copied")},
		"MKD":  {func(c *client) { c.do("MKD sub/new", "257") }, []string{`mkdirat\(.*"new"`, folder, `write\(\d+<[^>]*>, "257 `}},
		"RMD":  {func(c *client) { c.do("RMD sub/empty", "250") }, []string{`unlinkat\(.*"empty"`, folder, `write\(\d+<[^>]*>, "250 `}},
		"DELE": {func(c *client) { c.do("DELE sub/gone", "250") }, []string{`unlinkat\(.*"gone"`, folder, `write\(\d+<[^>]*>, "250 `}},
		"RNTO": {func(c *client) { c.do("RNFR sub/from", "350"); c.do("RNTO sub/to", "250") },
			[]string{`renameat2?\(.*"to"`, folder, `write\(\d+<[^>]*>, "250 `}},
		"SYMLINK": {func(c *client) { c.do("SITE SYMLINK file sub/link", "200") }, []string{`symlinkat\(.*"link"`, folder, `write\(\d+<[^>]*>, "200 Link`}},
	} {
		t.Run(name, func(t *testing.T) {
			trace := filepath.Join(t.TempDir(), "trace")
			cmd, stdin, addr := startProcess(t, dir, testbed.Need(t, "strace"), "-f", "-y", "-s", "64", "-o", trace,
				"-e", "trace=write,splice,copy_file_range,fsync,renameat,renameat2,mkdirat,unlinkat,symlinkat")
			c := login(t, addr)
			c.do("TYPE I", "200")
			tt.change(c)
			c.do("QUIT", "221")
			stdin.Close()
			if err := cmd.Wait(); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(trace)
			if err != nil {
				t.Fatal(err)
			}
			inOrder(t, string(b), tt.calls...)
		})
	}
}

// inOrder checks that the calls happened, each having returned before the next began,
// and the first ones not again after that.
func inOrder(t *testing.T, trace string, calls ...string) {
	t.Helper()
	lines := strings.Split(trace, "\n")
	returned := -1
	for _, call := range calls {
		pattern := regexp.MustCompile(`^(\d+) +` + call)
		begun := -1
		var thread string
		for i, line := range lines {
			if m := pattern.FindStringSubmatch(line); m != nil {
				begun, thread = i, m[1]
			}
		}
		if begun <= returned {
			t.Fatalf("%s: last in line %d, the call before it returned in line %d of:\n%s", call, begun, returned, trace)
		}
		returned = begun
		if strings.HasSuffix(lines[begun], "<unfinished ...>") {
			// The end of the last call is not seen where the process ends first.
			for returned < len(lines) && !strings.HasPrefix(lines[returned], thread+" <... ") {
				returned++
			}
		}
	}
}
