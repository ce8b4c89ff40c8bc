package choice

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// A Purpose is what a slave is chosen for.
type Purpose uint8

// The purposes.
const (
	Download Purpose = iota // a client fetches from it
	Upload                  // a client brings to it
	Give                    // another slave takes a copy from it
	Take                    // it takes a copy from another slave
)

func (p Purpose) String() string { return [...]string{"download", "upload", "give", "take"}[p] }

// stores reports whether the slave will have more than before.
func (p Purpose) stores() bool { return p == Upload || p == Take }

// A Candidate is a slave that could be chosen.
type Candidate struct {
	Name string
	Out  string // why it does not come into question all the same, such as "away"; it is told with the others
}

// A Request is a question for a slave.
type Request struct {
	Purpose    Purpose
	Path       mirror.Path
	Size       int64      // of what is to be stored; 0 if that is not known
	Client     netip.Addr // where the data goes, or comes from; the zero Addr for copies
	Candidates []Candidate
}

// A Chooser chooses among slaves. Its methods may be called concurrently.
type Chooser struct {
	near func(client netip.Addr, slave string) float64
	draw func(n int) int // a number below n

	mu    sync.Mutex
	rules Rules
	loads map[string]*load // of slaves that have reported, or have reservations
}

// New makes a chooser. Near returns how far a slave is from a client, in km, see
// [Places.Distance]; nil: none is farther than others.
func New(near func(client netip.Addr, slave string) float64) *Chooser {
	return &Chooser{near: near, draw: rand.IntN, loads: map[string]*load{}}
}

// SetRules puts rules in force.
func (c *Chooser) SetRules(r Rules) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules = r
}

// Rules returns those in force.
func (c *Chooser) Rules() Rules {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rules
}

// Report takes over what a slave says of its state.
func (c *Chooser) Report(slave string, s wire.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load(slave).report(s)
}

// Forget is for a slave that is away: nothing is known of its load until it reports again.
func (c *Chooser) Forget(slave string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.load(slave)
	*l = load{reserved: l.reserved, promised: l.promised}
	c.tidy(slave)
}

// load returns what is known of a slave. It needs the lock.
func (c *Chooser) load(slave string) *load {
	l := c.loads[slave]
	if l == nil {
		l = &load{}
		c.loads[slave] = l
	}
	return l
}

// tidy drops a slave of which nothing is known. It needs the lock.
func (c *Chooser) tidy(slave string) {
	if l := c.loads[slave]; l != nil && !l.known && l.reserved == 0 {
		delete(c.loads, slave)
	}
}

// A Choice is the slave that was chosen, and a reservation of it.
type Choice struct {
	Slave string
	Sums  []Sum // of all candidates, the best first; the one chosen is among those marked as equal

	release func()
}

// Release ends the reservation, when the transfer is over or will not be; only the first
// call counts.
func (c *Choice) Release() { c.release() }

// A NoneError says that no slave comes into question.
type NoneError struct{ Sums []Sum }

// Error names the reasons.
func (e *NoneError) Error() string {
	if len(e.Sums) == 0 {
		return "no slave is there"
	}
	why := make([]string, len(e.Sums))
	for i, s := range e.Sums {
		why[i] = s.Slave + ": " + s.Out
	}
	return "no slave comes into question (" + strings.Join(why, "; ") + ")"
}

// Choose chooses a slave and reserves it, so that the next choice knows of it. The error is
// a [*NoneError].
func (c *Chooser) Choose(r Request) (*Choice, error) {
	sums, km := c.prepare(&r)
	c.mu.Lock()
	defer c.mu.Unlock()
	equal := c.weigh(&r, sums, km)
	if equal == 0 {
		return nil, &NoneError{sums}
	}
	drawn := sums[c.draw(equal)]
	return &Choice{Slave: drawn.Slave, Sums: sums, release: c.reserve(&r, drawn.Slave)}, nil
}

// Reserve reserves a slave that was not chosen but is needed all the same, such as the only
// one that has a file. What is returned ends it, once.
func (c *Chooser) Reserve(r Request, slave string) (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reserve(&r, slave)
}

// Explain returns the sums of all candidates, the best first, and reserves nothing.
func (c *Chooser) Explain(r Request) []Sum {
	sums, km := c.prepare(&r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.weigh(&r, sums, km)
	return sums
}

// prepare does what needs no lock.
func (c *Chooser) prepare(r *Request) (sums []Sum, km []float64) {
	km = make([]float64, len(r.Candidates))
	if c.near != nil && r.Client.IsValid() {
		for i, one := range r.Candidates {
			km[i] = c.near(r.Client, one.Name)
		}
	}
	return make([]Sum, len(r.Candidates)), km
}

// weigh fills the sums, and returns how many are as good as the first. It needs the lock.
func (c *Chooser) weigh(r *Request, sums []Sum, km []float64) (equal int) {
	rule := c.rules.For(r.Path)
	for i, one := range r.Candidates {
		var l load
		if known := c.loads[one.Name]; known != nil {
			l = *known
		}
		sums[i] = weigh(r, one, l, rule, km[i])
	}
	return rank(sums)
}

// reserve needs the lock, what it returns must not have it.
func (c *Chooser) reserve(r *Request, slave string) (release func()) {
	promised := int64(0)
	if r.Purpose.stores() {
		promised = r.Size
	}
	l := c.load(slave)
	l.reserved++
	l.promised += promised
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		l := c.load(slave)
		l.reserved--
		l.promised -= promised
		c.tidy(slave)
	})
}
