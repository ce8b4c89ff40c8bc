package link

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"mirrortracker/internal/distftp/authority"
	"mirrortracker/internal/distftp/identity"
	"mirrortracker/internal/distftp/mux"
	"mirrortracker/internal/distftp/wire"
)

// A ServerConfig is what a master takes slaves in with.
type ServerConfig struct {
	Identity  *identity.Identity // the master's
	Authority *authority.Authority
	Masters   func(ctx context.Context) ([]string, error) // where the masters that run listen for slaves
	Log       *slog.Logger

	// Joined is called with each link, and ctx ends with it. When it returns the link is
	// closed. For one slave there is one call at a time.
	Joined func(ctx context.Context, l *Link)

	// Refused, if not nil, is told of each that was not let in.
	Refused func(Refusal)
}

// A Refusal is about somebody who came as a slave and was not let in.
type Refusal struct {
	Name   string // what it says it is; "" where it says nothing
	Known  bool   // it has a certificate for that name by the authority, though it may have expired
	Addr   netip.AddrPort
	Reason error
}

// ErrTaken says that there is a slave of this name, and that it answers.
var ErrTaken = errors.New("a slave of this name is linked, from elsewhere, and answers: its identity may have been copied")

// Bounds of those that are not slaves yet.
const (
	maxStrangers = 64 // at a time
	takenTimeout = 2 * time.Second
	noteTimeout  = 5 * time.Second  // for the database
	goneTimeout  = 10 * time.Second // for what a link that ended has left to do
)

// lookAgain is how often it is asked whether slaves are still what they were, and where the
// masters are.
const (
	lookAgain = 10 * time.Second
	tendAgain = time.Hour // for what is the master's own
)

// A Server takes in slaves.
type Server struct {
	ServerConfig
	again     time.Duration
	epochs    atomic.Uint64
	strangers chan struct{}

	mu    sync.Mutex
	links map[string]*Link
}

// NewServer returns a server.
func NewServer(c ServerConfig) *Server {
	return &Server{ServerConfig: c, again: lookAgain, strangers: make(chan struct{}, maxStrangers), links: map[string]*Link{}}
}

// A Link is a slave that is there. Its client's methods fail with [wire.ErrLink] when it
// is not any more.
type Link struct {
	*wire.Client
	Name  string
	Epoch uint64 // greater than that of all links before, at this master
	Addr  netip.AddrPort

	server *Server
	cert   *x509.Certificate
	asking *mux.Client
	gone   chan struct{} // closed when Joined has returned
}

// Close ends the link. If there is a reason, the slave is told, and it is reported as a
// refusal.
func (l *Link) Close(reason error) {
	if reason != nil {
		l.server.refuse(l.asking, Refusal{Name: l.Name, Known: true, Addr: l.Addr, Reason: reason})
	}
	l.asking.Close()
}

// Done returns a channel that is closed with the link.
func (l *Link) Done() <-chan struct{} { return l.asking.Done() }

