package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// serversKey is where a story keeps its servers.
type serversKey struct{}

type servers map[string]*faulty

// faulty is a folder that refuses some directories, and holds up those who ask
// for one.
type faulty struct {
	*localfs.Folder
	refuse map[mirror.Path]bool
	hold   mirror.Path // "" for none

	once    sync.Once
	reached chan struct{} // closed when the held directory is asked for
	free    chan struct{} // closed to let it be listed
}

func (f *faulty) OpenDir(ctx context.Context, p mirror.Path) (vfs.Dir, error) {
	if f.refuse[p] {
		return nil, fs.ErrPermission
	}
	if f.hold != "" && p == f.hold {
		f.once.Do(func() { close(f.reached) })
		select {
		case <-f.free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return f.Folder.OpenDir(ctx, p)
}

func serveFTP(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: ftp NAME DIR [refuse:PATH]... [hold:PATH]")
	}
	folder, err := localfs.Open(ts.MkAbs(args[1]))
	ts.Check(err)
	f := &faulty{Folder: folder, refuse: map[mirror.Path]bool{}, reached: make(chan struct{}), free: make(chan struct{})}
	for _, fault := range args[2:] {
		what, path, _ := strings.Cut(fault, ":")
		switch what {
		case "refuse":
			f.refuse[mirror.Path(path)] = true
		case "hold":
			f.hold = mirror.Path(path)
		default:
			ts.Fatalf("fault %q is neither refuse nor hold", what)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- distftp.New(distftp.Config{FS: f}).Serve(ctx, listener) }()
	ts.Defer(func() {
		cancel()
		if err := errors.Join(<-done, folder.Close()); err != nil {
			ts.Logf("ftp server %s: %v", args[0], err)
		}
	})
	ts.Setenv(args[0], listener.Addr().String())
	ts.Value(serversKey{}).(servers)[args[0]] = f
}

func server(ts *testscript.TestScript, args []string) *faulty {
	f := ts.Value(serversKey{}).(servers)[args[0]]
	if f == nil {
		ts.Fatalf("there is no server %s", args[0])
	}
	return f
}

func held(ts *testscript.TestScript, neg bool, args []string)    { <-server(ts, args).reached }
func release(ts *testscript.TestScript, neg bool, args []string) { close(server(ts, args).free) }

func latin1(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(args[0])
	for _, name := range []string{"caf\xe9/menu", " blanks /a b", "r\xc3\xa9sum\xc3\xa9/x", "100%/#1?", "-> /y", "a,b/z"} {
		ts.Check(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		ts.Check(os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644))
	}
}

// code runs a program whose exit code is what matters; its output goes where the
// story can look at it with stdout and stderr.
func code(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	text := ts.ReadFile(args[0])
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		ts.Fatalf("%v in:\n%s", err, text)
	}
	fmt.Fprintf(ts.Stdout(), "%v", v)
}

// address sets a variable to an address for a program to listen on.
func address(ts *testscript.TestScript, neg bool, args []string) {
	at, err := testbed.FreeAddress()
	ts.Check(err)
	ts.Setenv(args[0], at)
}

// listening waits until somebody listens on an address.
func listening(ts *testscript.TestScript, neg bool, args []string) {
	for until := time.Now().Add(time.Minute); ; {
		conn, err := net.Dial("tcp", args[0])
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(until) {
			ts.Fatalf("nobody listens: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
