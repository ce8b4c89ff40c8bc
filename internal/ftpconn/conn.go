package ftpconn

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"time"
	"unicode"

	"github.com/jlaffaye/ftp"
)

// Config says how to connect.
type Config struct {
	Addr    string        // host:port
	Timeout time.Duration // for connecting and for each read and write; DefaultTimeout if 0

	// MaxReply bounds one reply on the control connection, in bytes;
	// DefaultMaxReply if 0.
	MaxReply int

	// Dial opens control and data connections; a net.Dialer if nil. The
	// connections must have a *net.TCPAddr for their remote address.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Defaults of Config.
const (
	DefaultTimeout  = 30 * time.Second
	DefaultMaxReply = 1 << 20
)

// maxLogin bounds all that a server may say until the login is done, in bytes:
// the library that reads it has no bound of its own, and takes time that grows
// with the square of a reply's length.
const maxLogin = 64 << 10

// readAhead is how much of the replies is read at once, in bytes: many replies to
// pipelined commands.
const readAhead = 32 << 10

// anonymous is who we are to every server (RFC 1635).
const (
	anonymous = "anonymous"
	password  = "mirrortracker@"
)

// A Conn is a control connection, logged in, in binary mode. Its methods must
// not be called by two goroutines at a time.
type Conn struct {
	cfg      Config
	raw      *deadlineConn
	in       *bufio.Reader
	out      io.Writer
	flight   []command // sent, and not answered yet
	broken   error     // why the connection is of no use any more
	host     string    // where data connections go
	features map[string]bool
	noEPSV   bool
}

// Dial connects and logs in anonymously. The caller owns the connection and
// must close it.
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.MaxReply == 0 {
		cfg.MaxReply = DefaultMaxReply
	}
	if cfg.Dial == nil {
		cfg.Dial = new(net.Dialer).DialContext
	}
	c := &Conn{cfg: cfg}
	if err := c.login(ctx); err != nil {
		if c.raw != nil {
			c.raw.Close()
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("connect to %s: %w", cfg.Addr, err)
	}
	return c, nil
}

func (c *Conn) login(ctx context.Context) error {
	var err error
	if c.raw, err = c.dial(ctx, c.cfg.Addr); err != nil {
		return err
	}
	defer c.raw.closeWhenDone(ctx)()
	c.raw.budget = maxLogin
	handOver := func(string, string) (net.Conn, error) { return c.raw, nil }
	// The library's own OPTS UTF8 ends the login where the server refuses it.
	client, err := ftp.Dial(c.cfg.Addr, ftp.DialWithDialFunc(handOver), ftp.DialWithDisabledUTF8(true))
	if err != nil {
		return loginError("greeting", err)
	}
	if err := client.Login(anonymous, password); err != nil {
		return loginError("anonymous login", err)
	}
	c.raw.budget = unlimited
	c.in, c.out = bufio.NewReaderSize(c.raw, readAhead), c.raw
	c.host, _, err = net.SplitHostPort(c.raw.RemoteAddr().String())
	if err != nil {
		return err
	}
	if err := c.readFeatures(ctx); err != nil {
		return err
	}
	if c.Has("UTF8") {
		// Whatever the answer: names are what the server sends.
		_, err = c.Cmd(ctx, "OPTS UTF8 ON")
	}
	return err
}

// loginError keeps what a server says, and the library passes on as it is, from
// filling or steering a terminal.
func loginError(step string, err error) error {
	if no, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("%s: the server answers %q", step, Reply{Code: no.Code, Raw: fmt.Appendf(nil, "%d %s", no.Code, no.Msg)})
	}
	said := err.Error()
	if odd := func(r rune) bool { return !unicode.IsPrint(r) }; truncated(said) != said || strings.ContainsFunc(said, odd) {
		return fmt.Errorf("%s: %q", step, truncated(said))
	}
	return fmt.Errorf("%s: %w", step, err)
}

// dial opens a connection, control or data, whose reads and writes have deadlines.
func (c *Conn) dial(ctx context.Context, addr string) (*deadlineConn, error) {
	dialCtx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	conn, err := c.cfg.Dial(dialCtx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &deadlineConn{Conn: conn, timeout: c.cfg.Timeout, budget: unlimited}, nil
}

func (c *Conn) readFeatures(ctx context.Context) error {
	c.features = map[string]bool{}
	reply, err := c.Cmd(ctx, "FEAT")
	if err != nil {
		return err
	}
	if reply.Code != 211 {
		return nil
	}
	for line := range bytes.Lines(reply.Body()) {
		// RFC 2389, section 3.2: each feature on a line of its own that
		// begins with a blank.
		if feature, ok := bytes.CutPrefix(line, []byte(" ")); ok {
			word, _, _ := strings.Cut(string(bytes.TrimSpace(feature)), " ")
			c.features[strings.ToUpper(word)] = true
		}
	}
	return nil
}

// Has reports whether the server listed a feature in its reply to FEAT.
func (c *Conn) Has(feature string) bool {
	return c.features[feature]
}

// Close says goodbye without waiting for the answer, and closes the connection.
func (c *Conn) Close() error {
	_, quitErr := c.raw.Write([]byte("QUIT\r\n"))
	return errors.Join(quitErr, c.raw.Close())
}
