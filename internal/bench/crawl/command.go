package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"mirrortracker/internal/bench/link"
)

// stopGrace is how long a process may take to end when it was told to.
const stopGrace = 10 * time.Second

// A command is a process to measure.
type command struct {
	args   []string
	env    []string
	in     *link.Network
	window time.Duration           // when it is ended, if it has not ended itself
	end    syscall.Signal          // how
	read   func(r io.Reader) error // reads its standard output to the end
}

// usage is what a process took.
type usage struct {
	took  time.Duration
	whole bool  // it ended itself, within its window
	peak  int64 // most memory that was resident, in bytes
}

// run runs a command to its end, or to the end of its window.
//
// Linux counts into the peak of a process also that of the process that started it, as
// long as they shared their memory (execve(2) after vfork(2)); so the peak of this
// program is a lower bound of what can be measured, and it is kept small.
func (c *command) run(ctx context.Context) (usage, error) {
	window, cancel := context.WithTimeout(ctx, c.window)
	defer cancel()
	cmd := exec.CommandContext(window, c.args[0], c.args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Dir = "/"
	// In a group of its own an interrupt from the terminal does not reach it before this
	// program has had its say.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, c.end) }
	cmd.WaitDelay = stopGrace
	complaints := &tail{}
	cmd.Stderr = complaints
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return usage{}, err
	}
	began := time.Now()
	if err := c.in.Do(cmd.Start); err != nil {
		return usage{}, err
	}
	readErr := c.read(stdout)
	err = cmd.Wait()
	u := usage{took: time.Since(began), whole: window.Err() == nil}
	if rusage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.peak = rusage.Maxrss << 10
	}
	if !u.whole {
		return u, nil // how it ended, and in the midst of what, is our doing
	}
	if err := errors.Join(err, readErr); err != nil {
		return u, fmt.Errorf("%s: %w: %s", strings.Join(c.args, " "), err, complaints)
	}
	return u, nil
}

// A tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	const keep = 2 << 10
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-keep):]
	return len(p), nil
}

func (t *tail) String() string { return string(bytes.TrimSpace(t.text)) }
