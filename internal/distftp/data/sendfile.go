package data

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// step is how much is handed to the kernel at once. It bounds how late a stall is
// noticed, not how slow a client may be.
const step = 16 << 20

// buffer is how much is read at once where bytes must pass through this process.
const buffer = 128 << 10

// sendfile sends the rest of a file without its bytes passing through this process:
// [net.TCPConn] recognises a limited [os.File] and uses sendfile(2). Connections under
// TLS get them encrypted.
func sendfile(conn net.Conn, file *os.File, stall time.Duration) (int64, error) {
	if _, ok := conn.(*net.TCPConn); !ok {
		w := &patient{conn: conn, stall: stall} // to be encrypted
		_, err := io.CopyBuffer(w, faults{file}, make([]byte, buffer))
		return w.n, err
	}
	begin, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrSource, err)
	}
	var total int64
	for {
		if err := conn.SetWriteDeadline(time.Now().Add(stall)); err != nil {
			return total, err
		}
		n, err := io.Copy(conn, &io.LimitedReader{R: file, N: step})
		total += n
		switch {
		case err == nil && n < step:
			return total, nil
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && n > 0 && at(file, begin+total):
			// Slow, but not stalled: go on.
		case errors.Is(err, syscall.EIO):
			return total, fmt.Errorf("%w: %w", ErrSource, err)
		default:
			return total, err
		}
	}
}

// at reports whether the file's position is where the connection's is. It is ahead
// where the kernel could not do the copying and a buffer was lost with the deadline.
func at(file *os.File, want int64) bool {
	pos, err := file.Seek(0, io.SeekCurrent)
	return err == nil && pos == want
}
