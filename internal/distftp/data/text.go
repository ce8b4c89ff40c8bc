package data

import "net"

// AsText returns a connection for text whose far end has, or wants, LF at the ends of lines:
// what is read from it has CR LF, and what is written to it may have (RFC 959, 3.1.1.1).
func AsText(conn net.Conn) net.Conn { return &textConn{Conn: conn, ends: lineEnds{w: conn}} }

type textConn struct {
	net.Conn
	in   []byte // room for what is read
	read []byte // what was read, and not taken yet
	ends lineEnds
}

// Read implements [net.Conn].
func (t *textConn) Read(b []byte) (n int, err error) {
	if len(t.read) == 0 {
		if t.in == nil {
			t.in = make([]byte, buffer)
		}
		n, err = t.Conn.Read(t.in)
		t.read = appendText(t.read[:0], t.in[:n])
	}
	n = copy(b, t.read)
	t.read = t.read[n:]
	if len(t.read) > 0 {
		err = nil // it comes again
	}
	return n, err
}

// Write implements [net.Conn].
func (t *textConn) Write(b []byte) (int, error) { return t.ends.Write(b) }

// CloseWrite ends what is written.
func (t *textConn) CloseWrite() error {
	if err := t.ends.end(); err != nil {
		return err
	}
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok { // TCP and TLS
		return half.CloseWrite()
	}
	return nil
}
