package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Family is a process and those that it has started, such as a server's for each of its
// sessions, and those in turn.
type Family int

// Memory is what processes have in memory, in bytes. What several of them share is in the
// RSS of each, and in PSS once.
type Memory struct {
	RSS  int64 `json:"rss"`
	PSS  int64 `json:"pss"`
	Anon int64 `json:"anon"` // of RSS: their own
	File int64 `json:"file"` // mapped files
	Shm  int64 `json:"shm"`  // shared memory
	Peak int64 `json:"peak"` // the most that RSS was
}

// Memory adds up what the processes have (proc_pid_status(5), proc_pid_smaps(5)).
func (f Family) Memory() (m Memory, err error) {
	return m, f.each(func(pid string, _ []string) error {
		return errors.Join(
			add("/proc/"+pid+"/status", map[string]*int64{"VmRSS": &m.RSS, "RssAnon": &m.Anon, "RssFile": &m.File, "RssShmem": &m.Shm, "VmHWM": &m.Peak}),
			add("/proc/"+pid+"/smaps_rollup", map[string]*int64{"Pss": &m.PSS}),
		)
	})
}

// Add adds what other processes have.
func (m *Memory) Add(o Memory) {
	m.RSS += o.RSS
	m.PSS += o.PSS
	m.Anon += o.Anon
	m.File += o.File
	m.Shm += o.Shm
	m.Peak += o.Peak
}

// add adds the numbers of KiB that a file has under some names.
func add(file string, sums map[string]*int64) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		sum := sums[name]
		if sum == nil {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		*sum += kib << 10
	}
	return nil
}

// CPU is the time that the processes have taken of the processors, those included that
// have ended and for which another one of them has waited.
func (f Family) CPU() (sum time.Duration, err error) {
	const utime, cstime = 14 - 3, 17 - 3 // as numbered in proc_pid_stat(5), from the state on
	return sum, f.each(func(_ string, stat []string) error {
		for _, field := range stat[utime : cstime+1] {
			ticks, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return err
			}
			sum += time.Duration(ticks) * (time.Second / 100) // USER_HZ
		}
		return nil
	})
}

// each calls fn for every process of the family, with what proc_pid_stat(5) says of it from
// the state on. One that ends meanwhile is none.
func (f Family) each(fn func(pid string, stat []string) error) error {
	dir, err := os.Open("/proc")
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(0)
	if err != nil {
		return err
	}
	stats := map[string][]string{}
	children := map[string][]string{}
	for _, pid := range names {
		text, err := os.ReadFile("/proc/" + pid + "/stat")
		_, rest, _ := bytes.Cut(text, []byte(") ")) // the name may have blanks in it
		if stat := strings.Fields(string(rest)); err == nil && len(stat) > 1 {
			stats[pid] = stat
			children[stat[1]] = append(children[stat[1]], pid)
		}
	}
	return walk(strconv.Itoa(int(f)), children, func(pid string) error {
		err := fn(pid, stats[pid])
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			return nil
		}
		return err
	})
}

// walk calls fn for a process and all below it.
func walk(pid string, children map[string][]string, fn func(pid string) error) error {
	if err := fn(pid); err != nil {
		return err
	}
	for _, child := range children[pid] {
		if err := walk(child, children, fn); err != nil {
			return err
		}
	}
	return nil
}
