package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end when it was told to.
const stopGrace = 15 * time.Second

// A process is a server that was started.
type process struct {
	cmd  *exec.Cmd
	log  string // file
	done chan error
}

// start starts a program in a group of its own, which ends with this one. What it prints
// goes into a file.
func start(log string, env []string, args ...string) (*process, error) {
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
	p := &process{cmd: cmd, log: log, done: make(chan error, 1)}
	go func() { p.done <- cmd.Wait() }()
	return p, nil
}

// stop ends it in order, or else by force.
func (p *process) stop() error {
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

// await calls ready until it succeeds, the process ends, or time is up.
func (p *process) await(limit time.Duration, ready func() error) error {
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
func (p *process) tail() []byte {
	const keep = 4 << 10
	text, _ := os.ReadFile(p.log)
	return bytes.TrimSpace(text[max(0, len(text)-keep):])
}

// memory is what a process has in memory, in bytes.
type memory struct {
	RSS  int64 `json:"rss"`
	Anon int64 `json:"anon"` // of it: its own
	File int64 `json:"file"` // mapped files
	Shm  int64 `json:"shm"`  // shared memory
	Peak int64 `json:"peak"` // the most that RSS was
}

// memory reads it (proc_pid_status(5)).
func (p *process) memory() (m memory, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return m, err
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		field := map[string]*int64{"VmRSS": &m.RSS, "RssAnon": &m.Anon, "RssFile": &m.File, "RssShmem": &m.Shm, "VmHWM": &m.Peak}[name]
		if field == nil {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return m, err
		}
		*field = kib << 10
	}
	return m, nil
}

// cpu is the time that a process and its children, such as nginx has them, have taken of
// the processors.
func (p *process) cpu() (sum time.Duration, err error) {
	pid := p.cmd.Process.Pid
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	for _, id := range append(strings.Fields(string(text)), strconv.Itoa(pid)) {
		used, err := cpuOf(id)
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// cpuOf is that of one process (proc_pid_stat(5)).
func cpuOf(pid string) (time.Duration, error) {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(text, []byte(") ")) // the name may have blanks in it
	fields := strings.Fields(string(rest))
	const utime, stime = 14 - 3, 15 - 3 // as numbered there, from the state on
	var ticks int64
	for _, field := range []int{utime, stime} {
		n, err := strconv.ParseInt(fields[field], 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100), nil // USER_HZ
}

// add adds what another process has.
func (m *memory) add(o memory) {
	m.RSS += o.RSS
	m.Anon += o.Anon
	m.File += o.File
	m.Shm += o.Shm
	m.Peak += o.Peak
}
