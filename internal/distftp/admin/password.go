package admin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/ui"
)

// newPassword reads a password for a user and returns its hash. On a terminal it is asked
// for twice, and not shown; otherwise it is the first line of standard input. It is never
// an argument, which others on the machine could see.
func (a *App) newPassword(name string) (string, error) {
	read := a.pipedPassword
	if f, ok := a.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		read = func() (string, error) { return a.typedPassword(int(f.Fd()), name) }
	}
	password, err := read()
	if err != nil {
		return "", fmt.Errorf("password of user %s: %w", name, err)
	}
	return a.Hasher().Hash(a, password)
}

// Password reads the password with which to log in as a user: from the terminal, or the
// first line of standard input.
func (a *App) Password(name string) (string, error) {
	read := a.pipedPassword
	if f, ok := a.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		read = func() (string, error) { return a.ask(int(f.Fd()), "password of user "+name+": ") }
	}
	password, err := read()
	if err != nil {
		return "", fmt.Errorf("password of user %s: %w", name, err)
	}
	return password, nil
}

func (a *App) typedPassword(terminal int, name string) (string, error) {
	first, err := a.ask(terminal, "password of user "+name+": ")
	if err != nil {
		return "", err
	}
	if err := account.ValidPassword(first); err != nil {
		return "", err
	}
	second, err := a.ask(terminal, "once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two are not the same")
	}
	return first, nil
}

// ask reads a line that is not shown. If the program is told to end meanwhile, the
// terminal shows again what is typed.
func (a *App) ask(terminal int, question string) (string, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	type answer struct {
		line []byte
		err  error
	}
	answered := make(chan answer, 1)
	fmt.Fprint(a.Console(), question)
	defer fmt.Fprintln(a.Console())
	go func() {
		line, err := term.ReadPassword(terminal)
		answered <- answer{line, err}
	}()
	select {
	case got := <-answered:
		return string(got.line), got.err
	case <-a.Done():
		return "", errors.Join(a.Err(), term.Restore(terminal, before))
	}
}

// pipedPassword reads the first line of standard input.
func (a *App) pipedPassword() (string, error) {
	text, err := io.ReadAll(io.LimitReader(a.Stdin, account.MaxPassword+2))
	if err != nil {
		return "", err
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	password := strings.TrimSuffix(string(line), "\r")
	if password == "" {
		return "", ui.Hint(errors.New("standard input has none"), "it is the first line there, or is asked for on a terminal")
	}
	return password, nil
}