// Serve takes in who comes to a listener until ctx ends, and closes it. All links end
// with it.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	work.Go(func() { s.tend(ctx) })
	config := s.tls()
	var pause time.Duration
	for {
		select {
		case s.strangers <- struct{}{}: // who finds no place there waits outside
		case <-ctx.Done():
			return nil
		}
		conn, err := ln.Accept()
		if err == nil {
			pause = 0
			work.Go(func() { s.receive(ctx, tls.Server(conn, config)) })
			continue
		}
		<-s.strangers
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("take in slaves at %s: %w", ln.Addr(), err)
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		s.Log.Error("accept a slave", "err", err, "pause", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// tls asks for a certificate on links, and for none at enrolment.
func (s *Server) tls() *tls.Config {
	links := s.Identity.Server()
	links.NextProtos = []string{identity.LinkProtocol}
	links.SessionTicketsDisabled = true // each link shows what it is anew
	enrolment := links.Clone()
	enrolment.NextProtos = []string{identity.EnrollProtocol}
	enrolment.ClientAuth = tls.NoClientCert
	config := links.Clone()
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == identity.EnrollProtocol {
			return enrolment, nil
		}
		return links, nil
	}
	return config
}

// receive takes in one connection. It has a place among the strangers, until it is known
// who it is.
func (s *Server) receive(ctx context.Context, conn *tls.Conn) {
	stranger := sync.OnceFunc(func() { <-s.strangers })
	defer stranger()
	defer conn.Close()
	addr, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	shaking, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := conn.HandshakeContext(shaking); err != nil {
		name, known := s.claimed(err)
		s.report(Refusal{Name: name, Known: known, Addr: addr, Reason: fmt.Errorf("TLS: %w", err)})
		return
	}
	state := conn.ConnectionState()
	switch state.NegotiatedProtocol {
	case identity.EnrollProtocol:
		s.enroll(shaking, conn, addr)
	case identity.LinkProtocol:
		s.link(ctx, conn, &Link{Addr: addr, server: s, cert: state.PeerCertificates[0]}, stranger)
	default:
		s.report(Refusal{Addr: addr, Reason: errors.New("it speaks no protocol of ours")})
	}
}

// claimed returns the name in a certificate that was not accepted, and whether it is true.
func (s *Server) claimed(err error) (name string, known bool) {
	e, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(e.UnverifiedCertificates) == 0 {
		return "", false
	}
	cert := e.UnverifiedCertificates[0]
	if name, err = identity.SlaveOf(cert); err != nil {
		return "", false
	}
	return name, s.Identity.Issued(cert)
}

// report tells of a refusal. Only of those that are or were slaves it is written down, so
// that strangers can fill no table.
func (s *Server) report(r Refusal) {
	s.Log.Warn("slave refused", "name", r.Name, "addr", r.Addr, "reason", r.Reason)
	if r.Known {
		ctx, cancel := context.WithTimeout(context.Background(), noteTimeout)
		defer cancel()
		if err := s.Authority.NoteRefusal(ctx, r.Name, r.Addr.Addr(), r.Reason); err != nil {
			s.Log.Warn("a refusal is not written down", "err", err)
		}
	}
	if s.Refused != nil {
		s.Refused(r)
	}
}

// refuse tells a slave why it is not wanted, and reports it.
func (s *Server) refuse(slave http.RoundTripper, r Refusal) {
	s.report(r)
	ctx, cancel := context.WithTimeout(context.Background(), takenTimeout)
	defer cancel()
	_ = tell(ctx, slave, pathRefusal, refusal{Reason: r.Reason.Error()}) // it may be gone
}

// link begins a link, and serves it to its end.
func (s *Server) link(ctx context.Context, conn net.Conn, l *Link, known func()) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.asking = mux.NewClient(conn, patience)
	defer l.asking.Close()
	l.Client = wire.NewClient(l.asking)
	beginning, done := context.WithTimeout(ctx, handshakeTimeout)
	defer done()
	timely := context.AfterFunc(beginning, func() { l.asking.Close() })
	name, err := s.Authority.Check(beginning, l.cert)
	l.Name = name
	if err == nil {
		err = s.enter(beginning, l)
	}
	if err != nil {
		s.refuse(l.asking, Refusal{Name: name, Known: name != "", Addr: l.Addr, Reason: err})
		return
	}
	defer s.leave(l)
	masters, err := s.greet(beginning, l, nil)
	if !timely() || err != nil {
		s.report(Refusal{Name: name, Known: true, Addr: l.Addr, Reason: fmt.Errorf("it does not answer: %w", err)})
		return
	}
	known()
	context.AfterFunc(ctx, func() { l.asking.Close() })
	var work sync.WaitGroup
	defer work.Wait()
	defer l.asking.Close()
	work.Go(func() {
		<-l.asking.Done()
		cancel()
	})
	work.Go(func() { s.look(ctx, l, masters) })
	s.Joined(ctx, l)
}

// enter makes a link that of its slave. Another one stays if its slave answers.
func (s *Server) enter(ctx context.Context, l *Link) error {
	l.gone = make(chan struct{})
	for {
		s.mu.Lock()
		old := s.links[l.Name]
		if old == nil {
			l.Epoch = s.epochs.Add(1)
			s.links[l.Name] = l
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		asking, cancel := context.WithTimeout(ctx, takenTimeout)
		err := old.Ping(asking)
		cancel()
		if err == nil {
			return fmt.Errorf("%w (%s)", ErrTaken, old.Addr)
		}
		old.asking.Close()
		select {
		case <-old.gone:
		case <-time.After(goneTimeout):
			return errors.New("the link before is still being ended")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// doors are where slaves find masters.
func (s *Server) doors(ctx context.Context) ([]string, error) {
	running, err := s.Masters(ctx)
	if err != nil {
		return nil, err
	}
	return s.Authority.Doors(ctx, append(running, s.Identity.Name()))
}

func (s *Server) leave(l *Link) {
	s.mu.Lock()
	delete(s.links, l.Name)
	s.mu.Unlock()
	close(l.gone)
}
