package control

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Limits bound how many sessions there are at a time, and how many logins may fail. Zero
// means no limit.
type Limits struct {
	Sessions   int // in all
	PerAddress int // from one IPv4 address, or one IPv6 network of 64 bits, which one host has to itself
	PerUser    int // of one user, unless the account says otherwise
	Failures   int // failed logins from one address that are remembered
}

// A roster knows all sessions that are under way.
type roster struct {
	suspicion *suspicion

	draining atomic.Bool   // set once, under the lock
	empty    chan struct{} // closed when the last session of a draining roster has left

	mu        sync.Mutex
	limits    Limits
	last      int // number of a session
	places    map[int]*place
	addresses shares
	silent    list.List // places of those who have not said anything yet, the oldest first
	strangers list.List // those of the others who have not logged in
	users     map[string]int
	taken     map[string]*atomic.Int64 // by uploads under way, of each of those users
}

func newRoster(limits Limits) *roster {
	return &roster{
		suspicion: newSuspicion(),
		empty:     make(chan struct{}),
		limits:    limits,
		places:    map[int]*place{},
		addresses: newShares(),
		users:     map[string]int{},
		taken:     map[string]*atomic.Int64{},
	}
}

// limit puts other limits in force.
func (r *roster) limit(limits Limits) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.limits = limits
}

// drain lets no more sessions in and wakes those that are there, which see what to do.
func (r *roster) drain() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draining.Swap(true) {
		return r.empty
	}
	for _, p := range r.places {
		p.wake()
	}
	r.look()
	return r.empty
}

// look notices when a draining roster is empty. It needs the lock.
func (r *roster) look() {
	if r.draining.Load() && len(r.places) == 0 {
		close(r.empty)
	}
}

// A place is one session's in the roster.
type place struct {
	roster *roster
	number int
	peer   netip.Addr
	from   netip.Prefix // what counts as the peer's address
	since  time.Time
	end    context.CancelCauseFunc // of the session
	wake   func()                  // makes the session look around if it waits for its client
	taken  *atomic.Int64           // by the user's uploads under way; the session's, set by logIn

	// Guarded by the roster's lock.
	user   string    // "" before the login
	doing  *transfer // nil: nothing
	active time.Time // when one of the two changed last

	// Where the place stands among those without a login; nil with one.
	among    *list.List
	stranger *list.Element

	// What PASV opened and no transfer has used yet, and since when; nil if nothing.
	listener  io.Closer
	listening time.Time
}

// errStopping says that the server ends.
var errStopping = errors.New("server is shutting down")

// enter gives a session a place, or fails with [ErrTooMany] or errStopping.
func (r *roster) enter(peer netip.Addr, end context.CancelCauseFunc, wake func()) (*place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draining.Load() {
		return nil, errStopping
	}
	from := network(peer)
	if reached(r.limits.PerAddress, r.addresses.of(from)) {
		return nil, fmt.Errorf("%w, the limit is %d", errCrowd, r.limits.PerAddress)
	}
	if reached(r.limits.Sessions, len(r.places)) && !r.makeRoom(from) {
		return nil, ErrTooMany
	}
	r.last++
	now := time.Now()
	p := &place{roster: r, number: r.last, peer: peer, from: from, since: now, end: end, wake: wake, active: now}
	r.places[p.number] = p
	r.addresses.add(from)
	p.joins(&r.silent)
	return p, nil
}

// errCrowd is the ErrTooMany of one address.
var errCrowd = fmt.Errorf("%w from your address", ErrTooMany)

func reached(limit, n int) bool { return limit > 0 && n >= limit }

// network returns what counts as one address.
func network(addr netip.Addr) netip.Prefix {
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // not over IP
	}
	return prefix
}

// leave gives the place back.
func (p *place) leave() {
	p.roster.mu.Lock()
	defer p.roster.mu.Unlock()
	p.vacate()
}

// vacate is leave for those who have the lock. The session may not know of it yet.
func (p *place) vacate() {
	if p.vacated() {
		return
	}
	p.forget()
	delete(p.roster.places, p.number)
	p.roster.addresses.drop(p.from)
	p.joins(nil)
	p.roster.look()
}

func (p *place) vacated() bool { return p.roster.places[p.number] != p }

// logIn counts the session as a user's, or fails with [ErrTooMany].
func (p *place) logIn(user string, limit int) error {
	p.roster.mu.Lock()
	defer p.roster.mu.Unlock()
	if p.vacated() {
		return fmt.Errorf("%w, others come first", ErrTooMany)
	}
	if reached(limit, p.roster.users[user]) {
		return fmt.Errorf("%w of this user, the limit is %d", ErrTooMany, limit)
	}
	p.joins(nil)
	p.user, p.active = user, time.Now()
	p.roster.users[user]++
	if p.taken = p.roster.taken[user]; p.taken == nil {
		p.taken = new(atomic.Int64)
		p.roster.taken[user] = p.taken
	}
	return nil
}

// speaks notes that the client has said something.
func (p *place) speaks() {
	p.roster.mu.Lock()
	defer p.roster.mu.Unlock()
	if p.among == &p.roster.silent {
		p.joins(&p.roster.strangers)
	}
}

// joins puts the place at the end of a list, and nowhere else; it needs the lock.
func (p *place) joins(all *list.List) {
	if p.among != nil {
		p.among.Remove(p.stranger)
	}
	if p.among = all; all != nil {
		p.stranger = all.PushBack(p)
	}
}

// logOut ends what logIn began.
func (p *place) logOut() {
	p.roster.mu.Lock()
	defer p.roster.mu.Unlock()
	p.forget()
}

// forget needs the lock.
func (p *place) forget() {
	if p.user != "" {
		if drop(p.roster.users, p.user); p.roster.users[p.user] == 0 {
			delete(p.roster.taken, p.user)
		}
		p.user = ""
		p.joins(&p.roster.strangers)
	}
}

// drop counts one down, and forgets what is counted no more.
func drop[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}

// does notes what the session transfers, for others to see.
func (p *place) does(t *transfer) {
	p.roster.mu.Lock()
	defer p.roster.mu.Unlock()
	p.doing, p.active = t, time.Now()
}

// listens notes a listener that waits to be used, nil when it does no more. It may be
// closed for others at any time.
func (p *place) listens(l io.Closer) {
	p.roster.mu.Lock()
	defer p.roster.mu.Unlock()
	p.listener, p.listening = l, time.Now()
}
