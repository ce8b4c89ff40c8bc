package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mirrortracker/internal/testbed"
)

// A fact is something that figures depend on.
type fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// machine says where and with what the figures came about.
func (b *bench) machine() []fact {
	var u unix.Utsname
	unix.Uname(&u) // can only fail for a bad address
	facts := []fact{
		{"date", b.began.UTC().Format(time.RFC3339)},
		{"machine", fmt.Sprintf("%d cores, %s, kernel %s", runtime.NumCPU(), processor(), unix.ByteSliceToString(u.Release[:]))},
	}
	for _, v := range []struct {
		name string
		args []string
	}{
		{"crawler", []string{"version"}},
		{"vsftpd", []string{"-v"}},
		{"proftpd", []string{"-v"}},
		{"pure-ftpd", []string{"--help"}},
		{"pyftpdlib", []string{"-c", "import pyftpdlib; print('pyftpdlib', pyftpdlib.__ver__)"}},
		{"lftp", []string{"--version"}},
		{"rclone", []string{"version"}},
		{"curl", []string{"--version"}},
	} {
		facts = append(facts, fact{v.name, b.version(v.name, v.args)})
	}
	return facts
}

// version returns the first line of what a program says of itself.
func (b *bench) version(name string, args []string) string {
	path, err := testbed.Find(name)
	switch name {
	case "crawler":
		path, err = b.crawler.path, nil
	case rclone.program:
		path, err = b.program(rclone)
	}
	if err != nil {
		return err.Error()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// vsftpd writes its version to its standard input.
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", `exec "$0" "$@" 0>&1`, path}, args...)...)
	cmd.Env = append(os.Environ(), "RCLONE_CONFIG=/dev/null")
	both := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = both, both
	if err := cmd.Run(); err != nil && both.Len() == 0 {
		return err.Error()
	}
	line, _, _ := strings.Cut(strings.TrimSpace(both.String()), "\n")
	return line
}

// processor returns the name of the processor.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
