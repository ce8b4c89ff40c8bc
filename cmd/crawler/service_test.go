package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/mirror"
)

// A service is "crawler run" as the service manager runs it.
type service struct {
	t       *testing.T
	process *exec.Cmd
	config  string
	notify  *net.UnixConn
	log     *transcript
}

// A transcript is what a program writes, line by line.
type transcript struct {
	mu    sync.Mutex
	grew  *sync.Cond
	lines []string
	ended bool
}

func (l *transcript) read(from io.Reader) {
	for scanner := bufio.NewScanner(from); scanner.Scan(); {
		l.mu.Lock()
		l.lines = append(l.lines, scanner.Text())
		l.grew.Broadcast()
		l.mu.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.grew.Broadcast()
}

// wait waits for a line, and returns what its groups match.
func (l *transcript) wait(t *testing.T, pattern string) []string {
	wanted := regexp.MustCompile(pattern)
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := 0; ; i++ {
		for i == len(l.lines) && !l.ended {
			l.grew.Wait()
		}
		if i == len(l.lines) {
			t.Fatalf("it never said %q, but:\n%s", pattern, strings.Join(l.lines, "\n"))
		}
		if found := wanted.FindStringSubmatch(l.lines[i]); found != nil {
			return found
		}
	}
}

// start starts the service in a folder of its own.
func start(t *testing.T, config string) *service {
	dir := t.TempDir()
	s := &service{t: t, config: filepath.Join(dir, "tracker.toml"), log: &transcript{}}
	s.log.grew = sync.NewCond(&s.log.mu)
	s.write(config)
	socket := filepath.Join(dir, "notify")
	var err error
	if s.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	s.process = exec.Command("crawler", "run")
	s.process.Dir = dir
	s.process.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=600000", "NO_COLOR=1", "GORACE=atexit_sleep_ms=0")
	said, err := s.process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	go s.log.read(said)
	t.Cleanup(func() {
		s.process.Process.Kill() // nothing, if it has ended
		s.process.Wait()
		s.notify.Close()
	})
	return s
}

func (s *service) write(config string) {
	if err := os.WriteFile(s.config, []byte(config), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *service) signal(sig os.Signal) {
	if err := s.process.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// told waits until the service manager is told something, and returns what else it is
// told until then.
func (s *service) told(what string) (before []string) {
	s.t.Helper()
	for {
		text := make([]byte, 4096)
		s.notify.SetReadDeadline(time.Now().Add(time.Minute))
		n, err := s.notify.Read(text)
		if err != nil {
			s.t.Fatalf("the service manager is not told %q, but %q: %v", what, before, err)
		}
		if strings.HasPrefix(string(text[:n]), what) {
			return before
		}
		before = append(before, string(text[:n]))
	}
}

// A stall is a server that takes its time.
type stall struct {
	*faulty
	address string
}

// stalling serves a folder of which the root is never listed.
func stalling(t *testing.T) *stall {
	folder, err := localfs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stall{&faulty{Folder: folder, hold: mirror.Root, reached: make(chan struct{}), free: make(chan struct{})}, l.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- distftp.New(distftp.Config{FS: s}).Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, folder.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

const quiet = `
[crawl]
timeout = "5s"
[crawler]
listen = "127.0.0.1:0"
`

// The real program tells the service manager how it is, reads its configuration again
// without an end to any crawl, keeps what is in force if the new one is wrong, and
// saves how far it is when it is told to stop.
func TestService(t *testing.T) {
	server := stalling(t)
	site := fmt.Sprintf("[[site]]\nname = \"slow\"\nurl = \"ftp://%s/\"\n", server.address)
	s := start(t, quiet+site)
	s.told("READY=1\nSTATUS=crawling on schedule, 4 sites at a time")
	monitor := "http://" + s.log.wait(t, `msg="serving metrics" .*address=(\S+)`)[1]
	<-server.reached
	s.told("WATCHDOG=1")
	s.told("WATCHDOG=1")
	expect(t, monitor+"/healthz", `^ok\n$`)
	expect(t, monitor+"/metrics", `\ncrawler_site_running\{site="slow"\} 1\n`)

	s.write(strings.Replace(quiet, "[crawl]", "[crawl]\nparallel = 7", 1) + site +
		"[[site]]\nname = \"other\"\nurl = \"ftp://127.0.0.1:1/\"\n")
	s.signal(syscall.SIGHUP)
	s.told("RELOADING=1\nMONOTONIC_USEC=")
	s.told("READY=1\nSTATUS=crawling on schedule, 7 sites at a time")
	s.log.wait(t, `msg="sites are those of the configuration" .*added=\[other\] changed=\[\] removed=\[\]`)
	expect(t, monitor+"/metrics", `\ncrawler_site_running\{site="slow"\} 1\n`)

	s.write("[crawl]\nparalel = 9\n")
	s.signal(syscall.SIGHUP)
	s.told("RELOADING=1")
	s.told("READY=1\nSTATUS=crawling on schedule, 7 sites at a time")
	s.log.wait(t, `level=ERROR msg="configuration is not read again; what was in force stays" .*unknown key crawl.paralel`)
	expect(t, monitor+"/metrics", `\ncrawler_site_running\{site="slow"\} 1\n`)

	s.signal(syscall.SIGTERM)
	s.told("STOPPING=1")
	s.log.wait(t, `msg="crawl is interrupted" .*site=slow why="terminated signal received"`)
	s.log.wait(t, `msg=stopped .*why="terminated signal received"`)
	if err := s.process.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

// The program does not start where its address is taken.
func TestServiceWithoutItsAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := start(t, fmt.Sprintf("[crawler]\nlisten = %q\n", l.Addr()))
	s.log.wait(t, `^hint: crawler.listen`)
	if exit := (*exec.ExitError)(nil); !errors.As(s.process.Wait(), &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ends with %v", exit)
	}
}

func expect(t *testing.T, url, pattern string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || !regexp.MustCompile(pattern).Match(text) {
		t.Errorf("%s answers %.3000q, %v; want %q", url, text, err, pattern)
	}
}
