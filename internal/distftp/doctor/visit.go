package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"mirrortracker/internal/ftpconn"
)

// A Visit is what a client would do. Only Addr must be set.
type Visit struct {
	Addr           string         // host:port
	Implicit       bool           // TLS from the first byte on
	User, Password string         // anonymous if empty
	Names          []string       // that the certificate must have; none is asked for if empty
	Trusted        *x509.CertPool // authorities, nil for those of this machine
	Timeout        time.Duration  // for each step: DefaultTimeout if 0
	Connections    int            // data connections that are tried: DefaultConnections if 0

	// Inside says that the client is on the server's side of an address translation, so
	// that an address that is announced to those outside need not be reachable.
	Inside bool
}

// Defaults of Visit.
const (
	DefaultTimeout     = 5 * time.Second
	DefaultConnections = 10
)

// Make visits the server over each family of addresses that its name has.
func (v Visit) Make(ctx context.Context) Findings {
	var f Findings
	if v.Timeout == 0 {
		v.Timeout = DefaultTimeout
	}
	if v.Connections == 0 {
		v.Connections = DefaultConnections
	}
	host, port, err := net.SplitHostPort(v.Addr)
	if err != nil {
		f.Bad("address", "write it as HOST:PORT", "%v", err)
		return f
	}
	lookUp, cancel := context.WithTimeout(ctx, v.Timeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(lookUp, "ip", host)
	if err != nil {
		f.Bad("address", "look at the name and its A and AAAA records", "%v", err)
		return f
	}
	for _, family := range []ftpconn.Family{ftpconn.IPv4, ftpconn.IPv6} {
		for _, addr := range addrs {
			if addr = addr.Unmap(); addr.Is4() != (family == ftpconn.IPv4) {
				continue
			}
			at := &call{Visit: v, Findings: &f, family: family, to: addr, host: host, port: port, where: net.JoinHostPort(addr.String(), port)}
			at.make(ctx)
		}
	}
	return f
}

// A call is a visit at one address.
type call struct {
	Visit
	*Findings
	family     ftpconn.Family
	to         netip.Addr
	host, port string
	where      string

	conn    *ftpconn.Conn
	reached bool                // a connection came about
	chain   []*x509.Certificate // that the server showed
	data    net.Conn            // what the next data connection is
}

// check names a check at this address.
func (c *call) check(what string) string { return what + " at " + c.where }

func (c *call) make(ctx context.Context) {
	if !c.connect(ctx) {
		return
	}
	defer c.conn.Close()
	c.features()
	c.passive(ctx)
	c.listing(ctx)
	c.ports(ctx)
}

// connect logs in, under TLS if the server has it.
func (c *call) connect(ctx context.Context) bool {
	mode := ftpconn.ExplicitTLS
	if c.Implicit {
		mode = ftpconn.ImplicitTLS
	}
	err := c.dial(ctx, mode)
	if len(c.chain) > 0 && !c.Inside {
		c.Certificate(c.check("certificate"), c.chain, c.Names, c.Trusted, time.Now())
	}
	refused := (*ftpconn.ReplyError)(nil)
	if errors.As(err, &refused) && refused.Command == "AUTH" {
		c.Doubt(c.check("TLS"), "give ftpd a certificate: tls.certificate and tls.key", "not offered, so that others can read passwords and files: %q", refused.Reply)
		if c.User != "" {
			c.Bad(c.check("login"), "log in without --user, or under TLS", "not tried, as others could read the password")
			return false
		}
		err = c.dial(ctx, ftpconn.NoTLS)
	} else if err == nil {
		c.Good(c.check("TLS"), "%s", mode)
	}
	if err == nil {
		c.Good(c.check("login"), "done")
		return true
	}
	c.refuse(err)
	return false
}

func (c *call) dial(ctx context.Context, mode ftpconn.TLSMode) (err error) {
	c.conn, err = ftpconn.Dial(ctx, ftpconn.Config{
		Addr: c.where, Family: c.family, Timeout: c.Timeout, User: c.User, Password: c.Password, TLS: mode,
		// Whom to trust is looked at afterwards: the rest is worth knowing all the same.
		TLSConfig: &tls.Config{ServerName: c.host, InsecureSkipVerify: true, VerifyConnection: func(state tls.ConnectionState) error {
			c.chain = state.PeerCertificates
			return nil
		}},
		Dial: c.connection,
	})
	return err
}

// connection opens a connection, or takes the one that is there.
func (c *call) connection(ctx context.Context, network, addr string) (net.Conn, error) {
	if conn := c.data; conn != nil {
		c.data = nil
		return conn, nil
	}
	conn, err := (&net.Dialer{Timeout: c.Timeout}).DialContext(ctx, network, addr)
	c.reached = c.reached || err == nil
	return conn, err
}

// refuse says why there is no login.
func (c *call) refuse(err error) {
	busy, login := (*ftpconn.BusyError)(nil), (*ftpconn.LoginError)(nil)
	handshake := c.chain == nil && strings.Contains(err.Error(), "TLS handshake")
	switch {
	case errors.As(err, &busy):
		c.Bad(c.check("login"), "see SITE WHO, and limits in the configuration", "%v", busy)
	case errors.As(err, &login):
		c.Bad(c.check("login"), "try a user that may log in from here: --user; the server's log says why", "%v", login)
	case handshake && c.Implicit:
		c.Bad(c.check("TLS"), "the server's log says why; a port for explicit TLS is looked at without --implicit", "%v", err)
	case handshake:
		c.Bad(c.check("TLS"), "the server's log says why", "%v", err)
	case c.reached && timedOut(err):
		c.Bad(c.check("connection"), "it is taken, but not answered: a port for implicit TLS is looked at with --implicit; else the server's log says why", "%v", err)
	default:
		c.Bad(c.check("connection"), unreachable(err, "TCP port "+c.port), "%v", err)
	}
}

// unreachable says what can be done where a connection does not come about.
func unreachable(err error, what string) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there, or a firewall refuses: start ftpd, look at listen in its configuration, and let in " + what
	case timedOut(err):
		return "a firewall drops what is sent there, or an address translation does not hand it on: let in " + what
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "there is no route from here to the server: look at its address in DNS and at the network"
	}
	return "is it an FTP server that listens there? Let in " + what
}

// timedOut reports whether an error is that nothing came.
func timedOut(err error) bool {
	timeout := net.Error(nil)
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// wanted are features that clients get worse without.
var wanted = []string{"EPSV", "MDTM", "MLST", "REST", "SIZE", "UTF8"}

func (c *call) features() {
	var missing []string
	for _, name := range wanted {
		if !c.conn.Has(name) {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		c.Doubt(c.check("features"), "clients fall back on older ways, which are slower or less exact", "FEAT lacks %s", strings.Join(missing, ", "))
		return
	}
	c.Good(c.check("features"), "%s", strings.Join(wanted, " "))
}
