package data

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// awaitClose says that no more will be sent and waits until the client has closed its
// side too, but not longer than limit. It reports whether the client has reset the
// connection, as who does not read all that was sent; under TLS that could be no more than
// its end.
func awaitClose(conn net.Conn, limit time.Duration) (reset bool) {
	half, ok := conn.(interface{ CloseWrite() error }) // TCP and TLS
	if !ok || conn.SetReadDeadline(time.Now().Add(limit)) != nil {
		return false
	}
	err := half.CloseWrite()
	if err == nil {
		_, err = io.ReadFull(conn, make([]byte, 1)) // whatever else comes of it, the client has had its time
	}
	return conn == bare(conn) && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ENOTCONN)) // the latter if it was so early
}
