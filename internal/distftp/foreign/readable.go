package foreign

import (
	"context"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// awaitData waits until something can be read from a data connection, and returns the
// connection to read from, with that; or reports that it has ended empty.
func awaitData(ctx context.Context, conn net.Conn) (whole net.Conn, empty bool, err error) {
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	whole = conn
	var n int
	if tcp, ok := conn.(*net.TCPConn); ok {
		n, err = peek(tcp) // so that the kernel can still do the rest
	} else {
		first := make([]byte, 4<<10)
		n, err = conn.Read(first)
		whole = &begun{conn, first[:n]}
	}
	switch {
	case n > 0:
		return whole, false, nil
	case err == nil, err == io.EOF:
		return whole, true, nil
	case ctx.Err() != nil:
		return whole, false, context.Cause(ctx)
	}
	return whole, false, err
}

// peek waits until something can be read, and leaves it there.
func peek(conn *net.TCPConn) (n int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failure error
	err = raw.Read(func(fd uintptr) bool {
		n, _, failure = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		return failure != unix.EAGAIN && failure != unix.EINTR
	})
	if err == nil {
		err = failure
	}
	return n, err
}

// A begun connection has something read already.
type begun struct {
	net.Conn
	first []byte
}

// Read implements [net.Conn].
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) > 0 {
		n := copy(p, b.first)
		b.first = b.first[n:]
		return n, nil
	}
	return b.Conn.Read(p)
}

// CloseWrite ends what is written.
func (b *begun) CloseWrite() error {
	if half, ok := b.Conn.(interface{ CloseWrite() error }); ok { // TLS
		return half.CloseWrite()
	}
	return nil
}
