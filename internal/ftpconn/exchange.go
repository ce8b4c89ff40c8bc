package ftpconn

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
)

// Window bounds the bytes of the commands in flight, those whose replies have not
// been read yet.
//
// Without such a bound both sides could wait for ever: the server for us to read
// its replies before it reads another command, we for the server to read a command
// before we read another reply. Window is less than what the system buffers for a
// connection to send, so that a write within it never waits for the server to read.
// One command alone may be longer: nothing is in flight then that the server could
// be answering.
const Window = 16 << 10

// A command is one in flight.
type command struct {
	verb     string
	size     int  // bytes that count against Window
	transfer bool // a preliminary reply may come before the last one
}

// Cmd sends one command and returns the reply, whatever it says. A reply of
// 421 is an error: the server is about to close the connection. Nothing else may
// be in flight.
func (c *Conn) Cmd(ctx context.Context, command string) (Reply, error) {
	defer c.raw.closeWhenDone(ctx)()
	reply, err := c.exchange(command)
	if err != nil {
		return Reply{}, failed(ctx, command, err)
	}
	return reply, nil
}

func (c *Conn) exchange(command string) (Reply, error) {
	if err := c.alone(); err != nil {
		return Reply{}, err
	}
	if err := c.send(command); err != nil {
		return Reply{}, err
	}
	return c.receive(c.cfg.MaxReply)
}

// alone checks that the next reply belongs to the next command.
func (c *Conn) alone() error {
	if n := len(c.flight); n > 0 {
		return fmt.Errorf("%d replies must be received first", n)
	}
	return nil
}

// Send sends commands in one write, without waiting for replies: [Conn.Receive]
// then returns one for each, in the same order. A command with a CR, LF or NUL in
// it, and commands that do not fit ([Conn.Fits]), are refused before anything is
// sent.
func (c *Conn) Send(ctx context.Context, commands ...string) error {
	if len(commands) == 0 {
		return nil
	}
	defer c.raw.closeWhenDone(ctx)()
	if err := c.send(commands...); err != nil {
		return failed(ctx, commands[0], err)
	}
	return nil
}

// Fits reports whether commands may be sent now, so that what is in flight stays
// within [Window]. One command may always be sent when nothing is in flight.
func (c *Conn) Fits(commands ...string) bool {
	size := 0
	for _, command := range commands {
		size += wireSize(command)
	}
	return c.fits(len(commands), size)
}

func (c *Conn) fits(commands, size int) bool {
	for _, sent := range c.flight {
		size += sent.size
	}
	return size <= Window || len(c.flight) == 0 && commands == 1
}

// Pending returns the number of commands in flight.
func (c *Conn) Pending() int { return len(c.flight) }

// Ready reports whether the next reply has begun to arrive, so that Receive need
// hardly wait. It does not look further than what was read already: false means
// nothing.
func (c *Conn) Ready() bool { return c.in.Buffered() > 0 }

// Receive returns the reply to the oldest command in flight, whatever it says, if
// it is no longer than max bytes: else the error is a *TooLongError. A reply of 421
// is a *ReplyError, one that cannot belong to the command an *OutOfStepError. After
// any error the connection must be closed.
func (c *Conn) Receive(ctx context.Context, max int) (Reply, error) {
	if len(c.flight) == 0 {
		return Reply{}, errors.New("no command is in flight")
	}
	defer c.raw.closeWhenDone(ctx)()
	verb := c.flight[0].verb
	reply, err := c.receive(max)
	if errors.Is(err, errLongReply) {
		err = &TooLongError{Command: verb, Max: int64(max)}
	}
	if err != nil {
		return Reply{}, failed(ctx, verb, err)
	}
	return reply, nil
}

// send writes commands.
func (c *Conn) send(commands ...string) error {
	if c.broken != nil {
		return c.broken
	}
	var text strings.Builder
	for _, command := range commands {
		if err := sendable(command); err != nil {
			return err
		}
		encode(&text, command)
	}
	if !c.fits(len(commands), text.Len()) {
		return fmt.Errorf("more than %d bytes of commands would be in flight", Window)
	}
	if err := c.unasked(); err != nil {
		return c.breaks(err)
	}
	if _, err := c.stream.Write([]byte(text.String())); err != nil {
		return c.breaks(err)
	}
	for _, sent := range commands {
		c.flight = append(c.flight, command{verb: verb(sent), size: wireSize(sent)})
	}
	return nil
}

func sendable(command string) error {
	if strings.ContainsAny(command, "\r\n\x00") {
		return fmt.Errorf("command %q holds a control character", command)
	}
	return nil
}

// encode writes a command as it is sent. Bytes of 255 are doubled, because the
// control connection is a Telnet one (RFC 959, section 2.3; RFC 854).
func encode(text *strings.Builder, command string) {
	text.WriteString(double255(command))
	text.WriteString("\r\n")
}

func double255(command string) string { return strings.ReplaceAll(command, "\xff", "\xff\xff") }

// wireSize is the number of bytes that encode writes.
func wireSize(command string) int {
	return len(command) + strings.Count(command, "\xff") + len("\r\n")
}

// unasked looks for a reply although nothing is in flight, in what was read already:
// it does not wait for the rest.
func (c *Conn) unasked() error {
	if len(c.flight) > 0 || c.in.Buffered() == 0 {
		return nil
	}
	said, _ := c.in.Peek(c.in.Buffered())
	reply, err := readReply(bufio.NewReader(bytes.NewReader(said)), len(said))
	switch {
	case err != nil:
		return fmt.Errorf("the server says %q, and nobody asked", truncated(string(said)))
	case reply.Code == 421:
		return &ReplyError{Command: "goodbye", Reply: reply}
	}
	return &OutOfStepError{Reply: reply}
}

// receive reads the next reply to the oldest command in flight, which remains
// there after a preliminary one.
func (c *Conn) receive(max int) (Reply, error) {
	if c.broken != nil {
		return Reply{}, c.broken
	}
	sent := &c.flight[0]
	reply, err := readReply(c.in, max)
	preliminary := err == nil && reply.Preliminary() && sent.transfer
	pending := reply.Code == 350 && (sent.verb == "REST" || sent.verb == "RNFR") // RFC 3659, section 5; RFC 959, section 5.4
	if err == nil {
		c.replies++
	}
	switch {
	case err != nil:
		return Reply{}, c.breaks(err)
	case reply.Code == 421:
		return Reply{}, c.breaks(&ReplyError{Command: sent.verb, Reply: reply})
	case !preliminary && !pending && !reply.Positive() && !reply.Negative():
		return Reply{}, c.breaks(&OutOfStepError{Command: sent.verb, Reply: reply})
	case preliminary:
		*sent = command{verb: sent.verb}
	default:
		c.flight = c.flight[1:]
	}
	return reply, nil
}

// breaks notes the error that ends the use of the connection.
func (c *Conn) breaks(err error) error {
	c.broken = err
	return err
}
