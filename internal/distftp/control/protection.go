package control

import (
	"context"
	"net"
	"strings"
	"time"

	"mirrortracker/internal/distftp/guard"
)

// authenticate answers AUTH (RFC 4217, 4). The login begins anew under TLS, and nothing
// that was said before counts any more, since anybody may have said it.
func (s *session) authenticate(arg string) {
	mechanism := strings.ToUpper(strings.TrimSpace(arg))
	switch {
	case s.tls == nil:
		s.refuseFeature(arg)
		return
	case mechanism != "TLS" && mechanism != "TLS-C" && mechanism != "SSL" && mechanism != "TLS-P":
		s.out.reply(504, "Only AUTH TLS is supported")
		return
	case s.guard != nil:
		s.out.reply(503, "The connection is under TLS already")
		return
	case s.in.more() || len(s.queue) > 0:
		// Somebody on the way could have put it there, to be taken for the client's.
		s.out.reply(503, "Nothing may follow AUTH before it is answered")
		return
	}
	s.out.reply(234, "Go on with the TLS handshake")
	if s.out.flush() != nil {
		s.over = true
		return
	}
	if !s.protect() {
		s.over = true
		return
	}
	s.client.Protection = Explicit
	s.Observer.Observe(&Protected{&s.client})
	s.reinitialize()
	s.host = ""
	s.private = mechanism == "SSL" || mechanism == "TLS-P"
}

// protect puts TLS on the control connection.
func (s *session) protect() bool {
	if err := s.tickets.renew(s.tls, s.TLS.Tickets); err != nil {
		s.log.Error("no new keys for session tickets", "err", err)
	}
	g := guard.New(s.tls)
	limit := s.LoginTimeout
	if !s.loggedIn {
		limit = time.Until(s.loginBy) // the handshake is part of the login
	}
	secure, err := g.Control(s.ctx, s.conn, limit)
	if err != nil {
		s.noise().Info("no TLS", "err", err)
		return false
	}
	s.guard, s.conn, s.in = g, secure, lines{}
	s.out.use(timedConn{s.ctx, secure, s.DataTimeout})
	return true
}

// bufferSize answers PBSZ (RFC 4217, 8), which means nothing under TLS.
func (s *session) bufferSize(arg string) {
	switch {
	case s.guard == nil:
		s.out.reply(503, "AUTH TLS first")
	case strings.Trim(strings.TrimSpace(arg), "0123456789") != "":
		s.out.reply(501, "PBSZ needs a number: 0")
	default:
		s.out.reply(200, "PBSZ=0")
	}
}

// protection answers PROT (RFC 4217, 9). It does not insist on PBSZ before.
func (s *session) protection(arg string) {
	level := strings.ToUpper(strings.TrimSpace(arg))
	switch {
	case s.guard == nil:
		s.out.reply(503, "AUTH TLS first")
	case level == "P":
		s.private = true
		s.out.reply(200, "Data connections are private")
	case level == "C" && s.TLS.RequireData:
		s.out.reply(534, "Data connections must be private: PROT P")
	case level == "C":
		s.private = false
		s.out.reply(200, "Data connections are clear")
	case level == "S", level == "E":
		s.out.reply(536, "Only PROT C and P are possible with TLS")
	default:
		s.out.reply(504, "Only PROT C and P are supported")
	}
}

// clearCommands answers CCC (RFC 4217, 6): what was private stays so.
func (s *session) clearCommands(string) {
	if s.guard == nil {
		s.out.reply(533, "The connection is not under TLS")
		return
	}
	s.out.reply(534, "The control connection stays under TLS")
}

// securedClient answers SSCN: who plays the client in the TLS handshakes of data
// connections. With another server on the other end one of the two must.
func (s *session) securedClient(arg string) {
	switch arg = strings.ToUpper(strings.TrimSpace(arg)); {
	case s.guard == nil:
		s.out.reply(503, "AUTH TLS first")
		return
	case arg == "ON":
		s.reversed = true
	case arg == "OFF":
		s.reversed = false
	case arg != "":
		s.out.reply(501, "SSCN takes ON or OFF")
		return
	}
	if s.reversed {
		s.out.reply(200, "SSCN:CLIENT METHOD")
		return
	}
	s.out.reply(200, "SSCN:SERVER METHOD")
}

// clientPassive answers CPSV: PASV, for a data connection at which we play the client in
// the TLS handshake.
func (s *session) clientPassive(arg string) {
	if s.guard == nil || !s.private {
		s.out.reply(503, "AUTH TLS and PROT P first")
		return
	}
	s.passive(arg)
	if s.meeting != nil {
		s.reversedOnce, s.mode = true, "CPSV"
	}
}

// dataProtection returns what puts TLS on the next data connection, to which the client
// sends if upload is set: nil for a clear one.
func (s *session) dataProtection(upload bool) func(context.Context, net.Conn) (net.Conn, error) {
	if !s.private {
		return nil
	}
	g, reversed, reuse, limit := s.guard, s.reversed || s.reversedOnce, s.TLS.RequireReuse, s.DataTimeout
	return func(ctx context.Context, conn net.Conn) (net.Conn, error) {
		if reversed {
			return guard.AsClient(ctx, conn, limit)
		}
		return g.Data(ctx, conn, limit, reuse, upload)
	}
}
