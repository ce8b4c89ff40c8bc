package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/localfs"
)

// listOnlyCommand is the poorest of servers: it lists one directory at a time, over a
// data connection, and refuses everything that would be quicker. It listens on a socket
// that it is handed, and serves until it is told to stop.
type listOnlyCommand struct {
	Dir string `arg:"" help:"The folder."`
}

// listenerFD is the number of the listening socket in the process of the server.
const listenerFD = 3

// Run serves.
func (c *listOnlyCommand) Run(p *program) error {
	ln, err := net.FileListener(os.NewFile(listenerFD, "listener"))
	if err != nil {
		return fmt.Errorf("take over the listening socket: %w", err)
	}
	folder, err := localfs.Open(c.Dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return distftp.New(distftp.Config{FS: folder}).Serve(p, poorListener{ln.(*net.TCPListener)})
}

// poorListener accepts connections on which our own server is reduced to LIST. Options of
// LIST other than -a it ignores by itself.
type poorListener struct{ *net.TCPListener }

func (l poorListener) Accept() (net.Conn, error) {
	conn, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return &poorConn{TCPConn: conn, in: bufio.NewReader(conn)}, nil
}

// kept are the commands that such a server has.
var kept = map[string]bool{
	"USER": true, "PASS": true, "QUIT": true, "SYST": true, "NOOP": true, "TYPE": true,
	"PWD": true, "CWD": true, "CDUP": true, "PASV": true, "EPSV": true, "LIST": true,
}

// refused stands for all others: a command that our server answers with 502.
const refused = "SMNT /\r\n"

// A poorConn is a control connection that hands on only the commands that are kept.
type poorConn struct {
	*net.TCPConn
	in   *bufio.Reader
	line string // what was not read yet of the last command
}

func (c *poorConn) Read(p []byte) (int, error) {
	if c.line == "" {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		verb, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if c.line = line; !kept[strings.ToUpper(verb)] {
			c.line = refused
		}
	}
	n := copy(p, c.line)
	c.line = c.line[n:]
	return n, nil
}
