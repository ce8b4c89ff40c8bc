package testbed

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Way is how a client has its data connections opened.
type Way string

// The ways.
const (
	Active   Way = "PORT" // or EPRT: the server comes to the client
	Named    Way = "PASV" // the client goes where the reply says
	Extended Way = "EPSV" // the client goes to where its control connection is
	Homing   Way = "PASV, and back to the host of the control connection"
)

// An FTPClient is one without a will of its own: it does what a test says, and nothing
// besides. It is for one goroutine.
type FTPClient struct {
	Way      Way
	Patience time.Duration // with each reply, and with each piece of data

	host *Host
	conn net.Conn
	text *textproto.Conn
}

// DialFTP connects from a host, or from this machine if that is nil, and logs in.
func DialFTP(from *Host, addr, user, password string) (*FTPClient, error) {
	c := &FTPClient{Way: Extended, Patience: 30 * time.Second, host: from}
	conn, err := c.dial(addr)
	if err != nil {
		return nil, err
	}
	c.conn, c.text = conn, textproto.NewConn(conn)
	if err := c.login(user, password); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// login logs in. Some servers let anonymous users in without a password.
func (c *FTPClient) login(user, password string) error {
	if _, err := c.reply(220); err != nil {
		return err
	}
	_, err := c.Do(331, "USER %s", user)
	if let := (*textproto.Error)(nil); errors.As(err, &let) && let.Code == 230 {
		err = nil
	} else if err == nil {
		_, err = c.Do(230, "PASS %s", password)
	}
	if err == nil {
		_, err = c.Do(200, "TYPE I")
	}
	return err
}

// Close ends the connection without a word.
func (c *FTPClient) Close() error { return c.conn.Close() }

// Do sends a command, and returns the text of the reply, which must have the code. A
// wrong one is a [*textproto.Error].
func (c *FTPClient) Do(code int, format string, args ...any) (string, error) {
	line := fmt.Sprintf(format, args...)
	c.conn.SetDeadline(time.Now().Add(c.Patience))
	if err := c.text.PrintfLine("%s", line); err != nil {
		return "", err
	}
	text, err := c.reply(code)
	if err != nil {
		return text, fmt.Errorf("%.60s: %w", line, err)
	}
	return text, nil
}

func (c *FTPClient) reply(code int) (string, error) {
	c.conn.SetDeadline(time.Now().Add(c.Patience))
	_, text, err := c.text.ReadResponse(code)
	return text, err
}

// Store uploads by a command, such as "STOR /name". Without an error it was
// acknowledged.
func (c *FTPClient) Store(command string, content []byte) error {
	data, err := c.Open(command)
	if err != nil {
		return err
	}
	_, err = data.Write(content)
	return errors.Join(err, data.Close(), c.End())
}

// Fetch downloads by a command, such as "RETR /name" or "MLSD".
func (c *FTPClient) Fetch(command string) ([]byte, error) {
	data, err := c.Open(command)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(data)
	return content, errors.Join(err, data.Close(), c.End())
}

// Open begins a transfer, for which the data connection is returned. When that was
// closed, [FTPClient.End] ends it.
func (c *FTPClient) Open(command string) (net.Conn, error) {
	meet, err := c.prepare()
	if err != nil {
		return nil, err
	}
	if _, err := c.Do(1, "%s", command); err != nil {
		meet(false)
		return nil, err
	}
	data, err := meet(true)
	if err != nil {
		return nil, err
	}
	return patient{data, c.Patience}, nil
}

// End reads the reply that ends a transfer, which must be that it is complete.
func (c *FTPClient) End() error {
	_, err := c.reply(226)
	return err
}

// prepare agrees on a data connection. What it returns is called once, and takes it, or
// gives it up.
func (c *FTPClient) prepare() (meet func(bool) (net.Conn, error), err error) {
	if c.Way == Active {
		return c.listen()
	}
	command, code := "PASV", 227
	if c.Way == Extended {
		command, code = "EPSV", 229
	}
	text, err := c.Do(code, "%s", command)
	if err != nil {
		return nil, err
	}
	addr, err := c.named(text)
	if err != nil {
		return nil, err
	}
	conn, err := c.dial(addr)
	if err != nil {
		return nil, err
	}
	return func(wanted bool) (net.Conn, error) {
		if !wanted {
			return nil, conn.Close()
		}
		return conn, nil
	}, nil
}

var (
	passiveReply  = regexp.MustCompile(`\((\d+,\d+,\d+,\d+),(\d+),(\d+)\)`)
	extendedReply = regexp.MustCompile(`\(\|\|\|(\d+)\|\)`)
)

// named reads where the client is to go.
func (c *FTPClient) named(text string) (string, error) {
	if m := passiveReply.FindStringSubmatch(text); m != nil {
		high, _ := strconv.Atoi(m[2])
		low, _ := strconv.Atoi(m[3])
		port := strconv.Itoa(high<<8 | low)
		if c.Way == Homing {
			return c.home(port)
		}
		return net.JoinHostPort(strings.ReplaceAll(m[1], ",", "."), port), nil
	}
	if m := extendedReply.FindStringSubmatch(text); m != nil {
		return c.home(m[1])
	}
	return "", fmt.Errorf("no address in %q", text)
}

// home is a port of the host of the control connection.
func (c *FTPClient) home(port string) (string, error) {
	host, _, err := net.SplitHostPort(c.conn.RemoteAddr().String())
	return net.JoinHostPort(host, port), err
}

func (c *FTPClient) listen() (meet func(bool) (net.Conn, error), err error) {
	own := c.conn.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	var ln net.Listener
	err = c.at(func() (err error) {
		ln, err = net.Listen("tcp", netip.AddrPortFrom(own, 0).String())
		return err
	})
	if err != nil {
		return nil, err
	}
	port := ln.Addr().(*net.TCPAddr).Port
	if own.Is4() {
		_, err = c.Do(200, "PORT %s,%d,%d", strings.ReplaceAll(own.String(), ".", ","), port>>8, port&255)
	} else {
		_, err = c.Do(200, "EPRT |2|%s|%d|", own, port)
	}
	if err != nil {
		ln.Close()
		return nil, err
	}
	return func(wanted bool) (net.Conn, error) {
		defer ln.Close()
		if !wanted {
			return nil, nil
		}
		ln.(*net.TCPListener).SetDeadline(time.Now().Add(c.Patience))
		return ln.Accept()
	}, nil
}

func (c *FTPClient) dial(addr string) (conn net.Conn, err error) {
	err = c.at(func() (err error) {
		conn, err = net.DialTimeout("tcp", addr, c.Patience)
		return err
	})
	return conn, err
}

// at calls a function where the client is.
func (c *FTPClient) at(fn func() error) error {
	if c.host != nil {
		return c.host.Do(fn)
	}
	return fn()
}

// patient is a connection on which each piece may take so long.
type patient struct {
	net.Conn
	patience time.Duration
}

func (p patient) Read(b []byte) (int, error) {
	p.SetReadDeadline(time.Now().Add(p.patience))
	return p.Conn.Read(b)
}

func (p patient) Write(b []byte) (int, error) {
	p.SetWriteDeadline(time.Now().Add(p.patience))
	return p.Conn.Write(b)
}
