package accesslog

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

// A sink is a writer that can be held up and can fail.
type sink struct {
	mu   sync.Mutex
	text bytes.Buffer
	err  error
	hold chan struct{} // where not nil, each write waits for one
}

func (s *sink) Write(p []byte) (int, error) {
	if s.hold != nil {
		<-s.hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	return s.text.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestLinesAreWrittenWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to sink
		l := To(&to, quiet)
		l.Write([]byte("a\n"))
		time.Sleep(flushEvery + 1)
		synctest.Wait()
		if got := to.String(); got != "a\n" {
			t.Errorf("after a second: %q", got)
		}
		l.Write([]byte("b\n"))
		if err := l.Close(); err != nil || to.String() != "a\nb\n" {
			t.Errorf("after Close: %q, %v", to.String(), err)
		}
	})
}

func TestManyLinesDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to sink
		l := To(&to, quiet)
		defer l.Close()
		l.Write(bytes.Repeat([]byte("x"), flushSize))
		synctest.Wait()
		if got := len(to.String()); got != flushSize {
			t.Errorf("%d bytes are written at once, want %d", got, flushSize)
		}
	})
}

// However slow the file is, a request goes on; what has no room is counted.
func TestSlowFileDropsLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := sink{hold: make(chan struct{})}
		l := To(&to, quiet)
		line := append(bytes.Repeat([]byte("x"), 1023), '\n')
		const taken = bufferSize / 1024
		for range flushSize / 1024 {
			l.Write(line)
		}
		synctest.Wait() // they are being written now
		for range taken + 7 {
			l.Write(line)
		}
		if got := l.Dropped(); got != 7 {
			t.Errorf("%d lines dropped, want 7", got)
		}
		close(to.hold)
		l.Close()
		if got := strings.Count(to.String(), "\n"); got != taken+flushSize/1024 {
			t.Errorf("%d lines written, want %d", got, taken+flushSize/1024)
		}
	})
}

func TestTroubleIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := sink{err: &fs.PathError{Op: "write", Path: "access.log", Err: errors.New("disk is full")}}
		var said bytes.Buffer
		l := To(&to, slog.New(slog.NewTextHandler(&said, nil)))
		for range 3 {
			l.Write([]byte("a\nb\n"))
			time.Sleep(flushEvery)
			synctest.Wait()
		}
		if strings.Count(said.String(), "disk is full") != 1 || l.Dropped() != 6 {
			t.Errorf("said %s, %d lines dropped", said.String(), l.Dropped())
		}
		to.err = nil
		l.Write([]byte("c\n"))
		l.Close()
		if !strings.Contains(said.String(), "again") || to.String() != "c\n" {
			t.Errorf("said %s, wrote %q", said.String(), to.String())
		}
	})
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	l, err := Open(path, quiet)
	if err != nil {
		t.Fatal(err)
	}
	l.Write([]byte("old\n"))
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	l.Write([]byte("new\n"))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{path: "new\n", path + ".1": "old\n"} {
		if got, err := os.ReadFile(name); string(got) != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
}

// A file that cannot be had leaves the one that there is.
func TestReopenFails(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "log")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := Open(filepath.Join(folder, "access.log"), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(folder, folder+".old"); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Reopen: %v", err)
	}
	l.Write([]byte("kept\n"))
	l.Close()
	if got, err := os.ReadFile(filepath.Join(folder+".old", "access.log")); string(got) != "kept\n" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Open(filepath.Join(folder, "access.log"), quiet); err == nil {
		t.Error("a file in a folder that there is not was opened")
	}
}

func FuzzEscapes(f *testing.F) {
	f.Add("Mozilla/5.0 \"x\"\\\r\n\x00\x7f\xff\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		quoted := string(AppendQuoted(nil, text))
		if strings.ContainsFunc(quoted, func(r rune) bool { return r < ' ' || r > '~' || r == '"' }) || quoted == "" {
			t.Errorf("quoted %q", quoted)
		}
		var back string
		if err := json.Unmarshal(AppendJSON(nil, text), &back); err != nil {
			t.Fatal(err)
		}
		var bytes []byte
		for _, r := range back {
			bytes = append(bytes, byte(r))
		}
		if string(bytes) != text {
			t.Errorf("JSON of %q reads %q", text, back)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	l := To(io.Discard, quiet)
	defer l.Close()
	line := append(bytes.Repeat([]byte("x"), 250), '\n')
	b.ReportAllocs()
	for b.Loop() {
		l.Write(line)
	}
}
