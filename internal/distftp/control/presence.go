package control

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"
)

// errGone says that the client closed the control connection without QUIT before it
// could know what became of its upload: it was killed, most likely.
var errGone = errors.New("client is gone")

// hungUp reports whether the other side has closed the connection, without taking
// anything from it. Whoever reads the connection learns the same, but not necessarily
// before it is learnt that the data connection ended at the same moment.
func hungUp(conn net.Conn) bool {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	var n int
	var peek error
	if err := raw.Control(func(fd uintptr) {
		n, _, peek = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	}); err != nil {
		return true
	}
	if peek != nil {
		return !errors.Is(peek, syscall.EAGAIN) && !errors.Is(peek, syscall.EINTR)
	}
	return n == 0
}
