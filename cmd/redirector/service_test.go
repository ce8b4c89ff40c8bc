package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A child is the program, started as the service manager does it: with a socket that
// stays open when it ends.
type child struct {
	*exec.Cmd
	log *bufio.Reader
}

func startChild(t *testing.T, socket *net.TCPListener, config string) child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "redirector") // by which TestMain knows what to be
	if err := os.Symlink(self, name); err != nil {
		t.Fatal(err)
	}
	file, err := socket.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// The variable has to name the process itself (sd_listen_fds(3)).
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve --config "$1"`, name, config)
	cmd.ExtraFiles = []*os.File{file}
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return child{cmd, bufio.NewReader(stderr)}
}

// await reads the log as far as a line with the text.
func (p child) await(t *testing.T, text string) {
	t.Helper()
	var read strings.Builder
	for {
		line, err := p.log.ReadString('\n')
		read.WriteString(line)
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			t.Fatalf("%q is not in the log: %v\n%s", text, err, &read)
		}
	}
}

// end stops the program, which must end well.
func (p child) end(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, p.log)
	if err := p.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

// Behind a socket that stays open the program is started again and again, while a client
// asks: every request is answered, by a redirect. A hangup in between changes what can be,
// and nothing if the configuration is broken.
func TestRestartAndReload(t *testing.T) {
	folder := t.TempDir()
	database, access := "sqlite:"+filepath.Join(folder, "tracker.db"), filepath.Join(folder, "access.log")
	if err := fill(database); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(folder, "tracker.toml")
	write := func(more string) {
		t.Helper()
		text := fmt.Sprintf("database = %q\n[health]\nchecks = \"off\"\n[redirector]\naccess_log = %q\n%s", database, access, more)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	t.Chdir(folder) // for the folder of the index
	held, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	asking, enough := context.WithCancel(t.Context())
	asked := make(chan int, 1)
	go func() {
		n := 0
		for ; asking.Err() == nil; n++ {
			req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+held.Addr().String()+"/a/pub/image%231.iso", nil)
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Errorf("request %d: %v", n, err)
				break
			}
			res.Body.Close()
			if res.StatusCode != 302 {
				t.Errorf("request %d: status %d", n, res.StatusCode)
			}
		}
		asked <- n
	}()
	for range 3 {
		p := startChild(t, held.(*net.TCPListener), config)
		p.await(t, "index loaded")

		if err := os.Rename(access, access+".1"); err != nil {
			t.Fatal(err)
		}
		write("[nearest]\nradius = 10.0\n")
		p.Process.Signal(syscall.SIGHUP)
		p.await(t, "configuration is read again")
		if _, err := os.Stat(access); err != nil {
			t.Errorf("after a hangup: %v", err)
		}
		write("[nearest]\nradius = -1.0\n")
		p.Process.Signal(syscall.SIGHUP)
		p.await(t, "what was in force stays")
		write("")
		p.end(t)
	}
	last := startChild(t, held.(*net.TCPListener), config)
	time.AfterFunc(time.Second, enough)
	if n := <-asked; n < 10 {
		t.Errorf("only %d requests were answered", n)
	}
	last.end(t)
	lines, err := os.ReadFile(access)
	if err != nil || !strings.Contains(string(lines), `"GET /a/pub/image%231.iso HTTP/1.1" 302 `) {
		t.Errorf("access log: %.200s, %v", lines, err)
	}
}
