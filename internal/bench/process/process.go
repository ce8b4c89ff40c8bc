// Package process runs the servers that benchmarks measure, and tells what they take of
// the machine.
package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end when it was told to.
const stopGrace = 15 * time.Second

// A Process is a server that was started.
type Process struct {
	Log string // file with what it prints

	cmd  *exec.Cmd
	done chan error
}

// Start starts a program in a group of its own, which ends with this one. What it prints
// goes into a file.
func Start(log string, env []string, args ...string) (*Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{Log: log, cmd: cmd, done: make(chan error, 1)}
	go func() { p.done <- cmd.Wait() }()
	return p, nil
}

// Family is the process and those that it starts.
func (p *Process) Family() Family { return Family(p.cmd.Process.Pid) }

// Stop ends it in order, or else by force.
func (p *Process) Stop() error {
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(stopGrace):
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
		return fmt.Errorf("%s does not end when it is told to", p.cmd.Path)
	}
}

// Await calls ready until it succeeds, the process ends, or time is up.
func (p *Process) Await(limit time.Duration, ready func() error) error {
	end := time.After(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case end := <-p.done:
			p.done <- end
			return fmt.Errorf("%s ended: %w\n%s", p.cmd.Path, end, p.tail())
		case <-end:
			return fmt.Errorf("%s is not ready after %s: %w\n%s", p.cmd.Path, limit, err, p.tail())
		case <-tick.C:
		}
	}
}

// tail is the end of what it has printed.
func (p *Process) tail() []byte {
	const keep = 4 << 10
	text, _ := os.ReadFile(p.Log)
	return bytes.TrimSpace(text[max(0, len(text)-keep):])
}

// Announced returns where it has printed that it listens: host and port of the first URL
// of that scheme ("http://") at the end of a line.
func (p *Process) Announced(scheme string) (addr string, err error) {
	text, err := os.ReadFile(p.Log)
	if err != nil {
		return "", err
	}
	for line := range bytes.Lines(text) {
		_, url, found := bytes.Cut(line, []byte(scheme))
		if addr, ends := bytes.CutSuffix(url, []byte("/\n")); found && ends {
			return string(addr), nil
		}
	}
	return "", errors.New("it does not say where it listens")
}
