package ui

import (
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// An Env is the world that a program sees.
type Env struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(key string) string

	Environ []string // all of the environment, as os.Environ has it; nil where only Getenv counts

	OutTerm bool // whether Stdout is a terminal
	ErrTerm bool // whether Stderr is

	OutWidth int // columns of the terminal that Stdout is, 0 if they are not known

	console *console
	hangups chan os.Signal // SIGHUPs that end the program; nil if none do
}

// OSEnv returns the world of this process.
func OSEnv() *Env {
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		width = 0
	}
	return &Env{
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Getenv:  os.Getenv,
		Environ: os.Environ(),
		OutTerm: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerm: term.IsTerminal(int(os.Stderr.Fd())),

		OutWidth: width,
	}
}

// Colour reports whether a stream, which is a terminal or not, may be coloured.
func (e *Env) colour(terminal bool) bool {
	return terminal && e.Getenv("NO_COLOR") == "" && e.Getenv("TERM") != "dumb"
}

// A console is where logs go: standard error, or what is drawn there.
type console struct {
	mu sync.Mutex
	to io.Writer
}

// Write writes to wherever it goes at the moment.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.to.Write(p)
}

// redirect changes where it goes.
func (c *console) redirect(to io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to = to
}

// Console returns the writer for logs.
func (e *Env) Console() io.Writer { return e.theConsole() }

func (e *Env) theConsole() *console {
	if e.console == nil {
		e.console = &console{to: e.Stderr}
	}
	return e.console
}
