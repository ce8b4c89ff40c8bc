package auto

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/human"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
)

// maxMembers is how many members one answer has: a client whose first ones all fail is
// served by us.
const maxMembers = 16

// Members returns who has a file, the first of them to be sent there, the next ones for the
// case that it does not work. It asks nobody: it takes some microseconds, or where a crawl or
// a reading has ended since, as long as the search for a directory.
//
// None is no error by itself; the error says why there can be none.
func (f *Finder) Members(q Question) ([]Member, error) {
	r, err := f.replicas(q.Binding)
	if err != nil {
		return nil, err
	}
	view := r.scene.places.View(q.Client, f.config.Now())
	var best [nearest.MaxQuick]int32
	n := view.Rank(&r.field, max(0, q.Size), best[:])
	var all []Member
	for _, at := range best[:n] {
		m, why := r.member(int(at), &q)
		if why != "" {
			continue
		}
		m.Cost = view.Cost(&r.field.All()[at])
		if all = append(all, m); len(all) == maxMembers {
			break
		}
	}
	return all, nil
}

// member returns a candidate of the field, with the file of the question, or why it is no
// member.
func (r *replicas) member(at int, q *Question) (m Member, why string) {
	p := r.places[r.of[at]]
	o := &r.scene.offers[p.Site]
	rest := q.Path.From(q.Dir)
	m = Member{
		Site: r.scene.roster.Sites[p.Site].Name, Host: o.base.Host, Port: o.base.Port, TLS: o.tls,
		Root: o.on(p.Path), Path: o.on(rest.At(p.Path)), Class: p.Class,
	}
	var a resolver.Answer
	r.index.Resolve(&a, p.Site, rest.At(p.Path))
	m.Size, m.Date = a.Size, a.Date
	switch {
	case !a.Known || a.IsDir:
		return m, "it has no such file"
	case q.Size >= 0 && a.Size != q.Size:
		return m, fmt.Sprintf("its file has %s, and ours %s", human.Bytes(a.Size), human.Bytes(q.Size))
	case p.Class == resolver.Exact && !q.ModTime.IsZero() && a.Date.Known() && a.Date != digest.DateOf(q.ModTime):
		return m, fmt.Sprintf("its file is of %s, and ours of %s", a.Date, digest.DateOf(q.ModTime))
	}
	return m, ""
}

// Explain returns what [Finder.Members] does and why, and whom it leaves out.
func (f *Finder) Explain(q Question) (members, leftOut []Member, err error) {
	r, err := f.replicas(q.Binding)
	if err != nil {
		return nil, nil, err
	}
	view := r.scene.places.View(q.Client, f.config.Now())
	explained := view.Explain(r.field.All(), max(0, q.Size))
	order := make([]int, len(explained))
	for at := range order {
		order[at] = at
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(uint(explained[a].Rank), uint(explained[b].Rank)) })
	for _, at := range order {
		x := &explained[at]
		m, why := r.member(at, &q)
		m.Cost, m.Chance, m.Why = x.Cost, x.Probability, terms(x.Terms)
		switch {
		case why != "":
			m.Why = why
			leftOut = append(leftOut, m)
		case x.Rank < 0 || len(members) == maxMembers:
			m.Why = cmp.Or(x.Reason, "others are nearer")
			leftOut = append(leftOut, m)
		default:
			members = append(members, m)
		}
	}
	return members, append(leftOut, r.unreachable()...), nil
}

// unreachable returns the replicas that nobody is sent to.
func (r *replicas) unreachable() []Member {
	var all []Member
	for _, p := range r.places {
		s := &r.scene.roster.Sites[p.Site]
		if o := &r.scene.offers[p.Site]; o.base == nil {
			all = append(all, Member{Site: s.Name, Host: s.URL.Host, Port: s.URL.Port, Class: p.Class, Why: o.why})
		}
	}
	return all
}

// terms writes of what a cost consists, without what is nothing.
func terms(all []nearest.Term) string {
	var parts []string
	for _, t := range all {
		if t.KM > 0 {
			parts = append(parts, fmt.Sprintf("%s %.0f km (%s)", t.Name, t.KM, t.Why))
		}
	}
	if len(parts) == 0 {
		return "nothing is known that would make it far"
	}
	return strings.Join(parts, ", ")
}
