package ftpconn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A Reply is what a server answers on the control connection (RFC 959, section 4.2).
type Reply struct {
	Code  int      // three digits
	Lines []string // without the code of the first and last line
}

// Text returns the reply's lines as one, for messages and for looking into it.
func (r Reply) Text() string {
	lines := make([]string, len(r.Lines))
	for i, line := range r.Lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "; ")
}

// Preliminary reports a 1yz reply: another one will follow.
func (r Reply) Preliminary() bool { return r.Code/100 == 1 }

// Positive reports a 2yz reply.
func (r Reply) Positive() bool { return r.Code/100 == 2 }

// A ReplyError is a reply that says no to a command.
type ReplyError struct {
	Command string
	Reply   Reply
}

func (e *ReplyError) Error() string {
	return fmt.Sprintf("%s: the server answers %q", e.Command, strings.TrimSpace(strconv.Itoa(e.Reply.Code)+" "+e.Reply.Text()))
}

// Lost reports whether the reply says that the connection, for control or for
// data, is of no use any more: 421, 425 and 426 (RFC 959, section 4.2.2).
func (e *ReplyError) Lost() bool {
	return e.Reply.Code == 421 || e.Reply.Code == 425 || e.Reply.Code == 426
}

// Cmd sends one command and returns the reply, whatever it says. A reply of
// 421 is an error: the server is about to close the connection.
func (c *Conn) Cmd(ctx context.Context, command string) (Reply, error) {
	defer c.raw.closeWhenDone(ctx)()
	if err := c.send(command); err != nil {
		return Reply{}, c.failed(ctx, command, err)
	}
	reply, err := c.reply(command)
	if err != nil {
		return Reply{}, c.failed(ctx, command, err)
	}
	return reply, nil
}

// failed puts the command before an error, and the end of ctx in the place of
// the closed connection that followed from it.
func (c *Conn) failed(ctx context.Context, command string, err error) error {
	var no *ReplyError
	if errors.As(err, &no) {
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

// send writes a command. Bytes of 255 are doubled, because the control
// connection is a Telnet one (RFC 959, section 2.3; RFC 854).
func (c *Conn) send(command string) error {
	if strings.ContainsAny(command, "\r\n\x00") {
		return fmt.Errorf("command %q holds a control character", command)
	}
	_, err := c.raw.Write([]byte(strings.ReplaceAll(command, "\xff", "\xff\xff") + "\r\n"))
	return err
}

// reply reads the reply to a command, of no more than MaxReply bytes.
func (c *Conn) reply(command string) (Reply, error) {
	budget := c.cfg.MaxReply
	line, err := c.line(&budget)
	if err != nil {
		return Reply{}, err
	}
	code, more, err := parseCode(line)
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Code: code, Lines: []string{line[min(4, len(line)):]}}
	for end := line[:3] + " "; more; {
		if line, err = c.line(&budget); err != nil {
			return Reply{}, err
		}
		// The last line of a long reply begins with the same code and a
		// blank; the lines between may begin with anything else.
		if more = !strings.HasPrefix(line+" ", end); !more {
			line = line[min(4, len(line)):]
		}
		r.Lines = append(r.Lines, line)
	}
	if code == 421 {
		return Reply{}, &ReplyError{Command: verb(command), Reply: r}
	}
	return r, nil
}

func parseCode(line string) (code int, more bool, err error) {
	if len(line) >= 3 {
		code, err = strconv.Atoi(line[:3])
	}
	if err != nil || code < 100 || code > 599 || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
		return 0, false, fmt.Errorf("the server answers %q, which is no reply", truncated(line))
	}
	return code, len(line) > 3 && line[3] == '-', nil
}

// line reads one line without its end, taking its length from the budget.
func (c *Conn) line(budget *int) (string, error) {
	var line []byte
	for {
		part, err := c.in.ReadSlice('\n')
		if *budget -= len(part); *budget < 0 {
			return "", fmt.Errorf("a reply is longer than %d bytes", c.cfg.MaxReply)
		}
		line = append(line, part...)
		if err == nil {
			return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
		}
		if err == io.EOF {
			return "", io.ErrUnexpectedEOF
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", err
		}
	}
}

func truncated(line string) string {
	if len(line) > 200 {
		return line[:200] + "..."
	}
	return line
}
