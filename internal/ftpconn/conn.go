package ftpconn

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Config says how to connect.
type Config struct {
	Addr    string        // host:port
	Family  Family        // of the server's addresses; AnyFamily if empty
	Timeout time.Duration // for connecting, for a TLS handshake and for each read and write; DefaultTimeout if 0

	// User logs in with Password. If it is empty the login is anonymous, and the
	// password is Contact, which tells the server's operators whom to ask;
	// DefaultContact if empty.
	User, Password, Contact string

	TLS TLSMode // NoTLS if empty

	// TLSConfig says whom to trust, and with what to do without trust. It is not
	// changed; the name to expect in certificates is the host of Addr if empty, and
	// sessions are kept by the connection itself. May be nil.
	TLSConfig *tls.Config

	// MaxReply bounds one reply on the control connection, in bytes, where
	// nothing else is said; DefaultMaxReply if 0.
	MaxReply int

	// Limiter bounds the bytes read a second, over all connections that share it;
	// nil for no bound. Its burst is the most that is read at once, in bytes.
	Limiter *rate.Limiter

	// Dial opens control and data connections; a net.Dialer if nil. The
	// connections must have a *net.TCPAddr for their remote address.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// A Family is a kind of addresses.
type Family string

// The families. AnyFamily takes whichever answers first (RFC 8305).
const (
	AnyFamily Family = ""
	IPv4      Family = "ipv4"
	IPv6      Family = "ipv6"
)

// network returns what package net calls a family.
func (f Family) network() (string, error) {
	switch f {
	case AnyFamily:
		return "tcp", nil
	case IPv4:
		return "tcp4", nil
	case IPv6:
		return "tcp6", nil
	}
	return "", fmt.Errorf("address family %q is not one of ipv4, ipv6", string(f))
}

// Defaults of Config.
const (
	DefaultTimeout  = 30 * time.Second
	DefaultMaxReply = 1 << 20
	DefaultContact  = "mirrortracker@"
)

// readAhead is how much of the replies is read at once, in bytes: many replies to
// pipelined commands.
const readAhead = 32 << 10

// A Conn is a control connection, logged in, in binary mode. Its methods must
// not be called by two goroutines at a time.
type Conn struct {
	cfg      Config
	raw      *deadlineConn
	secure   *tls.Config // of control and data connections; nil for none
	stream   net.Conn    // raw, or TLS over it
	in       *bufio.Reader
	flight   []command // sent, and not answered yet
	broken   error     // why the connection is of no use any more
	host     string    // where data connections go
	features map[string]bool
	noEPSV   bool
	clear    bool // data connections are without TLS, although the control connection is not
	text     bool // transfers are in TYPE A
	replies  int
	restart  bool // the next transfer may begin elsewhere than at the file's beginning
}

// Dial connects and logs in. The caller owns the connection and must close it.
//
// A server that takes no more connections for now is a *BusyError, one that does
// not accept user or password a *LoginError, one without AUTH TLS a *ReplyError of
// that command. A certificate that is not trusted is a
// *tls.CertificateVerificationError.
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
	if err := c.connect(ctx); err != nil {
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

// connect opens the control connection until it is ready for commands.
func (c *Conn) connect(ctx context.Context) error {
	network, err := c.cfg.Family.network()
	if err != nil {
		return err
	}
	if c.secure, err = c.cfg.secure(); err != nil {
		return err
	}
	if c.raw, err = c.dial(ctx, network, c.cfg.Addr); err != nil {
		return err
	}
	defer c.raw.closeWhenDone(ctx)()
	if c.host, _, err = net.SplitHostPort(c.raw.RemoteAddr().String()); err != nil {
		return err
	}
	c.raw.roomToSend()
	c.raw.budget = maxLogin
	c.use(c.raw)
	if err := c.greet(ctx); err != nil {
		return err
	}
	c.raw.budget = unlimited
	if c.secure != nil {
		if err := c.protect(); err != nil {
			return err
		}
	}
	if err := c.readFeatures(); err != nil {
		return err
	}
	if c.Has("UTF8") {
		// Whatever the answer: names are what the server sends.
		_, err = c.named("OPTS UTF8 ON")
	}
	return err
}

// use speaks over a stream from now on.
func (c *Conn) use(stream net.Conn) {
	c.stream, c.in = stream, bufio.NewReaderSize(stream, readAhead)
}

// dial opens a connection, control or data, whose reads and writes have deadlines.
func (c *Conn) dial(ctx context.Context, network, addr string) (*deadlineConn, error) {
	dialCtx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	conn, err := c.cfg.Dial(dialCtx, network, addr)
	if err != nil {
		return nil, err
	}
	return newDeadlineConn(conn, c.cfg.Timeout, c.cfg.Limiter), nil
}

// named is an exchange whose error names the command.
func (c *Conn) named(command string) (Reply, error) {
	reply, err := c.exchange(command)
	if err != nil {
		return Reply{}, failed(context.Background(), command, err)
	}
	return reply, nil
}

func (c *Conn) readFeatures() error {
	c.features = map[string]bool{}
	reply, err := c.named("FEAT")
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

// Host returns the address of the server, without a port.
func (c *Conn) Host() string { return c.host }

// Peer returns the server's end of the connection.
func (c *Conn) Peer() netip.AddrPort { return end(c.raw.RemoteAddr()) }

// Local returns our end of the connection.
func (c *Conn) Local() netip.AddrPort { return end(c.raw.LocalAddr()) }

func end(addr net.Addr) netip.AddrPort {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(tcp.AddrPort().Addr().Unmap(), tcp.AddrPort().Port())
}

// Close says goodbye without waiting for the answer, and closes the connection.
func (c *Conn) Close() error {
	_, quitErr := c.stream.Write([]byte("QUIT\r\n"))
	return errors.Join(quitErr, c.stream.Close())
}
