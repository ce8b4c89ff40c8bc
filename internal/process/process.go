// Package process names this process in a way that lets others on the same
// machine find out whether it is still alive, so that what it held when it was
// killed need not be waited for.
//
// A name is "HOST, process PID (BOOT/NAMESPACE/START)": the host's name and the
// process's number are for people; the machine's boot identity, the namespace
// in which the number counts, and the time when the process started (proc(5), the
// 22nd field of stat, in clock ticks since boot) make sure that no other process
// is taken for it. Where the system does not tell these, nobody is ever gone.
package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// Name names this process.
func Name() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	pid := fmt.Sprint(os.Getpid())
	here, err := world()
	start, startErr := startOf(pid)
	if err != nil || startErr != nil {
		return fmt.Sprintf("%s, process %s", host, pid)
	}
	return fmt.Sprintf("%s, process %s (%s/%s)", host, pid, here, start)
}

// Short is what a name tells people: "HOST, process PID".
func Short(name string) string {
	short, _, _ := strings.Cut(name, " (")
	return short
}

var form = regexp.MustCompile(`, process ([0-9]+) \((.+)/([0-9]+)\)$`)

// Gone reports whether the process of that name is known to have ended. It is
// false for one of another machine or container, of which nothing is known.
func Gone(name string) bool {
	parts := form.FindStringSubmatch(name)
	here, err := world()
	if parts == nil || err != nil || parts[2] != here {
		return false
	}
	pid, err := strconv.Atoi(parts[1])
	if err != nil {
		return false
	}
	start, err := startOf(parts[1])
	switch {
	case errors.Is(err, errDead):
		return true
	case errors.Is(err, fs.ErrNotExist):
		// Others' processes may be hidden in /proc, but not from kill(2).
		return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
	}
	return err == nil && start != parts[3]
}

// world identifies where process numbers mean what they mean here.
func world() (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	return strings.TrimSpace(string(boot)) + "/" + namespace, err
}

var errDead = errors.New("the process has ended")

// startOf returns when a process started.
func startOf(pid string) (string, error) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return "", err
	}
	// The second field is the program's name in parentheses and may hold anything.
	_, rest, _ := strings.Cut(string(stat[max(0, strings.LastIndexByte(string(stat), ')')):]), " ")
	const fieldsFromThird = 22 - 3
	fields := strings.Fields(rest)
	if len(fields) <= fieldsFromThird {
		return "", fmt.Errorf("/proc/%s/stat has too few fields", pid)
	}
	// A dead process stays until its parent has asked how it ended.
	if fields[0] == "Z" || fields[0] == "X" {
		return "", errDead
	}
	return fields[fieldsFromThird], nil
}
