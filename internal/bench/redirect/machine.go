package main

import (
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
		{"client", fmt.Sprintf("wrk on the same cores, %d connections", b.options.Connections)},
		{redirector, version(b.options.Redirector, "version")},
	}
	if b.options.Nginx != "" {
		facts = append(facts, fact{nginx, version(b.options.Nginx, "-v")})
	}
	if b.options.Mirrorbits != "" {
		facts = append(facts, fact{mirrorbits, version(b.options.Mirrorbits, "version")})
		if redis, err := testbed.Find("redis-server"); err == nil {
			facts = append(facts, fact{"redis", version(redis, "--version")})
		}
	}
	return facts
}

// version returns the first line with a number of what a program says of itself.
func version(program, question string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, question).CombinedOutput()
	if err != nil && len(out) == 0 {
		return err.Error()
	}
	for line := range strings.Lines(string(out)) {
		if strings.ContainsAny(line, "0123456789") {
			return strings.TrimSpace(line)
		}
	}
	return "unknown version"
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
