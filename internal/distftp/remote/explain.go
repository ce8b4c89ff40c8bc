package remote

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
)

// Overseer returns one that explains where files of foreign servers and of mirrored
// directories come from, and asks that of what is beneath, nil if there is none, about all
// else.
func (o *Overlay) Overseer(beneath control.Overseer) control.Overseer { return overseer{o, beneath} }

type overseer struct {
	*Overlay
	beneath control.Overseer
}

// Slaves implements [control.Overseer].
func (s overseer) Slaves(ctx context.Context) ([]string, error) {
	if s.beneath == nil {
		return nil, control.ErrOneMachine
	}
	return s.beneath.Slaves(ctx)
}

// Select implements [control.Overseer].
func (s overseer) Select(ctx context.Context, p mirror.Path, client netip.Addr) ([]string, error) {
	if s.beneath == nil {
		return nil, control.ErrOneMachine
	}
	return s.beneath.Select(ctx, p, client)
}

// Explain implements [control.Overseer].
func (s overseer) Explain(ctx context.Context, p mirror.Path, client netip.Addr) ([]string, error) {
	l, err := s.link(p)
	if err != nil {
		return nil, err
	}
	if l != nil {
		return l.explain(ctx)
	}
	var lines []string
	if b, bound := s.View().Binding(p); bound {
		if lines, err = s.explain(ctx, b, p, client); err != nil {
			return nil, err
		}
		lines = append(lines, "of the local site:")
	}
	beneath, err := s.explainHere(ctx, p, client)
	return append(lines, beneath...), err
}

func (s overseer) explainHere(ctx context.Context, p mirror.Path, client netip.Addr) ([]string, error) {
	if s.beneath != nil {
		return s.beneath.Explain(ctx, p, client)
	}
	e, err := s.Files.Stat(ctx, p)
	if err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("%s: %s, on the disk of this machine", p, described(e))}, nil
}

func described(e vfs.Entry) string {
	what := "directory"
	if e.Kind == vfs.File {
		what = human.Bytes(e.Size)
	}
	if e.ModTime.IsZero() {
		return what
	}
	return what + " of " + e.ModTime.UTC().Format(time.DateTime) + " UTC"
}

// explain describes a place at a foreign server, and the ways from there.
func (l *link) explain(ctx context.Context) ([]string, error) {
	at, e, err := l.stat(ctx)
	if err != nil {
		return nil, err
	}
	lines := []string{
		fmt.Sprintf("below the alias %s: %s at %s", l.alias.Path, at.path, l.alias.Address()),
		described(e),
		"the server " + standing(l.server),
	}
	return append(lines, ways(l.server, l.alias.Tunnel)...), nil
}

// standing says how a server has been lately.
func standing(s Server) string {
	if h := s.Health(); h.Resting {
		return fmt.Sprintf("rests until %s UTC: %s", h.Until.UTC().Format(time.TimeOnly), h.Reason)
	}
	return "is in use"
}

// ways says how files come from a server.
func ways(s Server, tunnel bool) []string {
	if tunnel {
		return []string{"all ways: relayed by us, as TUNNEL is ON"}
	}
	a := s.Abilities()
	lines := []string{
		"PORT, EPRT: " + way(a.Port, "it connects to the client: direct"),
		"PASV after PRET or SIZE: " + way(a.Passive, "227 names it, if its port is one of ours or the client is known to go there: direct if it does, relayed if it comes to us"),
		"EPSV: relayed by us; after CEPR as PASV",
		"PROT P: relayed by us, as clients would see another certificate",
	}
	return lines
}

func way(able foreign.Verdict, direct string) string {
	switch able {
	case foreign.Yes:
		return direct
	case foreign.No:
		return "it refuses addresses that are not ours, so relayed by us"
	}
	return direct + ", unless it turns out to refuse addresses that are not ours"
}

// explain says who is in question for a file of a mirrored directory, and whom the draw gives.
func (o *Overlay) explain(ctx context.Context, b *mirrors.Binding, p mirror.Path, client netip.Addr) ([]string, error) {
	q := &question{binding: b, path: p, client: client, lot: rand.Uint64()}
	ours, err := o.Files.Stat(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case ours.Kind == vfs.File:
		q.ours = ours
	}
	var lines []string
	if b.Auto() {
		lines = o.explainFound(q)
	} else {
		lines = o.explainDrawn(q)
	}
	all := o.order(q)
	lines = append(lines, fmt.Sprintf("drawn now for %s: %s (%s)", client, all[0].name, all[0].why))
	for _, c := range all[1:] {
		lines = append(lines, fmt.Sprintf("if that fails: %s (%s)", c.name, c.why))
	}
	if c := all[0]; c.server != nil {
		lines = append(lines, fmt.Sprintf("there it is %s; it must have %s", c.path, described(ours)))
		lines = append(lines, ways(c.server, c.tunnel)...)
	}
	return lines, nil
}

// explainDrawn describes the members of an entry.
func (o *Overlay) explainDrawn(q *question) []string {
	entry := q.binding.Entry
	lines := []string{fmt.Sprintf("%s is mirrored by entry %d", q.binding.Dir, entry.ID)}
	for _, m := range entry.Members {
		line := fmt.Sprintf("  %s: weight %d, %.1f %%", m.Name(), m.Weight, 100*entry.Share(m))
		if m.Default {
			line += ", default"
		}
		if why := o.out(q, m); why != "" {
			line += "; out: " + why
		}
		lines = append(lines, line)
	}
	return lines
}

// explainFound describes the replicas that the tracker knows.
func (o *Overlay) explainFound(q *question) []string {
	of := "its replicas"
	if q.binding.URL != "" {
		of = "the replicas of " + q.binding.URL
	}
	lines := []string{fmt.Sprintf("%s is mirrored by %s that the tracker knows (AUTO)", q.binding.Dir, of)}
	if o.Auto == nil {
		return append(lines, "  no tracker is configured: tracker.database")
	}
	members, out, err := o.Auto.Explain(q.auto())
	if err != nil {
		lines = append(lines, "  none: "+err.Error())
	}
	for i := range members {
		m := &members[i]
		line := fmt.Sprintf("  %s: %s, %.1f %%, %s", m.Site, m.Class, 100*m.Chance, m.Why)
		if why := o.against(q, o.replica(m)); why != "" {
			line += "; out: " + why
		}
		lines = append(lines, line)
	}
	for _, m := range out {
		lines = append(lines, fmt.Sprintf("  %s: out: %s", m.Site, m.Why))
	}
	return lines
}
