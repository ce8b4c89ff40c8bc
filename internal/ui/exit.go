package ui

import (
	"errors"
	"fmt"
	"io"
)

// An Exit is a program's exit code.
type Exit int

// The exit codes of all programs.
const (
	Done       Exit = 0
	Failed     Exit = 1
	Wrong      Exit = 2 // the command was not understood
	Incomplete Exit = 3 // all was done, but some directories are incomplete
	Suspect    Exit = 4 // all was done, but what was found is so little that it was set aside
)

// An exitError ends a program with a code. Without an error in it, all that there
// is to say has been said.
type exitError struct {
	code Exit
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// ErrIncomplete ends a program with the code for that and without a message.
var ErrIncomplete error = &exitError{code: Incomplete}

// ErrSuspect ends a program with the code for that and without a message.
var ErrSuspect error = &exitError{code: Suspect}

// ErrFailed ends a program as failed, without a message: there was one.
var ErrFailed error = &exitError{code: Failed}

// Misuse says that the command was wrong.
func Misuse(format string, args ...any) error {
	return &exitError{code: Wrong, err: fmt.Errorf(format, args...)}
}

// ErrDiffers ends a program that was asked to tell by its code that things
// differ, without a message.
var ErrDiffers error = &exitError{code: Failed}

// A hintError is an error that says what could be done about it.
type hintError struct {
	error
	hints []string
}

func (e *hintError) Unwrap() error { return e.error }

// Hint adds to an error what could be done about it.
func Hint(err error, hints ...string) error { return &hintError{err, hints} }

// Report writes an error and its hints, and returns the exit code.
func (e *Env) Report(program string, err error) Exit {
	if err == nil {
		return Done
	}
	code := Failed
	if exit := (*exitError)(nil); errors.As(err, &exit) {
		if code = exit.code; exit.err == nil {
			return code
		}
	}
	fmt.Fprintf(e.Console(), "%s: %v\n", program, err)
	for hinted := (*hintError)(nil); errors.As(err, &hinted); err = hinted.error {
		for _, h := range hinted.hints {
			fmt.Fprintf(e.Console(), "hint: %s\n", h)
		}
	}
	return code
}

// A Sticky writer remembers its first error and writes nothing after it.
type Sticky struct {
	To  io.Writer
	Err error
}

// Write implements [io.Writer].
func (s *Sticky) Write(p []byte) (n int, err error) {
	if s.Err != nil {
		return 0, s.Err
	}
	n, s.Err = s.To.Write(p)
	return n, s.Err
}
