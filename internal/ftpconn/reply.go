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

// Text returns the reply's lines as one, to look into it.
func (r Reply) Text() string {
	lines := make([]string, len(r.Lines))
	for i, line := range r.Lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "; ")
}

// String returns the reply in one line that is not too long for a message.
func (r Reply) String() string {
	return truncated(strings.TrimSpace(strconv.Itoa(r.Code) + " " + r.Text()))
}

// Preliminary reports a 1yz reply: another one will follow.
func (r Reply) Preliminary() bool { return r.Code/100 == 1 }

// Positive reports a 2yz reply.
func (r Reply) Positive() bool { return r.Code/100 == 2 }

// Negative reports a 4yz or 5yz reply: the command was not carried out.
func (r Reply) Negative() bool { return r.Code >= 400 }

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

// Cmd sends one command and returns the reply, whatever it says. A reply of
// 421 is an error: the server is about to close the connection.
func (c *Conn) Cmd(ctx context.Context, command string) (Reply, error) {
	defer c.raw.closeWhenDone(ctx)()
	reply, err := c.exchange(command)
	if err == nil && !reply.Positive() && !reply.Negative() {
		err = fmt.Errorf("the server answers %q, which cannot follow", reply)
	}
	if err != nil {
		return Reply{}, failed(ctx, command, err)
	}
	return reply, nil
}

func (c *Conn) exchange(command string) (Reply, error) {
	if err := c.send(command); err != nil {
		return Reply{}, err
	}
	return c.reply(command)
}

// failed puts the command before an error that does not name it, and the end of
// ctx in the place of the closed connection that followed from it.
func failed(ctx context.Context, command string, err error) error {
	switch err.(type) {
	case *ReplyError, *TooLongError:
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

// reply reads the reply to a command.
func (c *Conn) reply(command string) (Reply, error) {
	reply, err := readReply(c.in, c.cfg.MaxReply)
	if err == nil && reply.Code == 421 {
		err = &ReplyError{Command: verb(command), Reply: reply}
	}
	return reply, err
}

// readReply reads a reply of no more than max bytes.
func readReply(in *bufio.Reader, max int) (Reply, error) {
	budget := max
	line, err := readLine(in, &budget)
	if err != nil {
		return Reply{}, err
	}
	code, more, ok := parseCode(line)
	if !ok {
		return Reply{}, fmt.Errorf("the server answers %q, which is no reply", truncated(line))
	}
	r := Reply{Code: code, Lines: []string{afterCode(line)}}
	for end := line[:3] + " "; more; {
		if line, err = readLine(in, &budget); err != nil {
			return Reply{}, err
		}
		// The last line of a long reply begins with the same code and a
		// blank; the lines between may begin with anything else.
		if more = !strings.HasPrefix(line+" ", end); !more {
			line = afterCode(line)
		}
		r.Lines = append(r.Lines, line)
	}
	return r, nil
}

func afterCode(line string) string { return line[min(4, len(line)):] }

// parseCode reads the beginning of a reply's first line, and whether more lines
// will follow.
func parseCode(line string) (code int, more, ok bool) {
	code, err := strconv.Atoi(line[:min(3, len(line))])
	rest := line[min(3, len(line)):]
	more = strings.HasPrefix(rest, "-")
	ok = err == nil && code >= 100 && code <= 599 && (rest == "" || more || rest[0] == ' ')
	return code, more, ok
}

// readLine reads one line without its end, taking its length from the budget.
func readLine(in *bufio.Reader, budget *int) (string, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if *budget -= len(part); *budget < 0 {
			return "", errLongReply
		}
		line = append(line, part...)
		switch err {
		case nil:
			return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
		case io.EOF:
			return "", io.ErrUnexpectedEOF
		case bufio.ErrBufferFull:
		default:
			return "", err
		}
	}
}

// errLongReply says that a reply passes Config.MaxReply.
var errLongReply = errors.New("the server's reply is too long")

func truncated(line string) string {
	if len(line) > 200 {
		return line[:200] + "..."
	}
	return line
}
