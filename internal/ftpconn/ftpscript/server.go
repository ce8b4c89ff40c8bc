// Package ftpscript is an FTP server for tests, which does what a [Script] says
// however wrong that is: it refuses, lies, falls silent or breaks off at any
// command and at any byte.
//
// A Script is a table from commands to acts. What it does not name is done as a
// decent server would: any login is accepted, EPSV and PASV open a data port at the
// address that the client came to, PORT and EPRT are obeyed whatever address they
// name, CWD is believed, anything else is answered with 502. Everything that clients
// send is written down ([Server.Commands]).
package ftpscript

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A Script says what the server does at a command. It is looked up by the whole
// line, then by its first word; [Greeting] stands for the beginning of a session.
type Script map[string]Act

// Greeting is the key for what happens before any command.
const Greeting = ""

// An Act does something at a command. Acts of several sessions may run at once.
type Act func(s *Session)

// A Server is a running server.
type Server struct {
	Addr   string // host:port
	script Script

	at       At
	listener net.Listener
	sessions sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	open     map[io.Closer]bool // connections, and ports for data
	commands []string
	cut      *cut
}

// A cut is the end of all connections after a number of bytes.
type cut struct {
	left  int
	reset bool
}

// Start starts a server on 127.0.0.1, which ends with the test.
func Start(t testing.TB, script Script) *Server {
	t.Helper()
	return StartAt(t, here, "127.0.0.1:0", script)
}

// An At calls a function that makes sockets where these are to be, such as in a network
// namespace.
type At func(fn func() error) error

func here(fn func() error) error { return fn() }

// StartAt starts a server at an address of any machine, which ends with the test.
func StartAt(t testing.TB, at At, addr string, script Script) *Server {
	t.Helper()
	s := &Server{script: script, at: at, open: map[io.Closer]bool{}}
	err := at(func() (err error) {
		s.listener, err = net.Listen("tcp", addr)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = s.listener.Addr().String()
	s.sessions.Go(s.serve)
	t.Cleanup(s.close)
	return s
}

func (s *Server) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil || !s.keep(conn) {
			return
		}
		control := conn.(*net.TCPConn)
		session := &Session{server: s, control: control, stream: wire{control, s}, in: bufio.NewReader(conn)}
		s.sessions.Go(session.run)
	}
}

// Refuse takes no more sessions.
func (s *Server) Refuse() { s.listener.Close() }

// close ends all sessions and waits for them.
func (s *Server) close() {
	s.listener.Close()
	s.mu.Lock()
	s.closed = true
	s.closeAll(false)
	s.mu.Unlock()
	s.sessions.Wait()
}

// CutAfter ends all connections when the server has sent n more bytes, on
// whichever connections, with a reset or with a mere end. It holds once.
func (s *Server) CutAfter(n int, reset bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = &cut{left: n, reset: reset}
}

// Commands returns all commands of all sessions so far, in the order in which
// they came, without their line ends.
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// Count returns how many commands so far began with a text.
func (s *Server) Count(prefix string) int {
	n := 0
	for _, c := range s.Commands() {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

// note writes down a command.
func (s *Server) note(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, command)
}

// keep remembers a connection or port, so that it can be closed at the end of
// the test. It is false when the test has ended.
func (s *Server) keep(c io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
		return false
	}
	s.open[c] = true
	return true
}

// drop closes what was kept.
func (s *Server) drop(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	c.Close()
}

// send writes to a connection, up to the cut. The client may be gone; acts need
// not care.
func (s *Server) send(conn *net.TCPConn, b []byte) error {
	s.mu.Lock()
	c := s.cut
	if !s.open[conn] {
		// A session that was cut off does not take from the next one's bytes.
		s.mu.Unlock()
		return net.ErrClosed
	}
	if c == nil || len(b) < c.left {
		if c != nil {
			c.left -= len(b)
		}
		s.mu.Unlock()
		_, err := conn.Write(b)
		return err
	}
	defer s.mu.Unlock()
	conn.Write(b[:c.left])
	s.closeAll(c.reset)
	s.cut = nil
	return net.ErrClosed
}

// A wire is a connection whose bytes count towards the cut.
type wire struct {
	*net.TCPConn
	server *Server
}

// Write implements net.Conn.
func (w wire) Write(b []byte) (int, error) {
	if err := w.server.send(w.TCPConn, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// closeAll closes all connections; s.mu is held.
func (s *Server) closeAll(reset bool) {
	for c := range s.open {
		if conn, ok := c.(*net.TCPConn); ok && reset {
			conn.SetLinger(0)
		}
		c.Close()
	}
	clear(s.open)
}
