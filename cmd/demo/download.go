package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"strings"
)

// A client speaks FTP with the origin.
type client struct {
	*textproto.Conn
	host string
}

// login connects to a server.
func login(ctx context.Context, addr, user, password string) (*client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(addr)
	c := &client{textproto.NewConn(conn), host}
	if err == nil {
		_, _, err = c.ReadResponse(220)
	}
	err = errs(err, c.say(331, "USER "+user), c.say(230, "PASS "+password), c.say(200, "TYPE I"))
	if err != nil {
		conn.Close()
	}
	return c, err
}

// ask sends a command, which must be answered with a code, and returns the answer.
func (c *client) ask(code int, command string) (string, error) {
	if err := c.PrintfLine("%s", command); err != nil {
		return "", err
	}
	_, text, err := c.ReadResponse(code)
	if err != nil {
		return "", fmt.Errorf("%s: %w", command, err)
	}
	return text, nil
}

func (c *client) say(code int, command string) error {
	_, err := c.ask(code, command)
	return err
}

// await repeats a command until it is answered well.
func (c *client) await(ctx context.Context, command string) error {
	return await(ctx, command, func() error { return c.say(250, command) })
}

// A way is how a client has a data connection opened, and where the bytes must come from.
type way struct {
	command string // PASV or EPSV
	from    string // a host
	why     string
}

// ways to fetch the newest release.
var ways = []way{
	{"PASV", holders[0].host, "the answer names the slave that has the file, and the client goes there: the master has nothing to do with the bytes."},
	{"EPSV", masterHost, "the answer can name no host, so the client comes to the master, which passes on what the slave sends."},
}

// download fetches a file of the origin, shows where the bytes came from, and checks it.
func (d *demo) download(ctx context.Context, addr, path string, w way) error {
	c, err := login(ctx, addr, "anonymous", "demo")
	if err != nil {
		return err
	}
	defer c.Close()
	size, err := c.ask(213, "SIZE "+path)
	if err != nil {
		return err
	}
	answer, err := c.ask(2, w.command)
	if err != nil {
		return err
	}
	to, err := c.address(answer)
	if err != nil {
		return err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := c.say(150, "RETR "+path); err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, conn)
	if err != nil {
		return err
	}
	if _, _, err := c.ReadResponse(226); err != nil {
		return err
	}
	who := "the master"
	for _, h := range holders {
		if h.host == to.Addr().String() {
			who = "slave " + h.name
		}
	}
	fmt.Fprintf(d.out, "  %s, RETR %s\n    %d bytes from %v, %s\n    why: %s\n\n", w.command, path, n, to.Addr(), who, w.why)
	if fmt.Sprint(n) != size || to.Addr().String() != w.from {
		return fmt.Errorf("want %s bytes from %s", size, w.from)
	}
	return nil
}

// address reads where the answer to PASV or EPSV sends the client (RFC 959, RFC 2428).
func (c *client) address(answer string) (netip.AddrPort, error) {
	_, inner, _ := strings.Cut(answer, "(")
	var h [4]byte
	var high, low uint16
	if _, err := fmt.Sscanf(inner, "%d,%d,%d,%d,%d,%d", &h[0], &h[1], &h[2], &h[3], &high, &low); err == nil {
		return netip.AddrPortFrom(netip.AddrFrom4(h), high<<8|low), nil
	}
	var port uint16
	if _, err := fmt.Sscanf(inner, "|||%d|", &port); err != nil {
		return netip.AddrPort{}, fmt.Errorf("no address in %q", answer)
	}
	host, err := netip.ParseAddr(c.host)
	return netip.AddrPortFrom(host, port), err
}
