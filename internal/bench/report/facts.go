package report

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
)

// A Fact is something that figures depend on.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// String is the line of a table.
func (f Fact) String() string { return fmt.Sprintf("%-12s %s", f.Name, f.Value) }

// Machine says when and where figures came about.
func Machine(began time.Time) []Fact {
	var u unix.Utsname
	unix.Uname(&u) // can only fail for a bad address
	return []Fact{
		{"date", began.UTC().Format(time.RFC3339)},
		{"machine", fmt.Sprintf("%d cores, %s, kernel %s", runtime.NumCPU(), processor(), unix.ByteSliceToString(u.Release[:]))},
	}
}

// Version returns what a program answers when it is asked for its version: the first line
// with a number in it, or else the first; or why it does not answer.
func Version(program string, question ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// vsftpd writes its version to its standard input.
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", `exec "$0" "$@" 0>&1`, program}, question...)...)
	out, err := cmd.CombinedOutput()
	text := string(bytes.TrimSpace(out))
	if err != nil && text == "" {
		return err.Error()
	}
	for line := range strings.Lines(text) {
		if strings.ContainsAny(line, "0123456789") {
			return strings.TrimSpace(line)
		}
	}
	first, _, _ := strings.Cut(text, "\n")
	return first
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
