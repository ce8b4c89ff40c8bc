package distftp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
	"time"

	"mirrortracker/internal/distftp/control"
)

// A Door is a listener, and what holds for those who come in through it.
type Door struct {
	net.Listener
	control.Door

	// Shared says that somebody else has the listener too (systemd.socket(5)). When the
	// server stops, it is closed at once: whoever connects then waits for the next.
	Shared bool
}

// admit reports doors that the configuration cannot serve.
func (g *generation) admit(doors []Door) error {
	for _, d := range doors {
		if d.Implicit && g.TLS == nil {
			return fmt.Errorf("serve ftp on %s: implicit TLS needs a certificate", d.Addr())
		}
	}
	return nil
}

// open makes these all the doors that there are. It needs the lock.
func (s *Server) open(doors []Door) {
	stay := map[net.Listener]bool{}
	for _, d := range doors {
		_, is := s.doors[d.Listener]
		s.doors[d.Listener], stay[d.Listener] = d, true
		if !is {
			boundBuffers(d.Listener)
			s.work.Go(func() { s.accept(d.Listener) })
		}
	}
	for ln := range s.doors {
		if !stay[ln] {
			s.shutDoor(ln)
		}
	}
}

// shutDoor closes one. It needs the lock.
func (s *Server) shutDoor(ln net.Listener) {
	delete(s.doors, ln)
	if err := ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		s.present.log.Warn("close", "address", ln.Addr().String(), "err", err)
	}
}

// accept lets clients in until the door is shut.
func (s *Server) accept(ln net.Listener) {
	var pause time.Duration
	for {
		s.connections <- struct{}{} // who finds no place there waits outside
		conn, err := ln.Accept()
		if err == nil {
			pause = 0
			s.serve(ln, conn)
			continue
		}
		<-s.connections
		log, open := s.behind(ln)
		switch {
		case !open:
			return
		case errors.Is(err, net.ErrClosed):
			select {
			case s.failed <- fmt.Errorf("serve ftp on %s: %w", ln.Addr(), err):
			default: // another door has failed
			}
			return
		}
		// Out of descriptors, or a client that was gone at once: serving goes on.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		log.Error("accept", "err", err, "pause", pause)
		if !sleep(s.ctx, pause) {
			return
		}
	}
}

// behind reports whether a door is open, and where what happens there is logged.
func (s *Server) behind(ln net.Listener) (*slog.Logger, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, open := s.doors[ln]
	return s.present.log, open
}

// serve begins a session, of the present generation, with a client that came in.
func (s *Server) serve(ln net.Listener, conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	door, open := s.doors[ln]
	if !open {
		conn.Close()
		<-s.connections
		return
	}
	g := s.present
	g.sessions.Add(1)
	s.work.Go(func() {
		defer func() { <-s.connections }()
		defer g.sessions.Done()
		g.engine.Serve(s.ctx, conn, door.Door)
	})
}

// sleep waits, and reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// controlBuffer is what the system may hold of one control connection in each direction,
// in bytes. Left to itself it holds several MiB for a client that sends commands and
// never reads a reply.
const controlBuffer = 64 << 10

// boundBuffers bounds the buffers of all connections that a listener will accept, which
// have what it has. Where that fails they are the system's.
func boundBuffers(ln net.Listener) {
	sc, ok := ln.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, controlBuffer)
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, controlBuffer)
	})
}
