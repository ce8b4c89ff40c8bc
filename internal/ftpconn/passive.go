package ftpconn

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Passive returns the command that asks for a data connection: EPSV, or PASV once
// the server has refused EPSV. Its reply is read by [Conn.ReceivePassive].
func (c *Conn) Passive() string {
	if c.noEPSV {
		return "PASV"
	}
	return "EPSV"
}

// ReceivePassive reads the reply to the command of [Conn.Passive], which must be
// the only one in flight, and returns the address for [Conn.OpenAt]: a port of the
// host to which the control connection goes, whatever the reply names. Where EPSV
// is refused it asks with PASV. A server that gives no data connections is of no
// use, so that its refusal is an error of the connection.
func (c *Conn) ReceivePassive(ctx context.Context) (addr string, err error) {
	defer c.raw.closeWhenDone(ctx)()
	asked := c.Passive()
	if addr, err = c.receivePassive(); err != nil {
		return "", failed(ctx, asked, err)
	}
	return addr, nil
}

func (c *Conn) receivePassive() (addr string, err error) {
	if len(c.flight) != 1 || c.flight[0].verb != c.Passive() {
		return "", fmt.Errorf("%s must be the only command in flight", c.Passive())
	}
	reply, err := c.receive(c.cfg.MaxReply)
	if err == nil && !c.noEPSV && reply.Negative() {
		c.noEPSV = true
		reply, err = c.exchange("PASV")
	}
	if err != nil {
		return "", err
	}
	port, err := c.parsePassive(reply)
	if err != nil {
		return "", c.breaks(err)
	}
	return net.JoinHostPort(c.host, port), nil
}

func (c *Conn) parsePassive(reply Reply) (port string, err error) {
	switch {
	case !c.noEPSV && reply.Code == 229:
		return parseEPSV(reply.Text())
	case c.noEPSV && reply.Code == 227:
		return parsePASV(reply.Text())
	case reply.Negative():
		return "", fmt.Errorf("the server gives no data connection: %q", reply)
	}
	return "", &OutOfStepError{Command: c.Passive(), Reply: reply}
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
