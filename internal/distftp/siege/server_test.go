package siege

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestMain makes the test binary be an attacker where a test calls it.
func TestMain(m *testing.M) {
	if plan := os.Getenv("SIEGE_ATTACK"); plan != "" {
		os.Exit(attack(plan))
	}
	code := m.Run()
	if dir := binaries; dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

var binaries string // where the program was built

// program builds ftpd, once, without the race detector, which would take more memory
// than all attacks.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "siege")
	if err != nil {
		return "", err
	}
	binaries = dir
	path := filepath.Join(dir, "ftpd")
	if out, err := exec.Command("go", "build", "-o", path, "mirrortracker/cmd/ftpd").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build ftpd: %w\n%s", err, out)
	}
	return path, nil
})

// A server is ftpd as an operator runs it.
type server struct {
	cmd  *exec.Cmd
	addr string
	tls  string // of the door for implicit TLS, if there is one
	log  string // file
	// ended waits for the end of the process.
	ended func()
}

// serve starts ftpd for a folder. Its address is 127.0.0.1, at a free port.
func serve(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	return serveUnder(t, nil, dir, args...)
}

// serveUnder starts ftpd by another program, such as one that sets limits.
func serveUnder(t *testing.T, under []string, dir string, args ...string) *server {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	line := append(append(under, path, "serve", dir, "--listen", "127.0.0.1:0"), args...)
	s.cmd = exec.Command(line[0], line[1:]...)
	s.cmd.Stderr = log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.ended = sync.OnceFunc(func() { s.cmd.Wait() })
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		s.ended()
		if t.Failed() {
			t.Logf("log of ftpd: %s", tail(s.log))
		}
	})
	lines := bufio.NewReader(stdout)
	for s.addr == "" || s.tls == "" && slices.Contains(args, "--tls-listen") {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("ftpd says %q, %v\n%s", line, err, tail(s.log))
		}
		if _, url, ok := strings.Cut(line, " at ftps://"); ok {
			s.tls = strings.TrimSuffix(strings.TrimSpace(url), "/")
		} else if _, url, ok := strings.Cut(line, " at ftp://"); ok {
			s.addr = strings.TrimSuffix(strings.TrimSpace(url), "/")
		}
	}
	go io.Copy(io.Discard, stdout)
	return s
}

// peak is the most memory that the server has had, in bytes.
func (s *server) peak(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// stayed checks what an attack has cost: the server's memory, in MiB, and how much it
// has logged besides what guests did.
func (s *server) stayed(t *testing.T, memory int64) {
	t.Helper()
	peak := s.peak(t) >> 20
	log, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	for line := range bytes.Lines(log) {
		if !bytes.Contains(line, []byte("client="+guestsComeFrom)) {
			written += len(line)
		}
	}
	t.Logf("ftpd had %d MiB of memory at most, and logged %d KiB", peak, written>>10)
	if peak > memory {
		t.Errorf("ftpd had %d MiB of memory, want no more than %d", peak, memory)
	}
	if written > 1<<20 {
		t.Errorf("ftpd logged %d bytes", written)
	}
}

// logged reports whether the log holds a text.
func (s *server) logged(t *testing.T, text string) bool {
	t.Helper()
	b, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(b, []byte(text))
}

func tail(file string) []byte {
	b, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	return b[max(0, len(b)-4000):]
}
