package resolver

import (
	"cmp"
	"strings"

	"mirrortracker/internal/mirror"
)

// A spot is where a candidate directory is.
type spot struct {
	*site
	path string // "" for the site's root
}

// full returns the names of the spot on its server: the base path of the crawl
// URL comes first.
func (s spot) full() string { return strings.TrimSuffix(s.URL.Base, "/") + s.path }

// A candidate is a directory that is equal to the asked one by some match.
type candidate struct {
	spot
	similarity int            // of the directory itself
	highest    [Blind + 1]int // for each class, the depth of its highest match, or none
	support    int            // the depth of the highest match that counts, or none
}

// none stands for the depth of a match that there is not.
const none = -1

// noteOriginal makes the asked directory a candidate for itself. It has a match
// wherever there are digests.
func (s *search) noteOriginal() {
	c := s.candidateAt(spot{s.asked, s.dir})
	for depth := len(s.walk.chain) - 1; depth >= 0; depth-- {
		n := s.walk.chain[depth]
		if !n.Exact.Absent() {
			c.highest[Exact] = depth
		}
		if !n.Blind.Absent() {
			c.highest[Blind] = depth
		}
	}
}

// note adds the match that is being climbed from to the candidate that it
// leads to. Since the chain is searched from the root downwards, the first
// match of a class is its highest.
func (s *search) note(at spot) {
	c := s.candidateAt(at)
	if c.highest[s.class] == none {
		c.highest[s.class] = s.depth
	}
	if c.support != none {
		return
	}
	// All trees of the chain below a match are matches too.
	for depth := s.depth; depth < len(s.walk.chain); depth++ {
		if s.opts.Doubt.counts(s.walk.chain[depth].Totals, s.similarityAt(c, depth)) {
			c.support = depth
			return
		}
	}
}

func (s *search) candidateAt(at spot) *candidate {
	if i, ok := s.known[at]; ok {
		return &s.candidates[i]
	}
	s.known[at] = len(s.candidates)
	s.candidates = append(s.candidates, candidate{
		spot:       at,
		similarity: similarity(spot{s.asked, s.dir}.full(), at.full()),
		highest:    [...]int{Exact: none, Blind: none},
		support:    none,
	})
	return &s.candidates[len(s.candidates)-1]
}

// similarityAt returns the similarity at a match: the names below it are equal.
func (s *search) similarityAt(c *candidate, depth int) int {
	return c.similarity - (len(s.walk.names) - depth)
}

// similarity returns how many of the last names of two paths are equal.
func similarity(a, b string) int {
	for n := 0; ; n++ {
		i, j := strings.LastIndexByte(a, '/'), strings.LastIndexByte(b, '/')
		if i < 0 || j < 0 || a[i:] != b[j:] {
			return n
		}
		a, b = a[:i], b[:j]
	}
}

// report puts a candidate into the answer.
func (s *search) report(c *candidate, a *Answer) {
	r := Replica{
		Site:       &c.Site,
		IsDir:      a.IsDir,
		Original:   c.spot == spot{s.asked, s.dir},
		Class:      Exact,
		Similarity: c.similarity,
	}
	path := c.path
	if !a.IsDir {
		path += "/" + a.File
	}
	r.Path = orRoot(path)
	if c.highest[Exact] == none {
		r.Class = Blind
	}
	top := c.highest[r.Class]
	r.Evidence = s.evidence(c, r.Class, top)
	switch {
	case r.Original, c.support != none && s.opts.Doubt.counts(r.Evidence.Totals, r.Evidence.Similarity):
	case c.support == none:
		if r.Class == Exact && c.highest[Blind] != none {
			top = min(top, c.highest[Blind])
		}
		a.Doubtful = append(a.Doubtful, s.doubtful(c, r, top))
		return
	case r.Class == Exact && c.support >= c.highest[Exact]:
		r.Support = s.evidence(c, Exact, c.support)
	default:
		r.Support = s.evidence(c, Blind, c.support)
	}
	a.Replicas = append(a.Replicas, r)
}

func (s *search) evidence(c *candidate, class Class, depth int) Evidence {
	below := len(s.dir) - s.ends[depth]
	return Evidence{
		Class:      class,
		Asked:      orRoot(s.dir[:s.ends[depth]]),
		Path:       orRoot(c.path[:len(c.path)-below]),
		Similarity: s.similarityAt(c, depth),
		Totals:     s.walk.chain[depth].Totals,
	}
}

// doubtful says what came nearest to counting: the totals of the top match, and
// the similarity of the lowest one that still holds a file.
func (s *search) doubtful(c *candidate, r Replica, top int) Doubtful {
	d := Doubtful{Replica: r, most: s.walk.chain[top].Totals, doubt: s.opts.Doubt}
	for depth := top; depth < len(s.walk.chain) && s.walk.chain[depth].Files > 0; depth++ {
		d.names = s.similarityAt(c, depth)
	}
	return d
}

func orRoot(path string) mirror.Path {
	if path == "" {
		return mirror.Root
	}
	return mirror.Path(path)
}

// compare orders the better class first, then by falling weight, site and path.
func (r *Replica) compare(o *Replica) int {
	return cmp.Or(
		cmp.Compare(r.Class, o.Class),
		cmp.Compare(o.Site.Weight, r.Site.Weight),
		cmp.Compare(r.Site.Name, o.Site.Name),
		cmp.Compare(r.Path, o.Path),
	)
}
