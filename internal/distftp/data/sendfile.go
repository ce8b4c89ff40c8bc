package data

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Sizes of what is sent at once.
const (
	// buffer is how much is read at once where bytes must pass through this process.
	buffer = 128 << 10

	// unsent is how much waits in the kernel for its turn to be sent, besides what is on
	// its way to the client. More of it would make nothing faster, but leave the caches of
	// the processor before it is sent.
	unsent = 256 << 10

	// large is how much one sendfile(2) may send where no rate is kept to. It ends early
	// where the client takes less.
	large = 16 << 20
)

// sendfile sends the rest of a file without its bytes passing through this process
// (sendfile(2)). Connections under TLS get them encrypted.
func sendfile(ctx context.Context, conn net.Conn, file *os.File, flow *Flow) error {
	tcp, ok := bare(conn).(*net.TCPConn)
	if !ok {
		return copyFile(ctx, conn, file, flow)
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	// Without effect it is slower.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsent)
	})
	if conn != tcp {
		return copyFile(ctx, conn, file, flow)
	}
	from := int(file.Fd())
	var most int64
	var n int
	var failure error
	var wait briefly
	send := func(fd uintptr) (done bool) {
		for {
			n, failure = unix.Sendfile(int(fd), from, nil, int(most))
			if failure != unix.EAGAIN || !wait.writable(int(fd)) {
				return failure != unix.EAGAIN
			}
		}
	}
	for begun := false; ; begun = true {
		var err error
		if most, err = flow.next(ctx, large); err != nil {
			return err
		}
		if err := conn.SetWriteDeadline(time.Now().Add(flow.Stall)); err != nil {
			return err
		}
		if err := raw.Write(send); err != nil {
			return err
		}
		switch {
		case failure == unix.EINTR:
		case failure == unix.EINVAL && !begun: // a file system that does not have it
			return copyFile(ctx, conn, file, flow)
		case failure == unix.EIO:
			return fmt.Errorf("%w: %w", ErrSource, failure)
		case failure != nil:
			return os.NewSyscallError("sendfile", failure)
		case n == 0:
			return nil
		default:
			flow.Count(int64(n))
		}
	}
}

// copyFile sends the rest of a file through this process.
func copyFile(ctx context.Context, conn net.Conn, file *os.File, flow *Flow) error {
	_, err := io.CopyBuffer(flowing{ctx, conn, flow}, faults{file}, make([]byte, buffer))
	return err
}

// bare is the connection beneath TLS, or the connection itself.
func bare(conn net.Conn) net.Conn {
	if secure, ok := conn.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return conn
}
