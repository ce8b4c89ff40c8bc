package testbed

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Service is a program as the service manager runs it.
type Service struct {
	*exec.Cmd
	Out, Log *Transcript // standard output and standard error

	t     testing.TB
	told  chan string   // what the service manager is told and nobody has asked for yet
	ended chan struct{} // closed when err is set
	err   error
}

// StartService starts a program as a service. It is killed at the end of the test, if
// it has not ended by then.
func StartService(t testing.TB, cmd *exec.Cmd) *Service {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "notify")
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	// The race detector would sleep for a second at the end of each program.
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=600000", "NO_COLOR=1", "GORACE=atexit_sleep_ms=0")
	s := &Service{Cmd: cmd, Out: newTranscript(), Log: newTranscript(), t: t, told: make(chan string, 1000), ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = s.Out, s.Log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go s.listen(notify)
	go func() {
		s.err = cmd.Wait()
		s.Out.end()
		s.Log.end()
		close(s.ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill() // nothing, if it has ended
		s.Wait()
		notify.Close()
	})
	return s
}

// Wait waits until the program has ended, and returns how.
func (s *Service) Wait() error {
	<-s.ended
	return s.err
}

// Send sends the program a signal.
func (s *Service) Send(sig os.Signal) {
	s.t.Helper()
	if err := s.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// listen takes what the service manager is told: a program that nobody listens to would
// wait for somebody.
func (s *Service) listen(notify *net.UnixConn) {
	text := make([]byte, 4096)
	for {
		n, err := notify.Read(text)
		if err != nil {
			return
		}
		select {
		case s.told <- string(text[:n]):
		default: // more than any test wants to know
		}
	}
}

// Told waits until the service manager is told something that begins with what, and
// returns what else it is told until then.
func (s *Service) Told(what string) (before []string) {
	s.t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case text := <-s.told:
			if strings.HasPrefix(text, what) {
				return before
			}
			before = append(before, text)
		case <-limit:
			s.t.Fatalf("the service manager is not told %q, but %q", what, before)
		}
	}
}

// A Transcript is what a program writes, line by line.
type Transcript struct {
	mu    sync.Mutex
	grew  *sync.Cond
	lines []string // the last one is being written
	ended bool
}

func newTranscript() *Transcript {
	l := &Transcript{lines: []string{""}}
	l.grew = sync.NewCond(&l.mu)
	return l
}

// Write takes down what was written.
func (l *Transcript) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	more := strings.Split(string(text), "\n")
	l.lines[len(l.lines)-1] += more[0]
	l.lines = append(l.lines, more[1:]...)
	l.grew.Broadcast()
	return len(text), nil
}

func (l *Transcript) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.grew.Broadcast()
}

// Wait waits for a line that matches a pattern, also an earlier one, and returns what
// its groups match.
func (l *Transcript) Wait(t testing.TB, pattern string) []string {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := 0; ; i++ {
		for i == len(l.lines)-1 && !l.ended {
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
