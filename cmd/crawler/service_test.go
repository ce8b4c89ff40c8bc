package main

import (
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
	"syscall"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// A service is "crawler run" as the service manager runs it.
type service struct {
	*testbed.Service
	t      *testing.T
	config string
}

// start starts the service in a folder of its own.
func start(t *testing.T, config string) *service {
	dir := t.TempDir()
	s := &service{t: t, config: filepath.Join(dir, "tracker.toml")}
	s.write(config)
	cmd := exec.Command("crawler", "run")
	cmd.Dir = dir
	s.Service = testbed.StartService(t, cmd)
	return s
}

func (s *service) write(config string) {
	if err := os.WriteFile(s.config, []byte(config), 0o600); err != nil {
		s.t.Fatal(err)
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
	s.Told("READY=1\nSTATUS=crawling on schedule, 4 sites at a time")
	monitor := "http://" + s.Log.Wait(t, `msg="serving metrics" .*address=(\S+)`)[1]
	<-server.reached
	s.Told("WATCHDOG=1")
	s.Told("WATCHDOG=1")
	expect(t, monitor+"/healthz", `^ok\n$`)
	expect(t, monitor+"/metrics", `\ncrawler_site_running\{site="slow"\} 1\n`)

	s.write(strings.Replace(quiet, "[crawl]", "[crawl]\nparallel = 7", 1) + site +
		"[[site]]\nname = \"other\"\nurl = \"ftp://127.0.0.1:1/\"\n")
	s.Send(syscall.SIGHUP)
	s.Told("RELOADING=1\nMONOTONIC_USEC=")
	s.Told("READY=1\nSTATUS=crawling on schedule, 7 sites at a time")
	s.Log.Wait(t, `msg="sites are those of the configuration" .*added=\[other\] changed=\[\] removed=\[\]`)
	expect(t, monitor+"/metrics", `\ncrawler_site_running\{site="slow"\} 1\n`)

	s.write("[crawl]\nparalel = 9\n")
	s.Send(syscall.SIGHUP)
	s.Told("RELOADING=1")
	s.Told("READY=1\nSTATUS=crawling on schedule, 7 sites at a time")
	s.Log.Wait(t, `level=ERROR msg="configuration is not read again; what was in force stays" .*unknown key crawl.paralel`)
	expect(t, monitor+"/metrics", `\ncrawler_site_running\{site="slow"\} 1\n`)

	s.Send(syscall.SIGTERM)
	s.Told("STOPPING=1")
	s.Log.Wait(t, `msg="crawl is interrupted" .*site=slow why="terminated signal received"`)
	s.Log.Wait(t, `msg=stopped .*why="terminated signal received"`)
	if err := s.Wait(); err != nil {
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
	s.Log.Wait(t, `^hint: crawler.listen`)
	if exit := (*exec.ExitError)(nil); !errors.As(s.Wait(), &exit) || exit.ExitCode() != 1 {
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
