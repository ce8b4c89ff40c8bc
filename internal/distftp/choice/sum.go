package choice

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"mirrortracker/internal/human"
)

// The points of the terms, as the package's documentation has them.
const (
	perTransfer = 10.0
	perMiB      = 1.0 // a second
	fullDisk    = 100.0
	perKM       = 0.1
	noFamily    = 50.0
	preferred   = -100.0
	avoided     = 1000.0

	// Near is how far apart in points two slaves count as equal: one transfer.
	Near = perTransfer
)

// A Term is one part of a sum.
type Term struct {
	Name   string  `json:"name"`
	Points float64 `json:"points"`
	Why    string  `json:"why"` // a phrase for people
}

// A Sum is what came out for one slave.
type Sum struct {
	Slave  string  `json:"slave"`
	Terms  []Term  `json:"terms,omitempty"`
	Points float64 `json:"points"`
	Out    string  `json:"out,omitempty"` // why it does not come into question; "" if it does
	Equal  bool    `json:"equal"`         // it is one of those among which is drawn
}

// String writes it as one line, without the slave's name.
func (s Sum) String() string {
	if s.Out != "" {
		return "out: " + s.Out
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%.1f points", s.Points)
	for i, t := range s.Terms {
		mark := ", "
		if i == 0 {
			mark = ": "
		}
		fmt.Fprintf(&text, "%s%s %+.1f (%s)", mark, t.Name, t.Points, t.Why)
	}
	return text.String()
}

// weigh adds up the terms of one slave. It is pure.
func weigh(r *Request, c Candidate, l load, rule Rule, km float64) Sum {
	s := Sum{Slave: c.Name, Out: c.Out}
	switch taken := l.Total - l.Free + l.promised; {
	case s.Out != "":
	case !l.known:
		s.Out = "it has not reported yet"
	case r.Purpose.stores() && l.Fault != "":
		s.Out = l.Fault
	case r.Purpose.stores() && !rule.Allows(c.Name):
		s.Out = "the rule for " + string(rule.Path) + " keeps it out"
	case r.Purpose.stores() && l.Free-l.promised < max(r.Size, 1):
		s.Out = fmt.Sprintf("it has room for %s only", human.Bytes(max(l.Free-l.promised, 0)))
	default:
		n := l.transfers()
		s.add("transfers", perTransfer*float64(n), "%d under way or reserved", n)
		if r.Purpose.stores() {
			s.add("throughput", perMiB*float64(l.In)/(1<<20), "receives %s/s", human.Bytes(l.In))
			if l.Total > 0 {
				share := min(max(float64(taken)/float64(l.Total), 0), 1)
				s.add("space", fullDisk*share, "%.0f %% of %s taken", 100*share, human.Bytes(l.Total))
			}
		} else {
			s.add("throughput", perMiB*float64(l.Out)/(1<<20), "sends %s/s", human.Bytes(l.Out))
		}
		if km > 0 {
			s.add("distance", perKM*km, "%.0f km from the client", km)
		}
		if r.Client.IsValid() && len(l.Data) > 0 && !l.meets(r.Client) {
			s.add("family", noFamily, "no address of the client's family")
		}
		if points, why := rule.points(c.Name); points != 0 {
			s.add("rule", points, "%s", why)
		}
	}
	return s
}

func (s *Sum) add(name string, points float64, why string, args ...any) {
	s.Terms = append(s.Terms, Term{name, points, fmt.Sprintf(why, args...)})
	s.Points += points
}

// rank sorts sums, those that come into question before the others, and marks those that
// are as good as the first.
func rank(sums []Sum) (equal int) {
	slices.SortStableFunc(sums, func(a, b Sum) int {
		return cmp.Or(cmp.Compare(a.points(), b.points()), cmp.Compare(a.Slave, b.Slave))
	})
	for equal < len(sums) && sums[equal].Out == "" && sums[equal].Points <= sums[0].Points+Near {
		sums[equal].Equal = true
		equal++
	}
	return equal
}

// points returns what the sum is sorted by.
func (s *Sum) points() float64 {
	if s.Out != "" {
		return math.Inf(1)
	}
	return s.Points
}
