package ftpconn

import (
	"context"
	"fmt"
	"strings"
)

// A ReplyError is a reply that says no to a command.
type ReplyError struct {
	Command string // without its argument
	Reply   Reply
}

func (e *ReplyError) Error() string {
	return fmt.Sprintf("%s: the server answers %q", e.Command, e.Reply)
}

// Lost reports whether the reply says that the connection, for control or for
// data, is of no use any more: 421, 425, 426, and 530 for a session that is not
// logged in any longer (RFC 959, section 4.2.2).
func (e *ReplyError) Lost() bool {
	switch e.Reply.Code {
	case 421, 425, 426, 530:
		return true
	}
	return false
}

// A TooLongError says that a transfer or a reply was given up because it was
// longer than allowed. The connection is of no use after it.
type TooLongError struct {
	Command string // without its argument
	Max     int64  // bytes
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("%s: the server sends more than %d bytes", e.Command, e.Max)
}

// An OutOfStepError is a reply that cannot belong to the command before it, or
// that no command was before. Nothing after it can be believed: the connection is
// of no use.
type OutOfStepError struct {
	Command string // without its argument; "" for a reply that nothing has asked for
	Reply   Reply
}

func (e *OutOfStepError) Error() string {
	if e.Command == "" {
		return fmt.Sprintf("the server says %q, and nobody asked", e.Reply)
	}
	return fmt.Sprintf("%s: the server answers %q, which cannot be the reply to it", e.Command, e.Reply)
}

// failed puts the command before an error that does not name it, and the end of
// ctx in the place of the closed connection that followed from it.
func failed(ctx context.Context, command string, err error) error {
	switch err.(type) {
	case *ReplyError, *TooLongError, *OutOfStepError:
		return err
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fmt.Errorf("%s: %w", verb(command), err)
}

func verb(command string) string {
	v, _, _ := strings.Cut(command, " ")
	return v
}
