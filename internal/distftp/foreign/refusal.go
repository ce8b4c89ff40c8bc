package foreign

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/ftpconn"
)

// A RefusedError says that a server does not do what it was asked for. It wraps the error
// that a file system would have returned, as far as the server's words tell.
type RefusedError struct {
	Server  string // without the password
	Command string // without its argument
	Reply   ftpconn.Reply
	Means   error // one of package fs, package vfs, or [errors.ErrUnsupported]
}

// Error is for operators: it holds the server's words, quoted.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s: %s: the server answers %q", e.Server, e.Command, e.Reply)
}

// Unwrap returns what the refusal means.
func (e *RefusedError) Unwrap() error { return e.Means }

// meanings are words in refusals, the telling ones first.
var meanings = []struct {
	words *regexp.Regexp
	means error
}{
	{regexp.MustCompile(`(?i)no such|not found|does not exist|doesn't exist|cannot find|can't find`), fs.ErrNotExist},
	{regexp.MustCompile(`(?i)not empty`), vfs.ErrNotEmpty},
	{regexp.MustCompile(`(?i)already exists|file exists`), fs.ErrExist},
	{regexp.MustCompile(`(?i)not a directory`), vfs.ErrNotDir},
	{regexp.MustCompile(`(?i)no space|disk full|quota`), vfs.ErrSpace},
	{regexp.MustCompile(`(?i)denied|not permitted|not allowed|forbidden|read.only|prohibited`), fs.ErrPermission},
}

// refusal makes an error of a reply. What it means where neither code nor words tell is
// the caller's guess.
func (c *Conn) refusal(command string, reply ftpconn.Reply, guess error) error {
	return &RefusedError{Server: c.pool.Server().String(), Command: command, Reply: reply, Means: meaning(reply, guess)}
}

func meaning(reply ftpconn.Reply, guess error) error {
	switch reply.Code {
	case 500, 502, 504:
		return errors.ErrUnsupported
	case 452, 552:
		return vfs.ErrSpace
	case 530, 532:
		return fs.ErrPermission
	}
	text := reply.Text()
	for _, m := range meanings {
		if m.words.MatchString(text) {
			return m.means
		}
	}
	return guess
}
