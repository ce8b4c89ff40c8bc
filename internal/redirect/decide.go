package redirect

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
)

// A decision is what became of a question, and room for the next one: it is made
// again and again without allocating. Redirects are written from it, and answers
// are copied out of it.
type decision struct {
	found  resolver.Answer
	scene  *scene
	offers []offer // by the site's number
	kinds  []kind  // the same in short
	menus  *menus  // of clients of this kind
	view   *nearest.View
	size   int64 // of the file, 0 where it is none or not known

	members []resolver.Member  // the replicas
	only    [1]resolver.Member // where only the original serves
	menu                       // what can be offered of them
	best    []int32            // positions in all, the best first

	room menu // for one that is not kept
	made int  // how many were made

	text []byte // room for what is written
	ends []int  // of its parts
	path []byte
}

// original stands for the asked place where nothing is known of it.
var original = resolver.Member{Original: true}

// decide makes a decision with at most limit candidates, at least one of them. Its
// errors are those of [Redirector.Explain].
func (r *Redirector) decide(d *decision, q *Question, limit int) error {
	if err := r.gather(d, q); err != nil {
		return err
	}
	return d.rank(limit)
}

// rank puts the candidates in order.
func (d *decision) rank(limit int) error {
	d.best = sized(d.best, min(limit, len(d.all)))
	n := d.view.Rank(&d.field, d.size, d.best)
	d.best = d.best[:d.tail(n)]
	if len(d.best) == 0 {
		return ErrNowhere
	}
	return nil
}

// gather finds the candidates.
func (r *Redirector) gather(d *decision, q *Question) error {
	index := r.source.Index()
	if index == nil {
		return ErrNotReady
	}
	site, path, err := index.Locate(q.Text)
	switch {
	case err == resolver.ErrUnknownSite: // as it is, where nothing more is to be told
		return fmt.Errorf("%.200q: %w", q.Text, err)
	case err != nil:
		return err
	}
	index.Resolve(&d.found, site, path)
	return r.collect(d, q)
}

// collect makes candidates of what was found.
func (r *Redirector) collect(d *decision, q *Question) (err error) {
	d.scene = r.scene(d.found.Index)
	scheme, family := schemeNumber(q.Scheme), familyNumber(q.Client)
	d.offers, d.kinds, d.menus = d.scene.offers[scheme][family], d.scene.kinds[scheme][family], &d.scene.menus[scheme][family]
	at := q.at
	if at.IsZero() {
		at = r.now()
	}
	d.view = d.scene.places.View(q.Client, at)
	d.size = 0
	if d.found.File != "" {
		d.size = max(0, d.found.Size)
	}
	depth := math.MaxInt
	if q.Within != "" {
		if depth, err = within(&d.found, q.Within); err != nil {
			return err
		}
	}
	set := d.found.Set
	switch {
	case set == nil:
		d.only[0] = original
		d.only[0].Site = int32(d.found.SiteIndex)
		d.members = d.only[:]
		d.offer(depth)
	case q.Within != "":
		d.members = set.Members
		d.offer(depth)
	case len(d.found.Near) > 0:
		d.members = slices.Concat(set.Members, d.found.Near)
		d.offer(depth)
	default:
		d.members = set.Members
		d.choose(set)
	}
	return nil
}

// offer makes candidates of the members that have all that the asked directory of a
// depth has. What they match less than the best does is added to their costs: those
// that have as much of the tree around it as any, with equal dates where there are
// such, are of one generation.
func (d *decision) offer(depth int) {
	d.room.all, d.room.of = sized(d.room.all, len(d.members)), sized(d.room.of, len(d.members))
	all, of := d.room.all, d.room.of
	n := 0
	exact, blind, lowest, matches := int16(math.MaxInt16), int16(math.MaxInt16), int16(0), resolver.Exact
	for i := range d.members {
		m := &d.members[i]
		k := d.kinds[m.Site]
		if !k.offered || int(m.Depth) > depth && !m.Original {
			continue
		}
		all[n] = nearest.Candidate{Site: m.Site, Tier: k.tier, Lacks: k.lacks}
		of[n] = int32(i)
		n++
		if m.Original {
			continue
		}
		matches = max(matches, m.Class)
		lowest = max(lowest, m.Depth)
		if m.Class == resolver.Exact {
			exact = min(exact, m.Depth)
		} else if m.Class == resolver.Blind {
			blind = min(blind, m.Depth)
		}
	}
	d.room.field.Reset(all[:n])
	d.menu = menu{all[:n], of[:n], d.room.field}
	if exact == math.MaxInt16 {
		exact = blind
	}
	if matches > resolver.Exact || lowest > exact {
		d.add(exact)
	}
}

