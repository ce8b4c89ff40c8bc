package control

import (
	"crypto/tls"
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// errGone says that the client closed the control connection without QUIT before it
// could know what became of its transfer: it was killed, most likely.
var errGone = errors.New("client is gone")

// closed reports whether the other side has closed the connection, be there something
// to read from it still or not.
func closed(conn net.Conn) bool {
	gone := false
	err := descriptor(conn, func(fd int) {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		gone = err == nil && info.State != unix.BPF_TCP_ESTABLISHED
	})
	return gone || errors.Is(err, net.ErrClosed)
}

// hungUp reports whether the other side has closed the connection, without taking
// anything from it. Whoever reads the connection learns the same, but not necessarily
// before it is learnt that the data connection ended at the same moment.
func hungUp(conn net.Conn) bool {
	var n int
	var peek error
	err := descriptor(conn, func(fd int) {
		n, _, peek = syscall.Recvfrom(fd, make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return false
	case err != nil:
		return true
	case peek != nil:
		return !errors.Is(peek, syscall.EAGAIN) && !errors.Is(peek, syscall.EINTR)
	}
	return n == 0
}

// descriptor calls a function with the descriptor that is beneath a connection. The error
// is [errors.ErrUnsupported] if there is none.
func descriptor(conn net.Conn, use func(fd int)) error {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return errors.ErrUnsupported
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { use(int(fd)) })
}
