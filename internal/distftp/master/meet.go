package master

import (
	"net/netip"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/wire"
)

// whereTo says in the words of the link where the client is met, and at which slave if not
// at s itself.
func whereTo(where data.Meeting, s *slave, o *data.Order) (meet wire.Meeting, via *slave, err error) {
	meet = wire.Meeting{Timeout: o.Timeout}
	secure := o.Secure != nil
	if secure {
		meet.Secure, meet.Reverse, meet.Session = true, o.Secure.Reverse, o.Secure.Sessions
	}
	met := s
	switch w := where.(type) {
	case *data.Dialer:
		meet.Dial = w.To()
		if !dials(s.at(w.To().Addr()), w.To().Addr()) {
			return meet, nil, data.ErrNotDirect
		}
	case *rendezvous:
		meet.Listener = w.Listening.Listener
		if w.slave != s {
			via, met = w.slave, w.slave
		}
	default:
		return meet, nil, data.ErrNotDirect
	}
	if secure && !meet.Reverse && !met.certified.Load() {
		return meet, nil, data.ErrNotDirect
	}
	return meet, via, nil
}

// dials reports whether a slave at an address can be expected to reach a client. What means
// a host of one network alone must not be tried from another: it may be somebody else there.
func dials(slave, client netip.Addr) bool {
	switch {
	case !slave.IsValid(), client.IsLinkLocalUnicast():
		return false
	case client.IsLoopback(), slave.IsLoopback():
		return client.IsLoopback() && slave.IsLoopback()
	case client.IsPrivate():
		return slave.IsPrivate()
	}
	return true
}

// invites reports whether a client can be expected to reach a slave's address.
func invites(slave, client netip.Addr) bool {
	switch {
	case !slave.IsValid(), slave.IsLinkLocalUnicast():
		return false
	case slave.IsLoopback():
		return client.IsLoopback()
	case slave.IsPrivate():
		return client.IsPrivate() || client.IsLoopback()
	}
	return true
}