// add adds to the candidates' costs: top is the depth of what the best generation has.
func (d *decision) add(top int16) {
	costs := &d.scene.options.Costs
	blind, file, generation := float32(costs.Blind), float32(costs.File), float32(costs.Generation)
	for i, k := range d.of {
		m := &d.members[k]
		if m.Original {
			continue
		}
		add := float32(0)
		switch m.Class {
		case resolver.Blind:
			add = blind
		case resolver.File:
			add = file
		}
		if m.Depth > top && m.Class != resolver.File {
			add += generation
		}
		d.all[i].Add = add
	}
}

// tail returns how many of the first n of the best are named: none with which
// something serious is amiss that is not amiss with the first.
func (d *decision) tail(n int) int {
	for i := range n {
		if d.serious(i) != d.serious(0) {
			return i
		}
	}
	return n
}

// serious says what is seriously amiss with the i-th best.
func (d *decision) serious(i int) uint8 {
	c := &d.all[d.best[i]]
	return c.Tier/serious<<2 | uint8(c.Lacks)
}

// member returns the i-th best.
func (d *decision) member(i int) *resolver.Member { return &d.members[d.of[d.best[i]]] }

// offered returns how the i-th best is offered.
func (d *decision) offered(i int) *offer { return &d.offers[d.all[d.best[i]].Site] }

// cost returns that of the best, in km.
func (d *decision) cost() float64 { return d.view.Cost(&d.all[d.best[0]]) }

// isDir reports whether the asked path is a directory's, as far as is known.
func (d *decision) isDir(q *Question) bool { return d.found.IsDir || !d.found.Known && q.slash() }

// depth returns how many path levels above a member are mirrored too, as
// "depth" of a link means it (RFC 6249, section 3.4): with 1 it is the directory in
// which the file lies, or the directory itself.
func (d *decision) depth(m *resolver.Member) int {
	if m.Class == 0 || m.Class == resolver.File {
		return 0
	}
	return d.found.Depth() - int(m.Depth) + 1
}

// appendPath appends the raw path of a member's place on its site.
func (d *decision) appendPath(b []byte, m *resolver.Member) []byte {
	if m.Class == 0 {
		return append(b, d.found.Asked...)
	}
	return d.found.AppendPath(b, m)
}

// appendURL appends the URL of the i-th best.
func (d *decision) appendURL(b []byte, i int, isDir bool) []byte {
	d.path = d.appendPath(d.path[:0], d.member(i))
	b = append(b, d.offered(i).base...)
	b = mirror.AppendEscaped(b, d.path[1:])
	if isDir && len(d.path) > 1 {
		b = append(b, '/')
	}
	return b
}

// within returns the depth of the directory that an answer is to hold for.
func within(found *resolver.Answer, text string) (int, error) {
	path, err := mirror.ParsePath(text)
	if err != nil {
		return 0, fmt.Errorf("parameter within: %w", err)
	}
	if depth, ok := found.Within(path); ok {
		return depth, nil
	}
	var dir resolver.Answer
	found.Index.Resolve(&dir, found.SiteIndex, path)
	if !dir.Known {
		return 0, fmt.Errorf("%w: %s", ErrWithin, mirror.EscapePath(path.Dir()))
	}
	return 0, errNotAbove
}

var errNotAbove = errors.New("parameter within must name a directory, below the site's base, in which the path lies")

// sized returns a slice of n elements, with what was in it where there is room.
func sized[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n, 2*n)
	}
	return s[:n]
}
