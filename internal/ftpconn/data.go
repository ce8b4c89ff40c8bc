package ftpconn

import (
	"bytes"
	"context"
	"fmt"
	"io"
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
		return nil, Reply{}, c.failed(ctx, command, err)
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
	if err := c.send(command); err != nil {
		return nil, Reply{}, err
	}
	first, err := c.reply(command)
	if err != nil {
		return nil, Reply{}, err
	}
	if !first.Preliminary() && !first.Positive() {
		return nil, Reply{}, &ReplyError{Command: verb(command), Reply: first}
	}
	var text bytes.Buffer
	n, err := text.ReadFrom(io.LimitReader(data, max+1))
	if err != nil {
		return nil, Reply{}, fmt.Errorf("data connection: %w", err)
	}
	if n > max {
		return nil, Reply{}, &TooLongError{Command: verb(command), Max: max}
	}
	data.Close()
	last := first
	if first.Preliminary() {
		if last, err = c.reply(command); err != nil {
			return nil, Reply{}, err
		}
	}
	if !last.Positive() {
		return nil, Reply{}, &ReplyError{Command: verb(command), Reply: last}
	}
	return text.Bytes(), last, nil
}

// passive asks for a data connection and returns the address to dial: a port
// of the host to which the control connection goes.
func (c *Conn) passive() (addr string, err error) {
	if !c.noEPSV {
		reply, err := c.exchange("EPSV")
		if err != nil {
			return "", err
		}
		if reply.Code == 229 {
			port, err := parseEPSV(reply.Text())
			return net.JoinHostPort(c.host, port), err
		}
		c.noEPSV = true
	}
	reply, err := c.exchange("PASV")
	if err != nil {
		return "", err
	}
	if reply.Code != 227 {
		return "", &ReplyError{Command: "PASV", Reply: reply}
	}
	port, err := parsePASV(reply.Text())
	return net.JoinHostPort(c.host, port), err
}

func (c *Conn) exchange(command string) (Reply, error) {
	if err := c.send(command); err != nil {
		return Reply{}, err
	}
	return c.reply(command)
}

// parseEPSV returns the port in "Entering Extended Passive Mode (|||6446|)"
// (RFC 2428, section 3). The delimiter may be any character.
func parseEPSV(text string) (port string, err error) {
	_, rest, ok := strings.Cut(text, "(")
	inner, _, closed := strings.Cut(rest, ")")
	if ok && closed && len(inner) > 5 {
		delimiter := inner[:1]
		if fields := strings.Split(inner, delimiter); len(fields) == 5 {
			if _, err := parsePort(fields[3], ""); err == nil {
				return fields[3], nil
			}
		}
	}
	return "", fmt.Errorf("EPSV: the server answers %q, which names no port", truncated(text))
}

// parsePASV returns the port in "Entering Passive Mode (h1,h2,h3,h4,p1,p2)".
// RFC 1123, section 4.1.2.6: the parentheses may be missing, so it looks for
// six numbers with commas between them.
func parsePASV(text string) (port string, err error) {
	digitsAndCommas := func(r rune) bool { return r != ',' && (r < '0' || r > '9') }
	for _, field := range strings.FieldsFunc(text, digitsAndCommas) {
		if numbers := strings.Split(field, ","); len(numbers) == 6 {
			if port, err := parsePort(numbers[5], numbers[4]); err == nil {
				return port, nil
			}
		}
	}
	return "", fmt.Errorf("PASV: the server answers %q, which names no port", truncated(text))
}

func parsePort(low, high string) (string, error) {
	n, err := strconv.ParseUint(low, 10, 16)
	if err == nil && high != "" {
		var h uint64
		h, err = strconv.ParseUint(high, 10, 8)
		if n > 255 {
			err = strconv.ErrRange
		}
		n += h << 8
	}
	if err != nil || n == 0 {
		return "", fmt.Errorf("no port in %q %q", high, low)
	}
	return strconv.FormatUint(n, 10), nil
}
