package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
)

// A session is a control connection, as an ordinary client has it: no command is sent
// before the last one was answered.
type session struct {
	from   netip.Addr
	addr   netip.AddrPort // of the server
	bare   socket
	conn   net.Conn // the same, or TLS on it
	in     *bufio.Reader
	secure *tls.Config // nil: plain
	habits
	sent netip.Addr // where the last reply to PASV sent us
}

// habits are what a client does that others do not.
type habits struct {
	asks  bool // for the size of a file, before it agrees on a data connection for it
	obeys bool // goes to the address that the reply to PASV names, and not to that of the control connection
}

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// connect opens a session and logs in, under TLS if there is a configuration for it.
func connect(from netip.Addr, s *server, secure *tls.Config) (*session, error) {
	bare, err := dial(from, s.addr)
	if err != nil {
		return nil, err
	}
	c := &session{from: from, addr: s.addr, bare: bare, conn: bare, in: bufio.NewReaderSize(bare, 512), secure: secure}
	if err := c.begin(); err != nil {
		c.conn.Close()
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return c, nil
}

func (c *session) begin() error {
	if _, err := c.expect('2'); err != nil {
		return err
	}
	if c.secure != nil {
		if _, err := c.ask('2', "AUTH TLS"); err != nil {
			return err
		}
		secure := tls.Client(c.bare, c.secure)
		if err := secure.Handshake(); err != nil {
			return err
		}
		c.conn = secure
		c.in.Reset(secure)
	}
	reply, err := c.ask('0', "USER anonymous")
	if err == nil && reply[0] == '3' { // vsftpd wants no password
		_, err = c.ask('2', "PASS bench@example.org")
	}
	if err == nil && c.secure != nil {
		if _, err = c.ask('2', "PBSZ 0"); err == nil {
			_, err = c.ask('2', "PROT P")
		}
	}
	return err
}

// ask sends a command and returns the reply, which must begin with a digit, or with 0 may
// be any that is no failure.
func (c *session) ask(digit byte, command string) (string, error) {
	if _, err := io.WriteString(c.conn, command+"\r\n"); err != nil {
		return "", err
	}
	reply, err := c.expect(digit)
	if err != nil {
		err = fmt.Errorf("%s: %w", command, err)
	}
	return reply, err
}

// expect returns the last line of the next reply.
func (c *session) expect(digit byte) (string, error) {
	for first := ""; ; {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if first == "" {
			first = line
		}
		if len(line) < 4 || line[3] != ' ' || line[:3] != first[:3] {
			continue // of several lines (RFC 959, 4.2)
		}
		if line[0] != digit && (digit != '0' || line[0] > '3') {
			return "", fmt.Errorf("the reply is %q", line)
		}
		return line, nil
	}
}

// A transferred is the client's end of a data connection.
type transferred struct {
	*records
	secure *tls.Conn // nil: plain
}

// retrieve begins a transfer with a command.
func (c *session) retrieve(command string) (t transferred, err error) {
	if path, ok := strings.CutPrefix(command, "RETR "); ok && c.asks {
		if _, err := c.ask('2', "SIZE "+path); err != nil {
			return t, err
		}
	}
	reply, err := c.ask('2', "PASV")
	if err != nil {
		return t, err
	}
	to, err := passiveAddr(reply)
	if err != nil {
		return t, err
	}
	c.sent = to.Addr()
	if !c.obeys {
		to = netip.AddrPortFrom(c.addr.Addr(), to.Port())
	}
	bare, err := dial(c.from, to)
	if err != nil {
		return t, err
	}
	t.records = &records{socket: bare}
	defer func() {
		if err != nil {
			bare.Close()
		}
	}()
	if _, err := c.ask('1', command); err != nil {
		return t, err
	}
	if c.secure != nil {
		t.secure = tls.Client(t.records, c.secure)
		err = t.secure.Handshake()
	}
	return t, err
}

// passiveAddr reads the address of a reply to PASV.
func passiveAddr(reply string) (netip.AddrPort, error) {
	var h [4]byte
	var high, low uint16
	_, numbers, _ := strings.Cut(reply, "(")
	if _, err := fmt.Sscanf(numbers, "%d,%d,%d,%d,%d,%d", &h[0], &h[1], &h[2], &h[3], &high, &low); err != nil {
		return netip.AddrPort{}, fmt.Errorf("the reply is %q", reply)
	}
	return netip.AddrPortFrom(netip.AddrFrom4(h), high<<8|low), nil
}

// finish ends a transfer of which all has come.
func (c *session) finish(t transferred) error {
	if t.secure != nil {
		t.secure.CloseWrite() // or the server takes the end of the connection for an attack
	}
	t.Close()
	_, err := c.expect('2')
	return err
}

// discard carries out a command and throws away what comes, which must be so many bytes
// at least.
func (c *session) discard(command string, size int64) error {
	t, err := c.retrieve(command)
	if err != nil {
		return err
	}
	var n int64
	if t.secure != nil {
		n, err = t.discard()
	} else {
		n, err = t.socket.discard()
	}
	if err == nil && n < size {
		err = fmt.Errorf("%s: only %d bytes came", command, n)
	}
	if err != nil {
		t.Close()
		return err
	}
	return c.finish(t)
}

// read carries out a command and reads what comes.
func (c *session) read(command string, read func(io.Reader) error) error {
	t, err := c.retrieve(command)
	if err != nil {
		return err
	}
	from := io.Reader(t.socket)
	if t.secure != nil {
		from = t.secure
	}
	if err := read(from); err != nil {
		t.Close()
		return fmt.Errorf("%s: %w", command, err)
	}
	return c.finish(t)
}

// close hangs up.
func (c *session) close() { c.conn.Close() }
