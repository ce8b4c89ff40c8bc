package ftpconn

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
)

// A TooLongError says that a transfer was given up because it was longer than
// allowed. The connection is of no use after it.
type TooLongError struct {
	Command string
	Max     int64 // bytes
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("%s: the server sends more than %d bytes", e.Command, e.Max)
}

// Fetch sends a command whose answer comes over a data connection, reads at
// most max bytes of it, and returns them with the reply that ended the transfer.
//
// A *ReplyError says that the server refused, a *TooLongError that there was
// more; after any other error, and after a ReplyError that is Lost, the
// connection must be closed.
func (c *Conn) Fetch(ctx context.Context, command string, max int64) ([]byte, Reply, error) {
	defer c.raw.closeWhenDone(ctx)()
	text, reply, err := c.fetch(ctx, command, max)
	if err != nil {
		return nil, Reply{}, failed(ctx, command, err)
	}
	return text, reply, nil
}

func (c *Conn) fetch(ctx context.Context, command string, max int64) ([]byte, Reply, error) {
	addr, err := c.passive()
	if err != nil {
		return nil, Reply{}, err
	}
	data, err := c.dial(ctx, addr)
	if err != nil {
		return nil, Reply{}, fmt.Errorf("data connection: %w", err)
	}
	defer data.Close()
	defer data.closeWhenDone(ctx)()
	first, err := c.exchange(command)
	if err != nil {
		return nil, Reply{}, err
	}
	if !first.Preliminary() {
		if err := ended(command, first); err != nil {
			return nil, Reply{}, err
		}
	}
	var text bytes.Buffer
	n, err := text.ReadFrom(io.LimitReader(data, min(max, math.MaxInt64-1)+1))
	if err != nil {
		return nil, Reply{}, fmt.Errorf("data connection: %w", err)
	}
	if n > max {
		return nil, Reply{}, &TooLongError{Command: verb(command), Max: max}
	}
	// proftpd says no more until its end of the data connection sees this.
	data.Close()
	last := first
	if first.Preliminary() {
		if last, err = c.reply(command); err != nil {
			return nil, Reply{}, err
		}
		if err := ended(command, last); err != nil {
			return nil, Reply{}, err
		}
	}
	return text.Bytes(), last, nil
}

// ended judges the reply that ends a transfer: done, refused, or none that
// could stand there, so that it must be the reply to something else.
func ended(command string, reply Reply) error {
	switch {
	case reply.Positive():
		return nil
	case reply.Negative():
		return &ReplyError{Command: verb(command), Reply: reply}
	}
	return misplaced(command, reply)
}

// passive asks for a data connection and returns the address to dial: a port
// of the host to which the control connection goes. A server that gives none is
// of no use, so that its refusal is an error of the connection.
func (c *Conn) passive() (addr string, err error) {
	if !c.noEPSV {
		reply, err := c.exchange("EPSV")
		switch {
		case err != nil:
			return "", err
		case reply.Code == 229:
			port, err := parseEPSV(reply.Text())
			return net.JoinHostPort(c.host, port), err
		case !reply.Negative():
			return "", misplaced("EPSV", reply)
		}
		c.noEPSV = true
	}
	reply, err := c.exchange("PASV")
	switch {
	case err != nil:
		return "", err
	case reply.Code == 227:
		port, err := parsePASV(reply.Text())
		return net.JoinHostPort(c.host, port), err
	}
	return "", misplaced("PASV", reply)
}

func misplaced(command string, reply Reply) error {
	return fmt.Errorf("the server answers %s with %q", verb(command), reply)
}

// parseEPSV returns the port in "Entering Extended Passive Mode (|||6446|)"
// (RFC 2428, section 3). The delimiter may be any character.
func parseEPSV(text string) (port string, err error) {
	_, rest, _ := strings.Cut(text, "(")
	inner, _, closed := strings.Cut(rest, ")")
	if closed && inner != "" {
		if fields := strings.Split(inner, inner[:1]); len(fields) == 5 {
			if n, err := strconv.ParseUint(fields[3], 10, 16); err == nil && n != 0 {
				return strconv.FormatUint(n, 10), nil
			}
		}
	}
	return "", fmt.Errorf("the server answers EPSV with %q, which names no port", truncated(text))
}

// parsePASV returns the port in "Entering Passive Mode (h1,h2,h3,h4,p1,p2)".
// RFC 1123, section 4.1.2.6: the parentheses may be missing, so it looks for
// six numbers with commas between them.
func parsePASV(text string) (port string, err error) {
	isOther := func(r rune) bool { return r != ',' && (r < '0' || r > '9') }
	for _, field := range strings.FieldsFunc(text, isOther) {
		numbers := strings.Split(strings.Trim(field, ","), ",")
		if len(numbers) != 6 {
			continue
		}
		high, errHigh := strconv.ParseUint(numbers[4], 10, 8)
		low, errLow := strconv.ParseUint(numbers[5], 10, 8)
		if n := high<<8 | low; errHigh == nil && errLow == nil && n != 0 {
			return strconv.FormatUint(n, 10), nil
		}
	}
	return "", fmt.Errorf("the server answers PASV with %q, which names no port", truncated(text))
}
