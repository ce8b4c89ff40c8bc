package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/human"
	"mirrortracker/internal/listing"
)

// firewall is the remedy where data connections do not come about.
const firewall = "let in the TCP ports of passive.ports, and have an address translation hand them on, with the same numbers"

// ask has the server wait for a data connection, and returns where.
func (c *call) ask(ctx context.Context, command string) (netip.AddrPort, error) {
	reply, err := c.conn.Cmd(ctx, command)
	switch {
	case err != nil:
		return netip.AddrPort{}, err
	case !reply.Positive():
		return netip.AddrPort{}, fmt.Errorf("the server answers %q", reply)
	}
	text := reply.Text()
	if command == "PASV" {
		addr, err := data.ParsePort(hostPort(text))
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("no address in %q", reply)
		}
		return addr, nil
	}
	_, rest, _ := strings.Cut(text, "(|||")
	digits, _, _ := strings.Cut(rest, "|)")
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("no port in %q", reply)
	}
	return netip.AddrPortFrom(c.to, uint16(port)), nil
}

// hostPort finds the six numbers in a reply to PASV (RFC 1123, 4.1.2.6).
func hostPort(text string) string {
	begin := strings.IndexAny(text, "0123456789")
	if begin < 0 {
		return ""
	}
	end := strings.IndexFunc(text[begin:], func(r rune) bool { return (r < '0' || r > '9') && r != ',' })
	if end < 0 {
		return text[begin:]
	}
	return text[begin : begin+end]
}

// transfer asks for a data connection, makes it, and returns what a command sends there,
// or the beginning of it. Before goes before that command, if it is not empty.
func (c *call) transfer(ctx context.Context, passive, before, command string) (at netip.AddrPort, text []byte, err error) {
	if at, err = c.ask(ctx, passive); err != nil {
		return at, nil, err
	}
	if before != "" {
		reply, err := c.conn.Cmd(ctx, before)
		if err == nil && reply.Negative() {
			err = fmt.Errorf("%s: the server answers %q", before, reply)
		}
		if err != nil {
			return at, nil, err
		}
	}
	conn, err := c.connection(ctx, "tcp", at.String())
	if err != nil {
		_, aborted := c.conn.Cmd(ctx, "ABOR") // so that the port is given back
		return at, nil, errors.Join(&dataError{err}, aborted)
	}
	c.data = conn
	t, err := c.conn.OpenAt(ctx, at.String(), command)
	if err != nil {
		return at, nil, err
	}
	text, err = io.ReadAll(io.LimitReader(t, sample))
	reply, closed := t.Close()
	if len(text) == sample {
		return at, text, err // whatever is said about what was broken off
	}
	if err = errors.Join(err, closed); err == nil && !reply.Positive() {
		err = fmt.Errorf("the server answers %q", reply)
	}
	return at, text, err
}

// A dataError says that a data connection did not come about.
type dataError struct{ error }

func (e *dataError) Unwrap() error { return e.error }

// passive looks at the address that PASV announces.
func (c *call) passive(ctx context.Context) {
	if !c.to.Is4() {
		return
	}
	at, _, err := c.transfer(ctx, "PASV", "", "MLSD")
	if !at.IsValid() {
		c.Bad(c.check("PASV"), "the server's log says why", "%v", err)
		return
	}
	c.judge(at.Addr(), err)
}

// judge says what is to be thought of the address that the server says, and of what came
// of connecting there.
func (c *call) judge(said netip.Addr, err error) {
	check := c.check("PASV")
	set := `set passive.external_ipv4 = "` + c.to.String() + `"`
	reach := (*dataError)(nil)
	unreached := errors.As(err, &reach)
	switch {
	case said == c.to && err == nil:
		c.Good(check, "announces the address of the control connection")
	case said == c.to:
		c.Bad(check, dataRemedy(err), "%v", err)
	case said.IsUnspecified(), private(said) && !private(c.to), said.IsLoopback() != c.to.IsLoopback() && !c.Inside:
		c.Bad(check, set, "announces %s, which clients elsewhere cannot reach", said)
	case unreached && c.Inside:
		c.Doubt(check, "see from outside: ftpd doctor --connect HOST:PORT", "announces %s, which cannot be reached from here; that may be normal behind an address translation", said)
	case unreached:
		c.Bad(check, set+", or "+firewall, "announces %s, which cannot be reached: %v", said, err)
	case c.Inside:
		c.Good(check, "announces %s", said)
	default:
		c.Doubt(check, set, "announces %s, another address than that of the control connection; many clients ignore it", said)
	}
}

// private reports whether an address means different machines in different places.
func private(addr netip.Addr) bool {
	return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || shared.Contains(addr)
}

// shared is for address translation at providers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// sample is how much is read of listings and files, in bytes.
const sample = 1 << 20

// listing fetches a listing, and the end of a file in it.
func (c *call) listing(ctx context.Context) {
	check := c.check("MLSD")
	_, text, err := c.transfer(ctx, "EPSV", "", "MLSD")
	if err != nil {
		c.Bad(check, dataRemedy(err), "%v", err)
		return
	}
	entries, err := listing.ParseMLSD(text)
	if err != nil {
		c.Doubt(check, "", "a listing that is hard to understand: %v", err)
	} else {
		c.Good(check, "%s", human.Plural(int64(len(entries.Entries)), "entry", "entries"))
	}
	for _, e := range entries.Entries {
		if e.Kind == digest.File && e.Size > 1 {
			c.resume(ctx, e.Name, e.Size)
			return
		}
	}
}

// resume fetches the last byte of a file.
func (c *call) resume(ctx context.Context, name string, size int64) {
	check := c.check("REST")
	_, text, err := c.transfer(ctx, "EPSV", "REST "+strconv.FormatInt(size-1, 10), "RETR "+name)
	switch {
	case err != nil:
		c.Bad(check, dataRemedy(err), "fetching the end of %q: %v", name, err)
	case len(text) != 1:
		c.Bad(check, "downloads cannot be resumed", "the end of %q has %d bytes in place of one", name, len(text))
	default:
		c.Good(check, "fetched the end of %q", name)
	}
}

func dataRemedy(err error) string {
	if reach := (*dataError)(nil); errors.As(err, &reach) {
		return firewall
	}
	return "the server's log says why"
}

// ports makes data connections, as each comes to another port. A few that fail are enough
// to know.
func (c *call) ports(ctx context.Context) {
	check := c.check("data ports")
	var failed []string
	var why error
	tried := 0
	for tried < c.Connections && len(failed) < 3 {
		tried++
		at, _, err := c.transfer(ctx, "EPSV", "", "NLST")
		if err == nil {
			continue
		}
		failed, why = append(failed, strconv.Itoa(int(at.Port()))), err
		if reach := (*dataError)(nil); !errors.As(err, &reach) {
			break // the control connection may be of no use any more
		}
	}
	if failed == nil {
		c.Good(check, "%d tried, all can be reached", tried)
		return
	}
	c.Bad(check, dataRemedy(why), "of %d tried, %s could not be used: %v", tried, strings.Join(failed, ", "), why)
}
