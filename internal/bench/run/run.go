// Package run is what the runs of benchmarks have in common: parts that can be asked for by
// their names, lines that tell how far it has come, and clean-up.
package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/testbed"
	"mirrortracker/internal/ui"
)

// ErrInterrupted ends a run that was told to stop.
var ErrInterrupted = errors.New("interrupted")

// A Run is under way since it began. One goroutine at a time uses it, but for Say.
type Run struct {
	Log   io.Writer // for progress
	Began time.Time

	clean []func() error
}

// Begin begins a run.
func Begin(log io.Writer) Run { return Run{Log: log, Began: time.Now()} }

// Say tells what is going on, and when.
func (r *Run) Say(format string, args ...any) {
	fmt.Fprintf(r.Log, "%6.1fs  %s\n", time.Since(r.Began).Seconds(), fmt.Sprintf(format, args...))
}

// AtEnd remembers what to do at the end of the run, the last first.
func (r *Run) AtEnd(fn func() error) { r.clean = append(r.clean, fn) }

// Folder makes a folder that is removed at the end.
func (r *Run) Folder() (string, error) {
	dir, err := testbed.MakeDir()
	if err != nil {
		return "", err
	}
	r.AtEnd(func() error { return testbed.RemoveDir(dir) })
	return dir, nil
}

// End does what is to be done at the end.
func (r *Run) End() error {
	var errs []error
	for len(r.clean) > 0 {
		last := len(r.clean) - 1
		errs = append(errs, r.clean[last]())
		r.clean = r.clean[:last]
	}
	return errors.Join(errs...)
}

// A Part of a run of B can be asked for by its name.
type Part[B any] struct {
	Name string
	Run  func(B, context.Context) error
}

// Known returns an error if a name is none of a part.
func Known[B any](only []string, parts []Part[B]) error {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.Name
	}
	for _, name := range only {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no part %s, but %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// Wants reports whether a part is part of the run: those that are named, or all.
func Wants(only []string, name string) bool { return len(only) == 0 || slices.Contains(only, name) }

// Built returns the absolute path of the program of ours that is measured: the one that was
// named by a flag, or else the one beside this program.
func Built(named, program string) (string, error) {
	if named == "" {
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		named = filepath.Join(filepath.Dir(self), program)
	}
	if _, err := os.Stat(named); err != nil {
		return "", ui.Hint(err, fmt.Sprintf("make build, or --%s PATH", program))
	}
	return filepath.Abs(named)
}

// Installed returns the absolute path of a program to compare with, which a flag or a
// variable of that name has given as a path or as a name to look for; none stays none.
func Installed(given, variable string) (string, error) {
	if given == "" {
		return "", nil
	}
	path, err := exec.LookPath(given)
	if err != nil {
		return "", ui.Hint(err, fmt.Sprintf("%s=PATH, or --%s PATH", variable, strings.ToLower(variable)))
	}
	return filepath.Abs(path)
}
