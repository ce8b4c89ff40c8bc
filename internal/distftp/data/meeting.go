package data

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Meeting is where the client and the holder of the bytes will connect.
//
// Meet waits for the data connection and returns it; it is called at most once.
// Close ends a meeting that has not taken place, and a Meet that is under way; it
// may be called any number of times and leaves alone a connection that Meet returned.
type Meeting interface {
	Meet(ctx context.Context) (net.Conn, error)
	Close() error
}

// A Listener is a meeting that the client comes to.
type Listener struct {
	ln      *net.TCPListener
	partner Partner
	timeout time.Duration
}

// Listen opens a listener at local, the address at which the client reached us, on
// a random port of a range, for one connection. Meet will wait for it no longer than
// timeout.
func Listen(ctx context.Context, local netip.Addr, ports Ports, partner Partner, timeout time.Duration) (*Listener, error) {
	ln, err := ports.listen(ctx, local)
	if err != nil {
		return nil, fmt.Errorf("listen for a data connection: %w", err)
	}
	return &Listener{ln: ln.(*net.TCPListener), partner: partner, timeout: timeout}, nil
}

// Addr returns the address that the client is to connect to.
func (l *Listener) Addr() netip.AddrPort {
	return l.ln.Addr().(*net.TCPAddr).AddrPort()
}

// Meet waits for the client.
func (l *Listener) Meet(ctx context.Context) (net.Conn, error) {
	if err := l.within(l.timeout); err != nil {
		return nil, fmt.Errorf("await data connection: %w", err)
	}
	return l.accept(ctx)
}

// within bounds for how long the client is waited for from now on.
func (l *Listener) within(timeout time.Duration) error {
	return l.ln.SetDeadline(time.Now().Add(timeout))
}

// accept waits for the client. Connections from other addresses are closed without a word
// to them, so that nobody can take the client's place by being faster.
func (l *Listener) accept(ctx context.Context) (net.Conn, error) {
	defer l.Close()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		conn, err := l.ln.AcceptTCP()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil, fmt.Errorf("await data connection: %w", ctx.Err())
		}
		if err != nil {
			return nil, fmt.Errorf("await data connection: %w", err)
		}
		from := conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr()
		if l.partner.may(from) {
			return conn, nil
		}
		conn.Close()
		if l.partner.Stranger != nil {
			l.partner.Stranger(from)
		}
	}
}

// queued reports whether somebody has connected who was not accepted yet.
func (l *Listener) queued() (yes bool) {
	raw, err := l.ln.SyscallConn()
	if err != nil {
		return false
	}
	err = raw.Control(func(fd uintptr) {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		yes = n > 0 && err == nil
	})
	return yes && err == nil
}

// Close stops listening.
func (l *Listener) Close() error { return l.ln.Close() }

// A Dialer is a meeting that we go to.
type Dialer struct {
	local   netip.Addr
	to      netip.AddrPort
	timeout time.Duration
}

// Dial names the address that the client listens at. Meet will connect to it from
// local, the address at which the client reached us and from which it expects us,
// within timeout.
func Dial(local netip.Addr, to netip.AddrPort, timeout time.Duration) *Dialer {
	return &Dialer{local: local, to: to, timeout: timeout}
}

// To returns the address that the client listens at.
func (d *Dialer) To() netip.AddrPort { return d.to }

// Meet connects to the client.
func (d *Dialer) Meet(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{
		Timeout:   d.timeout,
		LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(d.local, 0)),
		Control:   bindLater,
	}
	conn, err := dialer.DialContext(ctx, "tcp", d.to.String())
	if err != nil {
		return nil, fmt.Errorf("open data connection: %w", err)
	}
	return conn, nil
}

// bindLater has the kernel choose our port when it knows the client's. Before that it would
// look for one that no connection had within the last minute, which takes long where there
// were thousands, and fails where there were more than ports.
func bindLater(_, _ string, raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) {
		// Without effect it is slower.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
}

// Close has nothing to give back.
func (d *Dialer) Close() error { return nil }
