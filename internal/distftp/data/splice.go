package data

import (
	"context"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pipeSize is how much is on its way through this process in one spliced transfer; it is
// what any user may ask for (fs.pipe-max-size).
const pipeSize = 1 << 20

// splice moves bytes from one connection to another without their passing through this
// process (splice(2)): into a pipe and out of it. [io.Copy] would do so, too, but loses what
// is in the pipe when a deadline passes.
func splice(ctx context.Context, to, from *net.TCPConn, flow *Flow, quota *Quota) error {
	in, err := from.SyscallConn()
	if err != nil {
		return &sideError{true, err}
	}
	out, err := to.SyscallConn()
	if err != nil {
		return &sideError{false, err}
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return os.NewSyscallError("pipe2", err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	size, err := unix.FcntlInt(uintptr(pipe[1]), unix.F_SETPIPE_SZ, pipeSize)
	if err != nil {
		size = 64 << 10 // that of every pipe
	}
	for {
		most, err := flow.portion(ctx, int64(size), quota)
		if err != nil {
			return err
		}
		if err := from.SetReadDeadline(time.Now().Add(flow.Stall)); err != nil {
			return &sideError{true, err}
		}
		n, err := spliceOnce(in.Read, most, func(fd, most int) (int64, error) {
			return unix.Splice(fd, nil, pipe[1], nil, most, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
		})
		if err != nil {
			return &sideError{true, err}
		}
		if n == 0 {
			return nil
		}
		if err := quota.Take(n); err != nil {
			return err
		}
		for n > 0 {
			if err := to.SetWriteDeadline(time.Now().Add(flow.Stall)); err != nil {
				return &sideError{false, err}
			}
			written, err := spliceOnce(out.Write, n, func(fd, most int) (int64, error) {
				return unix.Splice(pipe[0], nil, fd, nil, most, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
			})
			if err != nil {
				return &sideError{false, err}
			}
			flow.Count(written)
			n -= written
		}
	}
}

// spliceOnce does one splice as soon as the connection is ready for it.
func spliceOnce(ready func(func(fd uintptr) bool) error, most int64, do func(fd, most int) (int64, error)) (int64, error) {
	var n int64
	var failure error
	err := ready(func(fd uintptr) bool {
		for {
			n, failure = do(int(fd), int(most))
			if failure != unix.EINTR {
				return failure != unix.EAGAIN
			}
		}
	})
	if err == nil {
		err = os.NewSyscallError("splice", failure)
	}
	return n, err
}
