package remote

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"mirrortracker/internal/distftp/auto"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// A candidate is a member of a mirrored directory from which a download can come.
type candidate struct {
	name   string
	server Server      // nil: the local site
	path   mirror.Path // of the file there
	tunnel bool        // no data connection leads past us
	blind  bool        // it is known to have other times than we
	why    string      // it is one
}

// local is our own site.
func local(why string) candidate { return candidate{name: mirrors.Local, why: why} }

// A question is who wants which file of a mirrored directory.
type question struct {
	binding *mirrors.Binding
	path    mirror.Path
	client  netip.Addr
	lot     uint64
	ours    vfs.Entry       // the file as it is here; without a name if there is none
	at      data.Rendezvous // where the client was told to come; nil: to us
}

// order returns who is to be tried, one after the other: who was drawn, who takes its place,
// and at last the local site. Where the client was told to come to a member, it is that which
// was drawn.
func (o *Overlay) order(q *question) []candidate {
	var all []candidate
	if q.binding.Auto() {
		all = o.found(q)
	} else {
		all = o.drawn(q)
	}
	if q.at != nil {
		all = o.met(q, all)
	}
	if !slices.ContainsFunc(all, func(c candidate) bool { return c.server == nil }) {
		all = append(all, local("nobody else is left"))
	}
	return all
}

// drawn returns whom the draw gives, and the default member.
func (o *Overlay) drawn(q *question) []candidate {
	entry := q.binding.Entry
	// The draw is the same whenever the lot is.
	draw := mirrors.NewDraw(rand.NewPCG(q.lot, 0))
	first := draw.Member(entry, func(m *mirrors.Member) string { return o.out(q, m) })
	if first == nil {
		return []candidate{local("no member can be used")}
	}
	all := o.candidate(nil, q, first, fmt.Sprintf("drawn of entry %d", entry.ID))
	if other := entry.Default(); other != nil && other != first && o.out(q, other) == "" {
		all = o.candidate(all, q, other, fmt.Sprintf("the default of entry %d", entry.ID))
	}
	return all
}

// out says why a member cannot be used, "" if it can.
func (o *Overlay) out(q *question, m *mirrors.Member) string {
	if m.Alias == nil {
		return ""
	}
	s, err := o.serverOf(m.Alias)
	if err != nil {
		return err.Error()
	}
	return o.against(q, s)
}

// against says why a server cannot be used, "" if it can.
func (o *Overlay) against(q *question, s Server) string {
	if !s.Usable() {
		h := s.Health()
		return fmt.Sprintf("it rests until %s: %s", h.Until.UTC().Format(time.TimeOnly), h.Reason)
	}
	return o.memory.against(s, q.binding.Dir, q.client)
}

// candidate adds a member to all.
func (o *Overlay) candidate(all []candidate, q *question, m *mirrors.Member, why string) []candidate {
	if m.Alias == nil {
		return append(all, local(why))
	}
	s, err := o.serverOf(m.Alias)
	if err != nil {
		return all
	}
	return append(all, candidate{name: m.Name(), server: s, path: m.Alias.Mirrored(q.path), tunnel: m.Alias.Tunnel, why: why})
}

// mostFound is how many replicas are tried for one transfer.
const mostFound = 2

// found returns the replicas that the tracker knows, the nearest first.
func (o *Overlay) found(q *question) []candidate {
	if o.Auto == nil {
		return nil
	}
	members, err := o.Auto.Members(q.auto())
	if err != nil {
		o.Log.Debug("no replicas are known", "directory", q.binding.Dir, "err", err)
	}
	var all []candidate
	for i := range members {
		m := &members[i]
		s := o.replica(m)
		if len(all) < mostFound && o.against(q, s) == "" {
			all = append(all, candidate{
				name: replicaName(m), server: s, path: m.Path, blind: m.Class == resolver.Blind,
				why: fmt.Sprintf("%s has it, at %.0f km", m.Site, m.Cost),
			})
		}
	}
	return all
}

func (q *question) auto() auto.Question {
	a := auto.Question{Binding: auto.Binding{Dir: q.binding.Dir, URL: q.binding.URL}, Path: q.path, Client: q.client, Size: -1}
	if q.ours.Name != "" {
		a.Size, a.ModTime = q.ours.Size, q.ours.ModTime
	}
	return a
}

// replica returns the server that has one.
func (o *Overlay) replica(m *auto.Member) Server {
	return o.Server(foreign.Server{Host: m.Host, Port: m.Port, TLS: m.TLS}, foreign.Abilities{})
}

// replicaName is what a replica's server is called: replicas have no alias.
func replicaName(m *auto.Member) string {
	return "ftp://" + net.JoinHostPort(m.Host, strconv.Itoa(int(m.Port)))
}

// met puts first whom the client was told to come to: it may be there already.
func (o *Overlay) met(q *question, all []candidate) []candidate {
	at := func(c candidate) bool { return c.server != nil && c.server.Met(q.at) }
	if i := slices.IndexFunc(all, at); i >= 0 {
		return slices.Concat(all[i:i+1], all[:i], all[i+1:])
	}
	if !q.binding.Auto() {
		for _, m := range q.binding.Entry.Members {
			if c := o.candidate(nil, q, m, "the client was told to come there"); len(c) > 0 && at(c[0]) {
				return append(c, all...)
			}
		}
	}
	return all
}

// errOther says that a member has another file than we.
var errOther = errors.New("not the same file")

// same checks that a candidate's file is ours, and holds it against it if it is not.
func (o *Overlay) same(q *question, c candidate) foreign.Check {
	return func(ctx context.Context, conn *foreign.Conn) error {
		theirs, err := conn.Stat(ctx, c.path)
		if err != nil {
			err = reason(err)
		}
		return o.compare(q, c, theirs, err)
	}
}

// compare compares a file with ours; failed is why it could not be looked at.
func (o *Overlay) compare(q *question, c candidate, theirs vfs.Entry, failed error) error {
	why := ""
	switch {
	case failed == nil:
		if c.blind {
			theirs.ModTime = time.Time{}
		}
		why = difference(q.ours, theirs)
	case absent(failed):
		why = "it is not there"
	default:
		return failed
	}
	if why == "" {
		return nil
	}
	o.memory.fault(c.server, mirrors.Fault{Dir: q.binding.Dir, Member: c.name, Path: q.path, Why: why})
	o.Log.Warn("a mirror has not the same file, and is left out for a while", "mirror", c.name, "directory", q.binding.Dir, "file", q.path, "there", c.path, "why", why)
	return fmt.Errorf("%w: %s", errOther, why)
}

// difference says in what a file is not ours, "" if that is not known.
func difference(ours, theirs vfs.Entry) string {
	switch {
	case theirs.Kind != vfs.File:
		return "it is no plain file there"
	case ours.Size != theirs.Size:
		return fmt.Sprintf("it has %d bytes there, not %d", theirs.Size, ours.Size)
	case ours.ModTime.IsZero(), theirs.ModTime.IsZero(), sameTime(ours.ModTime, theirs.ModTime):
		return ""
	}
	return fmt.Sprintf("it is of %s there, not of %s", theirs.ModTime.UTC().Format(time.DateTime), ours.ModTime.UTC().Format(time.DateTime))
}

// sameTime reports whether two times are one to the second, or would be if the servers told
// theirs in UTC, as RFC 3659 wants it: zones are apart by quarters of an hour.
func sameTime(a, b time.Time) bool {
	apart := a.Unix() - b.Unix()
	return apart%(15*60) == 0 && max(apart, -apart) <= 14*60*60
}
