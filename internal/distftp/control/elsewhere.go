package control

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// A Host is a [Planner] that can have clients come to where the bytes are, or may be
// stored.
//
// Expect has a holder elsewhere listen for the client. Its error, of which
// [data.ErrNotDirect] is nothing to be said about, means that the client is to come to us.
type Host interface {
	Planner
	Expect(ctx context.Context, e data.Expectation) (data.Rendezvous, error)
}

// A Summer is a [Planner] that can have checksums computed where the bytes are.
//
// Checksum computes one over those that a request names, by an algorithm that HASH has; the
// flow counts.
type Summer interface {
	Planner
	Checksum(ctx context.Context, r data.Request, algorithm string, flow *data.Flow) ([]byte, error)
}

// An expectation is what the session knows of the transfer that the client will ask for.
type expectation struct {
	path    mirror.Path // of the file, "" if not known
	upload  bool
	appends bool // to the file
	listing bool
	told    bool // by PRET
}

// expect notes one, in place of the last.
func (s *session) expect(e expectation) { s.coming = e }

// lookedAt takes a look at a file for a sign of what will be done with it: most clients
// send SIZE, MDTM or MLST before they fetch one, and some before they store one, which is
// not there then.
func (s *session) lookedAt(p mirror.Path, e vfs.Entry, err error) {
	switch {
	case err == nil && e.Kind == vfs.File:
		s.expect(expectation{path: p})
	case errors.Is(err, fs.ErrNotExist) && s.allow(p, Write) == nil:
		s.expect(expectation{path: p, upload: true})
	}
}

// clientProgram returns which program the client is, as far as it has said so. Many anonymous ones
// give their name in place of a password.
func (s *session) clientProgram() string { return cmp.Or(s.program, s.client.Ident) }

// habit returns who the client is to the memory of habits, and what that knows.
func (s *session) habit() (habitual, habit) {
	who := s.habits.whose(s.place.from, s.clientProgram(), s.client.User)
	return who, s.habits.of(who)
}

// following selects the opinion of following the address that a command names.
func following(verb string) func(*habit) *opinion {
	if verb == "EPSV" {
		return obeying
	}
	return coming
}

// Bounds of what it may take to find the client a place elsewhere: for each try, and how
// many ports may be in use here.
const (
	inviting = 3 * time.Second
	invites  = 3
)

// invite has the client come to where the bytes of the coming transfer are, if it can be
// told what that will be and the client may do so; otherwise it is nil, and says why.
func (s *session) invite(verb string) *data.Invitation {
	host, ok := s.Planner.(Host)
	if !ok {
		return nil
	}
	s.lot = 0
	_, habit := s.habit()
	comes := *following(verb)(&habit)
	now := time.Now()
	e := s.coming
	switch {
	case comes.dislikes(now):
		s.why = "the client does not go to addresses that " + verb + " names"
		return nil
	case e.listing, s.text && !e.told:
		s.why = "a listing was expected"
		return nil
	case s.signs.shy() && !comes.known(now):
		s.why = "the client could be one that refuses other addresses than ours"
		return nil
	case e.path == "" && !comes.known(now):
		s.why = "it was not known which file would be wanted"
		return nil
	}
	offset := s.offset
	if e.appends {
		offset = data.KeepAll
	}
	want := data.Expectation{
		Request: s.request(e.path, offset, s.length), Upload: e.upload,
		Partner: s.partner(), Secure: s.private, Timeout: s.DataTimeout,
		Local: s.local, Ports: s.door.Ports, Comes: comes.known(now),
	}
	s.lot = want.Lot
	for range invites {
		i, err := s.inviteTo(host, want)
		if err == nil {
			return i
		}
		s.why = "no holder could meet the client: " + err.Error()
		if errors.Is(err, data.ErrPort) {
			continue
		}
		if !errors.Is(err, data.ErrNotDirect) && !errors.Is(err, fs.ErrNotExist) { // which the command will tell the client
			s.noise().Warn("client comes here", "path", e.path, "err", err)
		}
		return nil
	}
	s.noise().Warn("client comes here, as rendezvous have ports that are not free here: the port ranges of slaves and master should be the same", "ports", s.door.Ports)
	return nil
}

// errUnroutable says that the client would not reach the rendezvous.
var errUnroutable = errors.New("its address is not one for this client")

