package control

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"mirrortracker/internal/distftp/data"
)

// passive answers PASV, which can only speak of IPv4 (RFC 959, 4.1.2).
func (s *session) passive(string) {
	if s.epsvAll {
		s.refuseAfterAll()
		return
	}
	if !s.local.Is4() {
		s.out.reply(425, "PASV cannot name an address of this connection's family, use EPSV")
		return
	}
	addr, ok := s.listen("PASV", true)
	if ok {
		s.out.reply(227, "Entering Passive Mode ("+string(data.AppendPasv(nil, addr))+")")
	}
}

// extendedPassive answers EPSV (RFC 2428, 3 and 4).
func (s *session) extendedPassive(arg string) {
	arg = strings.TrimSpace(arg)
	switch {
	case strings.EqualFold(arg, "ALL"):
		s.epsvAll = true
		s.out.reply(200, "From now on EPSV alone is accepted")
		return
	case !s.local.IsValid():
		s.out.reply(425, "Not possible on this connection")
		return
	case arg != "" && arg != "1" && arg != "2":
		if strings.Trim(arg, "0123456789") != "" {
			s.out.reply(501, "EPSV takes 1, 2 or ALL")
			return
		}
		s.refuseFamily()
		return
	case arg != "" && arg != fmt.Sprint(data.Family(s.local)):
		s.refuseFamily()
		return
	}
	addr, ok := s.listen("EPSV", s.cepr)
	switch {
	case ok && s.cepr:
		s.out.reply(229, fmt.Sprintf("Entering Extended Passive Mode (|%d|%s|%d|)", data.Family(addr.Addr()), addr.Addr(), addr.Port()))
	case ok:
		s.out.reply(229, fmt.Sprintf("Entering Extended Passive Mode (|||%d|)", addr.Port()))
	}
}

// customExtended answers CEPR: whether EPSV is to name an address, which RFC 2428 forbids
// and clients that ask for it honour. lftp asks before the login, and then understands
// nothing else.
func (s *session) customExtended(arg string) {
	switch strings.ToUpper(strings.TrimSpace(arg)) {
	case "ON":
		s.cepr = true
		s.out.reply(200, "EPSV names an address")
	case "OFF":
		s.cepr = false
		s.out.reply(200, "EPSV names no address")
	default:
		s.out.reply(501, "CEPR takes ON or OFF")
	}
}

// listen opens a listener in place of the last one, elsewhere if its address is told and
// the bytes will be there, and returns the address that the client is to know.
func (s *session) listen(verb string, told bool) (netip.AddrPort, bool) {
	s.dropMeeting()
	s.why = "EPSV names no address"
	if told {
		if i := s.invite(verb); i != nil {
			s.listens(verb, i)
			return i.Addr(), true
		}
	}
	l, err := data.Listen(s.ctx, s.local, s.door.Ports, s.partner(), s.DataTimeout)
	if errors.Is(err, data.ErrNoPort) && s.place.freePort() {
		l, err = data.Listen(s.ctx, s.local, s.door.Ports, s.partner(), s.DataTimeout)
	}
	if err != nil {
		s.noise().Error("no data port", "err", err)
		s.out.reply(425, "No port for the data connection")
		return netip.AddrPort{}, false
	}
	s.listens(verb, l)
	return s.door.announce(l.Addr()), true
}

// listens makes a meeting that the client comes to the one of the next transfer.
func (s *session) listens(verb string, m data.Meeting) {
	s.meeting, s.mode, s.tried = m, verb, false
	s.place.listens(m)
}

// partner says who may take part in the session's data connections.
func (s *session) partner() data.Partner {
	return data.Partner{
		Peer: s.peer, Local: netip.AddrPortFrom(s.local, port(s.conn.LocalAddr())), Foreign: s.account.Foreign,
		Stranger: func(from netip.Addr) { s.noise().Warn("data connection from elsewhere", "from", from) },
	}
}

// port answers PORT (RFC 959, 4.1.2).
func (s *session) port(arg string) {
	if s.epsvAll {
		s.refuseAfterAll()
		return
	}
	addr, err := data.ParsePort(strings.TrimSpace(arg))
	s.dial("PORT", addr, err)
}

// extendedPort answers EPRT (RFC 2428, 2).
func (s *session) extendedPort(arg string) {
	if s.epsvAll {
		s.refuseAfterAll()
		return
	}
	addr, err := data.ParseEprt(strings.TrimSpace(arg))
	if err == nil && data.Family(addr.Addr()) != data.Family(s.local) {
		err = data.ErrFamily
	}
	s.dial("EPRT", addr, err)
}

// dial notes where the client listens, if it may. A client that names no address, as lftp
// does with EPRT on the loopback interface, listens at its own.
func (s *session) dial(verb string, addr netip.AddrPort, err error) {
	if err == nil && addr.Addr().IsUnspecified() {
		addr = netip.AddrPortFrom(s.peer, addr.Port())
	}
	if err == nil {
		err = s.partner().Admit(addr)
	}
	switch {
	case errors.Is(err, data.ErrFamily):
		s.refuseFamily()
	case errors.Is(err, data.ErrSyntax):
		s.out.reply(501, verb+" needs an argument: "+s.commands[verb].syntax)
	case err != nil:
		s.noise().Warn("data address refused", "err", err)
		s.out.reply(500, "Illegal "+verb+" command: only your own address and ports from 1024 on")
	default:
		s.dropMeeting()
		s.meeting, s.mode = data.Dial(s.local, addr, s.DataTimeout), verb
		s.out.reply(200, verb+" command successful")
	}
}

func (s *session) refuseFamily() {
	s.out.reply(522, fmt.Sprintf("Network protocol not supported, use (%d)", data.Family(s.local)))
}

// refuseAfterAll answers what RFC 2428, 4, forbids after EPSV ALL.
func (s *session) refuseAfterAll() {
	s.out.reply(503, "Not allowed after EPSV ALL")
}
