package testbed

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// stopGrace is how long a server may take to end after SIGTERM.
const stopGrace = 5 * time.Second

// A process is a server in a process group of its own, known to the watchdog.
type process struct {
	pid  int
	done chan struct{} // closed when the server has ended
}

// startProcess starts a server that writes its output to a file, not to a pipe:
// its children would keep a pipe open after its end.
func startProcess(logFile string, env []string, args ...string) (*process, error) {
	out, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{pid: cmd.Process.Pid, done: make(chan struct{})}
	go func() {
		cmd.Wait() // how it ended is in its log
		close(p.done)
	}()
	if err := tellReaper("+group", p.pid); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// signal sends a signal to the server and all its children.
func (p *process) signal(sig syscall.Signal) error {
	return syscall.Kill(-p.pid, sig)
}

// stop ends the server in its own way, or else by force.
func (p *process) stop() {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopGrace):
	}
	p.kill() // children may outlive the server, waiting for their clients
}

// kill ends the server and its children at once and waits for the end.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
	tellReaper("-group", p.pid)
}

// waitReady calls ready until it succeeds, the server ends or time is up.
func (p *process) waitReady(limit time.Duration, ready func() error) error {
	deadline := time.After(limit)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("server ended at once: %w", err)
		case <-deadline:
			return fmt.Errorf("server not ready after %v: %w", limit, err)
		case <-tick.C:
		}
	}
}

// tail returns the end of a log for a test's own log.
func tail(logFile string) string {
	const keep = 8 << 10
	text, err := os.ReadFile(logFile)
	if err != nil {
		return err.Error()
	}
	if len(text) > keep {
		text = append([]byte("... "), text[len(text)-keep:]...)
	}
	return string(bytes.TrimSpace(text))
}
