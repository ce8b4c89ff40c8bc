package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// buffer is how much is read at once where bytes must pass through this process.
const buffer = 128 << 10

// sendfile sends the rest of a file without its bytes passing through this process:
// [net.TCPConn] recognises a limited [os.File] and uses sendfile(2). Connections under
// TLS get them encrypted.
func sendfile(ctx context.Context, conn net.Conn, file *os.File, flow *Flow) error {
	if _, ok := conn.(*net.TCPConn); !ok {
		_, err := io.CopyBuffer(flowing{ctx, conn, flow}, faults{file}, make([]byte, buffer)) // to be encrypted
		return err
	}
	position, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSource, err)
	}
	for {
		most, err := flow.next(ctx)
		if err != nil {
			return err
		}
		if err := conn.SetWriteDeadline(time.Now().Add(flow.Stall)); err != nil {
			return err
		}
		n, err := io.Copy(conn, &io.LimitedReader{R: file, N: most})
		flow.did(n)
		position += n
		switch {
		case err == nil && n < most:
			return nil
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && n > 0 && at(file, position):
			// Slow, but not stalled: go on.
		case errors.Is(err, syscall.EIO):
			return fmt.Errorf("%w: %w", ErrSource, err)
		default:
			return err
		}
	}
}

// at reports whether the file's position is where the connection's is. It is ahead
// where the kernel could not do the copying and a buffer was lost with the deadline.
func at(file *os.File, want int64) bool {
	pos, err := file.Seek(0, io.SeekCurrent)
	return err == nil && pos == want
}
