package data

import (
	"io"
	"net"
	"time"
)

// awaitClose says that no more will be sent and waits until the client has closed its
// side too, but not longer than limit.
func awaitClose(conn net.Conn, limit time.Duration) {
	half, ok := conn.(interface{ CloseWrite() error }) // TCP and TLS
	if !ok || half.CloseWrite() != nil || conn.SetReadDeadline(time.Now().Add(limit)) != nil {
		return
	}
	_, _ = io.ReadFull(conn, make([]byte, 1)) // whatever comes of it, the client has had its time
}
