package ftpscript

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A Session is one control connection.
type Session struct {
	Command string // the line that is being answered
	Dir     string // the argument of the last CWD, "/" before
	Offset  int    // the argument of the last REST

	server  *Server
	control *net.TCPConn
	stream  net.Conn // control, or TLS over it
	in      *bufio.Reader
	passive net.Listener // for the next data connection
	active  string       // or where it is to go; "" for none
	secure  *tls.Config  // of data connections, too; nil for none
}

// run answers commands until the client leaves.
func (s *Session) run() {
	defer s.server.drop(s.control)
	defer s.closePassive()
	s.Dir = "/"
	for s.act(); s.next(); s.act() {
	}
}

// next reads a command. It is false when the client has left.
func (s *Session) next() bool {
	line, err := s.in.ReadString('\n')
	if err != nil {
		return false
	}
	s.Command = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	s.server.note(s.Command)
	return true
}

// act does what the script or a decent server does at a command.
func (s *Session) act() {
	verb, arg, _ := strings.Cut(s.Command, " ")
	act, ok := s.server.script[s.Command]
	if !ok {
		act, ok = s.server.script[verb]
	}
	if verb == "CWD" {
		s.Dir = arg
	}
	if !ok {
		act, ok = decent[verb]
	}
	if !ok {
		act = Say("502 no such command")
	}
	act(s)
}

// decent is what is done at commands that the script does not name.
var decent = Script{
	Greeting: Say("220 ready"),
	"USER":   Say("331 your address, please"),
	"PASS":   Say("230 welcome"),
	"FEAT":   Say("211 no features"),
	"TYPE":   Say("200 so be it"),
	"CWD":    Say("250 there we are"),
	"EPSV":   func(s *Session) { s.Reply(fmt.Sprintf("229 Entering Extended Passive Mode (|||%d|)", s.Listen())) },
	"PASV":   func(s *Session) { s.Announce(s.Host()) },
	"PORT":   obey,
	"EPRT":   obey,
	"PBSZ":   Say("200 as you like"),
	"PROT":   Say("200 so be it"),
	"QUIT":   func(s *Session) { s.Close() },
}

// Reply sends lines on the control connection.
func (s *Session) Reply(lines ...string) error {
	return s.Send(strings.Join(lines, "\r\n") + "\r\n")
}

// Send sends bytes on the control connection.
func (s *Session) Send(text string) error {
	_, err := io.WriteString(s.stream, text)
	return err
}

// Read reads what the client sends besides commands.
func (s *Session) Read(b []byte) (int, error) { return s.in.Read(b) }

// Secure begins TLS on the control connection, and on all data connections from now
// on.
func (s *Session) Secure(cfg *tls.Config) {
	s.secure = cfg
	s.stream = tls.Server(s.stream, cfg)
	s.in = bufio.NewReader(s.stream)
}

// Listen opens a port for the next data connection and returns its number, 0
// where that is not possible.
func (s *Session) Listen() int {
	s.closePassive()
	s.active = ""
	var listener net.Listener
	err := s.server.at(func() (err error) {
		listener, err = net.Listen("tcp", netip.AddrPortFrom(s.Host(), 0).String())
		return err
	})
	if err != nil || !s.server.keep(listener) {
		return 0
	}
	s.passive = listener
	return listener.Addr().(*net.TCPAddr).Port
}

// Host is the address that the client came to.
func (s *Session) Host() netip.Addr {
	return s.control.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
}

// Announce opens a port for the next data connection, and answers PASV with the number
// and an address, which need not be the one where it is.
func (s *Session) Announce(host netip.Addr) {
	port := s.Listen()
	s.Reply(fmt.Sprintf("227 Entering Passive Mode (%s,%d,%d)", strings.ReplaceAll(host.String(), ".", ","), port>>8, port&255))
}

// obey answers PORT (RFC 959) and EPRT (RFC 2428): the next data connection goes there.
func obey(s *Session) {
	s.closePassive()
	verb, arg, _ := strings.Cut(s.Command, " ")
	if fields := strings.Split(arg, "|"); verb == "EPRT" && len(fields) == 5 {
		s.active = net.JoinHostPort(fields[2], fields[3])
	} else if fields := strings.Split(arg, ","); verb == "PORT" && len(fields) == 6 {
		high, _ := strconv.Atoi(fields[4])
		low, _ := strconv.Atoi(fields[5])
		s.active = net.JoinHostPort(strings.Join(fields[:4], "."), strconv.Itoa(high<<8|low))
	} else {
		s.Reply("501 no address")
		return
	}
	s.Reply("200 so be it")
}

// Accept returns the next data connection: the client's to the port that was opened last,
// or one to where the client said last. Where there is none it returns one that is closed.
func (s *Session) Accept() *Data {
	if s.active != "" || s.passive != nil {
		if conn, err := s.data(); err == nil && s.server.keep(conn) {
			data := &Data{server: s.server, conn: conn.(*net.TCPConn)}
			data.stream = wire{data.conn, s.server}
			if s.secure != nil {
				data.stream = tls.Server(data.stream, s.secure)
			}
			return data
		}
	}
	none := new(net.TCPConn)
	return &Data{server: s.server, conn: none, stream: none}
}

// data makes or takes a data connection.
func (s *Session) data() (conn net.Conn, err error) {
	if s.passive != nil {
		return s.passive.Accept()
	}
	err = s.server.at(func() (err error) {
		conn, err = net.DialTimeout("tcp", s.active, 5*time.Second)
		return err
	})
	s.active = ""
	return conn, err
}

func (s *Session) closePassive() {
	if s.passive != nil {
		s.server.drop(s.passive)
		s.passive = nil
	}
}

// Close closes the control connection.
func (s *Session) Close() { s.control.Close() }

// Await waits for the next command and takes it as read.
func (s *Session) Await() { s.next() }

// AwaitEnd waits until the client closes the control connection.
func (s *Session) AwaitEnd() { io.Copy(io.Discard, s.in) }

// Data is a data connection.
type Data struct {
	server *Server
	conn   *net.TCPConn
	stream net.Conn // conn, or TLS over it
}

// Send sends bytes.
func (d *Data) Send(text string) error {
	_, err := io.WriteString(d.stream, text)
	return err
}

// Read receives bytes.
func (d *Data) Read(b []byte) (int, error) { return d.stream.Read(b) }

// Close ends the data, as servers do.
func (d *Data) Close() {
	d.stream.Close()
	d.server.drop(d.conn)
}

// CloseWrite ends what is sent, and leaves the rest of the connection open.
func (d *Data) CloseWrite() { d.stream.(interface{ CloseWrite() error }).CloseWrite() }

// AwaitEnd waits until the client closes the connection. The error is io.EOF if it
// did so in order.
func (d *Data) AwaitEnd() error {
	_, err := d.stream.Read(make([]byte, 1))
	return err
}

// Reset ends the connection as one that failed.
func (d *Data) Reset() {
	d.conn.SetLinger(0)
	d.Close()
}
