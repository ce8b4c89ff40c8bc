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
	content, to, err := c.fetch(ctx, w.command, path)
	if err != nil {
		return err
	}
	n := len(content)
	who := "the master"
	for _, h := range holders {
		if h.host == to.String() {
			who = "slave " + h.name
		}
	}
	fmt.Fprintf(d.out, "  %s, RETR %s\n    %d bytes from %v, %s\n    why: %s\n\n", w.command, path, n, to, who, w.why)
	if fmt.Sprint(n) != size || to.String() != w.from {
		return fmt.Errorf("want %s bytes from %s", size, w.from)
	}
	return nil
}

// fetch fetches a file over a data connection that is agreed on by PASV or EPSV, and says
// with whom.
func (c *client) fetch(ctx context.Context, prepare, path string) (content []byte, from netip.Addr, err error) {
	conn, from, err := c.open(ctx, prepare, "RETR "+path)
	if err != nil {
		return nil, from, err
	}
	defer conn.Close()
	content, err = io.ReadAll(conn)
	if err == nil {
		_, _, err = c.ReadResponse(226)
	}
	return content, from, err
}

// store stores a file.
func (c *client) store(ctx context.Context, path, content string) error {
	conn, _, err := c.open(ctx, "EPSV", "STOR "+path)
	if err != nil {
		return err
	}
	_, err = io.WriteString(conn, content)
	if err = errs(err, conn.Close()); err == nil {
		_, _, err = c.ReadResponse(226)
	}
	return err
}

// open begins a transfer. The caller closes the connection.
func (c *client) open(ctx context.Context, prepare, command string) (net.Conn, netip.Addr, error) {
	answer, err := c.ask(2, prepare)
	if err != nil {
		return nil, netip.Addr{}, err
	}
	to, err := c.address(answer)
	if err != nil {
		return nil, netip.Addr{}, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, netip.Addr{}, err
	}
	if err := c.say(150, command); err != nil {
		conn.Close()
		return nil, netip.Addr{}, err
	}
	return conn, to.Addr(), nil
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
