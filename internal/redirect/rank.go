package redirect

import (
	"cmp"
	"fmt"
	"slices"
)

// A Ranking sorts candidates for a client, the best first. If explain is set,
// it also gives each its Reason. It must not add or drop any, and it is never
// given none.
type Ranking func(q *Question, all []Candidate, explain bool)

// ByWeight ranks by what the client speaks, then exact before blind, then by
// falling weight, then by site name and path. It knows nothing of distances.
func ByWeight(q *Question, all []Candidate, explain bool) {
	slices.SortStableFunc(all, func(a, b Candidate) int {
		for i := range criteria {
			if order := criteria[i].compare(q, &a, &b); order != 0 {
				return order
			}
		}
		return 0
	})
	if explain {
		give(q, all)
	}
}

// A criterion decides between two candidates unless they are equal by it.
type criterion struct {
	compare func(q *Question, a, b *Candidate) int
	won     func(best *Candidate) string        // why the best was taken
	lost    func(other, best *Candidate) string // why another comes later
}

var criteria = []criterion{
	{
		compare: func(q *Question, a, b *Candidate) int {
			return cmp.Compare(q.strangeness(a.Base.Scheme), q.strangeness(b.Base.Scheme))
		},
		won: func(best *Candidate) string { return "served by " + best.Base.Scheme },
		lost: func(other, best *Candidate) string {
			return fmt.Sprintf("served by %s, and another by %s", other.Base.Scheme, best.Base.Scheme)
		},
	},
	{
		compare: func(_ *Question, a, b *Candidate) int { return cmp.Compare(a.Class, b.Class) },
		won:     func(best *Candidate) string { return best.Class.String() + " match" },
		lost: func(other, best *Candidate) string {
			return fmt.Sprintf("%s match, and %s ones come first", other.Class, best.Class)
		},
	},
	{
		compare: func(_ *Question, a, b *Candidate) int {
			return cmp.Compare(b.Site.Weight, a.Site.Weight)
		},
		won: func(best *Candidate) string { return fmt.Sprintf("greatest weight, %d", best.Site.Weight) },
		lost: func(other, best *Candidate) string {
			return fmt.Sprintf("lower weight, %d against %d", other.Site.Weight, best.Site.Weight)
		},
	},
	{
		compare: func(_ *Question, a, b *Candidate) int {
			return cmp.Compare(a.Site.Name, b.Site.Name)
		},
		won:  func(*Candidate) string { return "first by name among equals" },
		lost: func(*Candidate, *Candidate) string { return "its name comes later" },
	},
	{
		compare: func(_ *Question, a, b *Candidate) int { return cmp.Compare(a.Path, b.Path) },
		won:     func(*Candidate) string { return "first by path on its site" },
		lost:    func(*Candidate, *Candidate) string { return "its path comes later" },
	},
}

// strangeness orders schemes for a client: its own comes first, and for one
// that speaks HTTP all that is HTTP before the rest. Only a client that came by
// HTTPS is kept from being sent to plain HTTP where there is a choice.
func (q *Question) strangeness(scheme string) int {
	switch {
	case q.Scheme == scheme, q.Scheme == "http" && scheme == "https":
		return 0
	case q.Scheme == "https" && scheme == "http":
		return 1
	}
	return 2
}

// give names for each of the sorted candidates the criterion that decided
// between it and the best, and for the best the one that decided between it
// and the next.
func give(q *Question, all []Candidate) {
	best := &all[0]
	if len(all) == 1 {
		best.Reason = "chosen: the only one"
		return
	}
	best.Reason = "chosen: first among the URLs of its site"
	if c := deciding(q, best, &all[1]); c != nil {
		best.Reason = "chosen: " + c.won(best)
	}
	for i := range all[1:] {
		other := &all[1+i]
		other.Reason = "a later one of the same site's URLs"
		if c := deciding(q, best, other); c != nil {
			other.Reason = c.lost(other, best)
		}
	}
}

func deciding(q *Question, a, b *Candidate) *criterion {
	for i := range criteria {
		if criteria[i].compare(q, a, b) != 0 {
			return &criteria[i]
		}
	}
	return nil
}
