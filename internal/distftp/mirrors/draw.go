package mirrors

import (
	"math/rand/v2"
	"sync"
)

// A Draw chooses by weight, at random. Its methods may be called concurrently.
type Draw struct {
	mu  sync.Mutex
	rnd *rand.Rand
}

// NewDraw returns a draw from a source, which is its own from now on.
func NewDraw(source rand.Source) *Draw { return &Draw{rnd: rand.New(source)} }

// Member draws one of an entry's members. out says why one takes no part, "" if it does.
// The shares of those that take none go to the others, in proportion; where nobody with a
// weight is left, the default is chosen, then the first that takes part. It returns nil if
// nobody does.
func (d *Draw) Member(e *Entry, out func(*Member) string) *Member {
	weights := make([]float64, len(e.Members))
	var last *Member
	for i, m := range e.Members {
		if out(m) != "" {
			continue
		}
		weights[i] = float64(m.Weight)
		if last == nil || m.Default {
			last = m
		}
	}
	if i := d.Pick(weights); i >= 0 {
		return e.Members[i]
	}
	return last
}

// Pick draws an index: each has its weight's share of the sum of weights, none if that is
// not above zero. It returns -1 if nobody has one.
func (d *Draw) Pick(weights []float64) int {
	sum := 0.0
	last := -1
	for i, w := range weights {
		if w > 0 {
			sum += w
			last = i
		}
	}
	if last < 0 {
		return -1
	}
	d.mu.Lock()
	at := d.rnd.Float64() * sum
	d.mu.Unlock()
	for i, w := range weights[:last] {
		if w <= 0 {
			continue
		}
		if at < w {
			return i
		}
		at -= w
	}
	return last // also where rounding has left a little
}
