package main

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a server may say nothing.
const patience = time.Minute

// A socket is a TCP connection whose calls block their thread, which takes fewer system
// calls and wakes sooner than Go's poller. It is a [net.Conn] as far as package tls needs one.
type socket int

// dial connects to a server, from an address of the loopback interface.
func dial(from netip.Addr, to netip.AddrPort) (s socket, err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	limit := unix.NsecToTimeval(patience.Nanoseconds())
	err = errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1),
		unix.Bind(fd, &unix.SockaddrInet4{Addr: from.As4()}),
		untilDone(func() error {
			return unix.Connect(fd, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())})
		}),
	)
	if err != nil {
		unix.Close(fd)
		return 0, os.NewSyscallError("connect", err)
	}
	return socket(fd), nil
}

// untilDone repeats a call that a signal has interrupted, such as the Go runtime sends.
func untilDone(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

func (s socket) Read(b []byte) (n int, err error) { return s.receive(b, 0) }

func (s socket) receive(b []byte, flags int) (n int, err error) {
	err = untilDone(func() (err error) {
		n, _, err = unix.Recvfrom(int(s), b, flags)
		return err
	})
	switch {
	case err != nil:
		return 0, os.NewSyscallError("recv", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func (s socket) Write(b []byte) (sent int, err error) {
	for sent < len(b) {
		n, err := unix.Write(int(s), b[sent:])
		if err != nil && err != unix.EINTR {
			return sent, os.NewSyscallError("write", err)
		}
		sent += max(n, 0)
	}
	return sent, nil
}

// scratch gives recv(2) a length; nothing is ever written there.
var scratch = make([]byte, 1<<20)

// discard lets the kernel throw away all that comes, and returns how much it was.
func (s socket) discard() (total int64, err error) {
	for {
		n, err := s.receive(scratch, unix.MSG_TRUNC)
		total += int64(n)
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

func (s socket) Close() error { return unix.Close(int(s)) }

// The rest of net.Conn.
func (s socket) LocalAddr() net.Addr              { return nil }
func (s socket) RemoteAddr() net.Addr             { return nil }
func (s socket) SetDeadline(time.Time) error      { return nil }
func (s socket) SetReadDeadline(time.Time) error  { return nil }
func (s socket) SetWriteDeadline(time.Time) error { return nil }