func (s *session) inviteTo(host Host, want data.Expectation) (*data.Invitation, error) {
	ctx, cancel := context.WithTimeout(s.ctx, inviting)
	defer cancel()
	there, err := host.Expect(ctx, want)
	if err != nil {
		return nil, err
	}
	ours := s.door.announce(netip.AddrPortFrom(s.local, 0)).Addr()
	if data.Family(there.Addr().Addr()) != data.Family(s.local) || !routable(there.Addr().Addr(), ours) {
		there.Close()
		return nil, errUnroutable
	}
	i, err := data.Invite(ctx, there, want)
	if err != nil {
		there.Close()
		return nil, err
	}
	return i, nil
}

// routable reports whether who reaches us at one address can be expected to reach another,
// and to be ready to go there.
func routable(addr, ours netip.Addr) bool {
	switch {
	case addr.IsUnspecified(), addr.IsMulticast():
		return false
	case addr.IsLoopback():
		return ours.IsLoopback()
	case addr.IsPrivate(), addr.IsLinkLocalUnicast():
		return ours.IsPrivate() || ours.IsLinkLocalUnicast() || ours.IsLoopback()
	}
	return true
}

// request returns what a client wants that now asks for a transfer.
func (s *session) request(p mirror.Path, offset, length int64) data.Request {
	r := data.Request{Path: p, Offset: offset, Length: length, Text: s.text, Client: s.peer, Lot: s.takeLot()}
	if i, ok := s.meeting.(*data.Invitation); ok {
		r.At = i.There()
	}
	return r
}

// takeLot returns the lot that was drawn when the client was told where to come, once, or
// draws another.
func (s *session) takeLot() uint64 {
	lot := s.lot
	s.lot = 0
	if lot == 0 {
		lot = s.Lots()
	}
	return lot
}

// prepare adds to a plan what the session knows of the client.
func (s *session) prepare(plan *data.Plan) {
	plan.Secure = s.dataProtection(plan.Sink != nil || plan.Upload)
	if plan.Holders == nil {
		return
	}
	plan.Text = s.text
	if s.private {
		plan.Protect = &data.Protection{Reverse: s.reversed || s.reversedOnce}
		if s.TLS.RequireReuse {
			plan.Protect.Sessions = s.guard.Names()
		}
	}
	switch s.meeting.(type) {
	case *data.Dialer:
		_, habit := s.habit()
		plan.Wary = !habit.accepts.known(time.Now())
		if picky(s.clientProgram()) || habit.accepts.dislikes(time.Now()) {
			plan.Relay = cmp.Or(plan.Relay, "the client accepts no connections from elsewhere")
		}
	case *data.Listener:
		plan.Relay = cmp.Or(plan.Relay, s.why)
	}
}

// arrived notes how a transfer travelled that has ended with a reply, and learns from it of
// the client's habits.
func (s *session) arrived(t *transfer, reply int) {
	route := t.flow.Route()
	t.Kind, t.Holder = route.Kind, cmp.Or(route.Holder, t.Holder)
	if route.Why != "" {
		t.Why += "; " + route.Why
	}
	if s.aborted || s.broken != nil || s.ctx.Err() != nil || errors.Is(t.err, data.ErrHolder) {
		return // of which nothing can be learnt
	}
	who, habit := s.habit()
	moved := t.flow.Moved()
	switch t.at.(type) {
	case *data.Invitation:
		if route.Kind != "" || reply == 425 {
			s.habits.learn(who, following(t.Mode), route.Away && reply != 522)
		}
	case *data.Dialer:
		switch {
		case !route.Away:
		case moved > unread, moved > 0 && t.err == nil:
			s.habits.learn(who, accepting, true)
		case reply == 426, reply == 522, moved == 0 && t.Direction() == Upload && !habit.accepts.known(time.Now()):
			s.habits.learn(who, accepting, false)
		}
	}
}

// unread is more than a holder may have sent before it learns that the client has closed the
// connection without reading any of it.
const unread = 8 << 20

// unmet learns from a client that was told to come elsewhere and asks for something else
// than a transfer, or leaves: some refuse to go there.
func (s *session) unmet() {
	if _, ok := s.meeting.(*data.Invitation); ok && !s.tried && s.ctx.Err() == nil && !s.draining() {
		who, _ := s.habit()
		s.habits.learn(who, following(s.mode), false)
	}
}
