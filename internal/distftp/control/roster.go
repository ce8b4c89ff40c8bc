package control

import (
	"context"
	"fmt"
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
	since  time.Time
	end    context.CancelCauseFunc // of the session

	// Guarded by the roster's lock.
	user  string // "" before the login
	doing string // what is transferred, or ""
}

// enter gives a session a place, or fails with [ErrTooMany].
func (r *roster) enter(peer netip.Addr, end context.CancelCauseFunc) (*place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if reached(r.limits.Sessions, len(r.places)) {
		return nil, ErrTooMany
	}
	if reached(r.limits.PerAddress, r.addresses[network(peer)]) {
		return nil, fmt.Errorf("%w from your address, the limit is %d", ErrTooMany, r.limits.PerAddress)
	}
	r.last++
	p := &place{roster: r, number: r.last, peer: peer, since: time.Now(), end: end}
	r.places[p.number] = p
	r.addresses[network(peer)]++
	return p, nil
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
	p.forget()
	delete(p.roster.places, p.number)
	drop(p.roster.addresses, network(p.peer))
}

// logIn counts the session as a user's, or fails with [ErrTooMany].
func (p *place) logIn(user string, limit int) error {
	p.roster.mu.Lock()
	defer p.roster.mu.Unlock()
	if reached(limit, p.roster.users[user]) {
		return fmt.Errorf("%w of this user, the limit is %d", ErrTooMany, limit)
	}
	p.user = user
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
func (p *place) does(what string) {
	p.roster.mu.Lock()
	defer p.roster.mu.Unlock()
	p.doing = what
}
