package ftpconn

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/jlaffaye/ftp"
)

// maxLogin bounds all that a server may say until the login is done, in bytes:
// the library that reads it takes time that grows with the square of a reply's
// length.
const maxLogin = 64 << 10

// anonymous is who we are to every server that knows no better (RFC 1635).
const anonymous = "anonymous"

// A BusyError says that the server takes no more connections for now, of ours or
// of anybody.
type BusyError struct {
	Command string // without its argument; "greeting" before any
	Reply   Reply
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%s: the server is busy: %q", e.Command, e.Reply)
}

// saysBusy finds the words of servers that have, or let us have, so many
// connections and no more (proftpd: "Sorry, the maximum number of clients (2) from
// your host are already connected.").
var saysBusy = regexp.MustCompile(`(?i)too many|maximum|limit|concurrent|already.*connected|sorry, no more`)

// A LoginError says that the server does not let the user in.
type LoginError struct {
	User  string
	Reply Reply // without the password, should it stand there
}

func (e *LoginError) Error() string {
	return fmt.Sprintf("login as %q: the server answers %q", e.User, e.Reply)
}

// greet reads the greeting, takes TLS where it is wanted, and logs in.
func (c *Conn) greet(ctx context.Context) error {
	if c.cfg.TLS == ImplicitTLS {
		if err := c.handshake(ctx); err != nil {
			return err
		}
	}
	greeting, err := readReply(c.in, c.cfg.MaxReply)
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() && c.cfg.TLS != ImplicitTLS {
		return fmt.Errorf("greeting: %w; where TLS comes first the server waits for the client, and the URL begins with ftps://", err)
	}
	if err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	if greeting.Code != 220 {
		return refusal("greeting", greeting)
	}
	if c.cfg.TLS == ExplicitTLS {
		if err := c.authTLS(ctx); err != nil {
			return err
		}
	}
	return c.login(greeting)
}

// login logs in through the library.
func (c *Conn) login(greeting Reply) error {
	user, password := c.cfg.User, c.cfg.Password
	if user == "" {
		user, password = anonymous, c.cfg.Contact
		if password == "" {
			password = DefaultContact
		}
	}
	if sendable(user) != nil || sendable(password) != nil {
		return errors.New("the user's name or password holds a control character")
	}
	talk := &loginConn{Conn: c.stream, in: c.in, max: c.cfg.MaxReply, sent: "greeting", last: greeting, rest: greeting.Raw}
	handOver := func(string, string) (net.Conn, error) { return talk, nil }
	// The library's own OPTS UTF8 ends the login where the server refuses it.
	client, err := ftp.Dial(c.cfg.Addr, ftp.DialWithDialFunc(handOver), ftp.DialWithDisabledUTF8(true))
	if err == nil {
		err = client.Login(double255(user), double255(password))
	}
	if err == nil {
		return nil
	}
	if c.cfg.User != "" {
		talk.hush(password)
	}
	if talk.err != nil {
		return fmt.Errorf("%s: %w", talk.sent, talk.err)
	}
	no := refusal(talk.sent, talk.last)
	if _, busy := no.(*BusyError); !busy && (talk.sent == "USER" || talk.sent == "PASS") {
		return &LoginError{User: user, Reply: talk.last}
	}
	return no
}

// refusal is the error of a reply that ends a login: 421 in the greeting says that
// the server is busy, whatever its words.
func refusal(command string, reply Reply) error {
	busy := (reply.Code == 421 || reply.Code == 530) && saysBusy.MatchString(reply.Text())
	switch {
	case busy || command == "greeting" && reply.Code == 421:
		return &BusyError{Command: command, Reply: reply}
	case reply.Negative():
		return &ReplyError{Command: command, Reply: reply}
	}
	return &OutOfStepError{Command: command, Reply: reply}
}

// A loginConn is the connection that the library logs in on. It gives the library
// one reply at a time, the greeting first, so that nothing is lost in the library's
// buffer, and remembers what the library forgets.
type loginConn struct {
	net.Conn
	in   *bufio.Reader
	max  int
	sent string // the last command, without its argument
	last Reply
	rest []byte // of last, for the library
	err  error
}

// Read implements net.Conn.
func (c *loginConn) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		if c.last, c.err = readReply(c.in, c.max); c.err != nil {
			return 0, c.err
		}
		c.rest = c.last.Raw
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// hush takes a password out of what the server said about it.
func (c *loginConn) hush(password string) {
	if password == "" {
		return
	}
	c.last.Raw = bytes.ReplaceAll(c.last.Raw, []byte(password), []byte("***"))
	if garbage, ok := c.err.(*garbageError); ok {
		garbage.line = bytes.ReplaceAll(garbage.line, []byte(password), []byte("***"))
	}
}

// Write implements net.Conn.
func (c *loginConn) Write(b []byte) (n int, err error) {
	c.sent = verb(strings.TrimSpace(string(b)))
	n, err = c.Conn.Write(b)
	if err != nil {
		c.err = err
	}
	return n, err
}
