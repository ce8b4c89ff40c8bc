package resolver

import "strings"

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

// member returns a candidate as a member of the asked directory's set.
func (s *search) member(c *candidate) Member {
	depth := higher(c.highest[Exact], c.highest[Blind])
	m := Member{
		Site:       int32(c.number),
		Class:      Exact,
		Original:   c.spot == spot{s.asked, s.dir},
		Depth:      int16(depth),
		Path:       c.path[:len(c.path)-(len(s.dir)-s.ends[depth])],
		exact:      int16(c.highest[Exact]),
		blind:      int16(c.highest[Blind]),
		support:    int16(c.support),
		similarity: int16(s.similarityAt(c, depth)),
	}
	if m.exact == none {
		m.Class = Blind
	}
	return m
}

// higher returns the depth of the higher of two matches, of which there may be
// one only.
func higher(a, b int) int {
	if a == none || b != none && b < a {
		return b
	}
	return a
}
