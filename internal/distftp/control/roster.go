package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"
)

// Limits bound how many sessions there are at a time. Zero means no limit.
type Limits struct {
	Sessions   int // in all
	PerAddress int // from one IPv4 address, or one IPv6 network of 64 bits, which one host has to itself
	PerUser    int // of one user, unless the account says otherwise
}

// A roster knows all sessions that are under way.
type roster struct {
	limits Limits

	mu        sync.Mutex
	last      int // number of a session
	places    map[int]*place
	addresses map[netip.Prefix]int
	users     map[string]int
}

func newRoster(limits Limits) *roster {
	return &roster{
		limits:    limits,
		places:    map[int]*place{},
		addresses: map[netip.Prefix]int{},
		users:     map[string]int{},
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

	// Guarded by the roster's lock.
	user   string    // "" before the login
	doing  *transfer // nil: nothing
	active time.Time // when one of the two changed last

	// What PASV opened and no transfer has used yet, and since when; nil if nothing.
	listener  io.Closer
	listening time.Time
}

// enter gives a session a place, or fails with [ErrTooMany].
func (r *roster) enter(peer netip.Addr, end context.CancelCauseFunc) (*place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := network(peer)
	if reached(r.limits.PerAddress, r.addresses[from]) {
		return nil, fmt.Errorf("%w, the limit is %d", errCrowd, r.limits.PerAddress)
	}
	if reached(r.limits.Sessions, len(r.places)) && !r.makeRoom(from) {
		return nil, ErrTooMany
	}
	r.last++
	now := time.Now()
	p := &place{roster: r, number: r.last, peer: peer, from: from, since: now, end: end, active: now}
	r.places[p.number] = p
	r.addresses[from]++
	return p, nil
}

// errCrowd is the ErrTooMany of one address.
var errCrowd = fmt.Errorf("%w from your address", ErrTooMany)

// errDisplaced ends a session in favour of a client whose address has fewer.
var errDisplaced = errors.New("too many sessions, and most of them from your address")

// makeRoom ends a session in favour of one more from an address, if another address
// would still not have fewer than that. So those who come from few addresses cannot keep
// the others out. It ends one that has not logged in, or else has been idle the longest,
// but never a transfer.
func (r *roster) makeRoom(newcomer netip.Prefix) bool {
	most := 0
	for _, n := range r.addresses {
		most = max(most, n)
	}
	fair := r.addresses[newcomer] + 1
	if most <= fair {
		return false
	}
	var out *place
	for _, p := range r.places {
		if p.doing == nil && r.addresses[p.from] > fair && (out == nil || p.goesBefore(out)) {
			out = p
		}
	}
	if out == nil {
		return false
	}
	out.vacate()
	out.end(errDisplaced)
	return true
}

// goesBefore reports whether p is to be ended rather than q.
func (p *place) goesBefore(q *place) bool {
	if n, m := p.roster.addresses[p.from], p.roster.addresses[q.from]; n != m {
		return n > m
	}
	if p.user == "" != (q.user == "") {
		return p.user == ""
	}
	return p.active.Before(q.active)
}

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
	drop(p.roster.addresses, p.from)
}

func (p *place) vacated() bool { return p.roster.places[p.number] != p }

// logIn counts the session as a user's, or fails with [ErrTooMany].
func (p *place) logIn(user string, limit int) error {
	p.roster.mu.Lock()
	defer p.roster.mu.Unlock()
	if p.vacated() {
		return fmt.Errorf("%w, and most of them from your address", ErrTooMany)
	}
	if reached(limit, p.roster.users[user]) {
		return fmt.Errorf("%w of this user, the limit is %d", ErrTooMany, limit)
	}
	p.user, p.active = user, time.Now()
	p.roster.users[user]++
	return nil
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
		drop(p.roster.users, p.user)
		p.user = ""
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

// freePort closes a listener that another address has, if that has more of them waiting
// than this one would. So those who ask for ports and do not use them cannot keep the
// others from getting one.
func (p *place) freePort() bool {
	p.roster.mu.Lock()
	defer p.roster.mu.Unlock()
	waiting := map[netip.Prefix]int{}
	for _, q := range p.roster.places {
		if q.listener != nil {
			waiting[q.from]++
		}
	}
	fair := waiting[p.from] + 1
	var out *place
	for _, q := range p.roster.places {
		if n := waiting[q.from]; q.listener == nil || n <= fair {
			continue
		}
		if out == nil || waiting[q.from] > waiting[out.from] || waiting[q.from] == waiting[out.from] && q.listening.Before(out.listening) {
			out = q
		}
	}
	if out == nil {
		return false
	}
	out.listener.Close()
	out.listener = nil
	return true
}
