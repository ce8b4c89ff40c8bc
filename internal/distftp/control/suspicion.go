package control

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// errSuspect refuses to look at a password, because too many from the same address were
// wrong.
var errSuspect = errors.New("too many failed logins from the address")

// A suspicion remembers which passwords were wrong of late, in all sessions: by whom, and
// of which user. From an address no more than one password is looked at at a time, so that
// who connects many times at once neither tries more than one after the other nor keeps
// those waiting who come from elsewhere.
//
// Addresses are refused, users never: who fails to log in as somebody must not keep that
// user out. But it takes longer to log in as one whose password was often wrong. Names
// count whether there are such users or not, so that nobody learns which there are.
type suspicion struct {
	seed maphash.Seed

	mu        sync.Mutex
	addresses memory[netip.Prefix]
	users     memory[uint64] // by a hash of the name
	turns     map[netip.Prefix]*turn
}

// A turn is had by one session of an address at a time.
type turn struct {
	taken chan struct{} // holds one while somebody has it
	users int           // who has it or waits for it
}

func newSuspicion() *suspicion {
	return &suspicion{seed: maphash.MakeSeed(), turns: map[netip.Prefix]*turn{}}
}

// take waits for the turn of an address until ctx ends. The caller gives it back.
func (s *suspicion) take(ctx context.Context, from netip.Prefix) (giveBack func(), err error) {
	s.mu.Lock()
	t := s.turns[from]
	if t == nil {
		t = &turn{taken: make(chan struct{}, 1)}
		s.turns[from] = t
	}
	t.users++
	s.mu.Unlock()
	leave := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(s.turns, from)
		}
	}
	select {
	case t.taken <- struct{}{}:
		return func() { <-t.taken; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, fmt.Errorf("wait for other logins from the address: %w", ctx.Err())
	}
}

// Failures of a user that have no consequence yet, and how many more make logins slower.
const (
	forgiven = 5
	slower   = 5
)

// of returns how many failures of an address, and of a user, are remembered.
func (s *suspicion) of(from netip.Prefix, user string, forget time.Duration) (address, name int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	return s.addresses.of(from, now, forget), s.users.of(maphash.String(s.seed, user), now, forget)
}

// failed remembers a failure.
func (s *suspicion) failed(from netip.Prefix, user string, forget time.Duration, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.addresses.add(from, now, forget, most)
	s.users.add(maphash.String(s.seed, user), now, forget, forgiven+slower)
}

// A memory counts failures by who is responsible, and forgets one of each at a time. What
// it holds is bounded: those of one and of the last generation. A generation ends when it
// is full; who has not failed again in the next is forgotten with it.
type memory[K comparable] struct {
	young, old map[K]time.Time // when all failures will be forgotten
}

// generation is how many a generation holds. All memories together take a few MiB.
const generation = 1 << 14

func (m *memory[K]) until(who K) time.Time {
	if t, ok := m.young[who]; ok {
		return t
	}
	return m.old[who]
}

// of returns how many failures of somebody are remembered.
func (m *memory[K]) of(who K, now time.Time, forget time.Duration) int {
	left := m.until(who).Sub(now)
	if left <= 0 {
		return 0
	}
	return int((left + forget - 1) / forget)
}

// add remembers one more, but no more than most.
func (m *memory[K]) add(who K, now time.Time, forget time.Duration, most int) {
	until := m.until(who)
	if until.Before(now) {
		until = now
	}
	until = until.Add(forget)
	if latest := now.Add(time.Duration(most) * forget); until.After(latest) {
		until = latest
	}
	if m.young == nil || len(m.young) >= generation {
		m.young, m.old = map[K]time.Time{}, m.young
	}
	m.young[who] = until
}

// vet has a password of a user looked at, unless too many from the client's address were
// wrong of late, which is errSuspect. What check returns is returned, and remembered if it
// is [ErrLogin].
func (s *session) vet(ctx context.Context, user string, check func() error) error {
	suspicion, from := s.roster.suspicion, s.place.from
	giveBack, err := suspicion.take(ctx, from)
	if err != nil {
		return err
	}
	defer giveBack()
	failures, ofUser := suspicion.of(from, user, s.FailureMemory)
	if reached(s.Limits.Failures, failures) {
		return errSuspect
	}
	// Before the check, so that a right password is not told by how fast it is.
	if err := wait(ctx, time.Duration(min(ofUser-forgiven, slower))*s.FailureDelay); err != nil {
		return err
	}
	err = check()
	if errors.Is(err, ErrLogin) {
		suspicion.failed(from, user, s.FailureMemory, max(s.Limits.Failures, forgiven))
	}
	return err
}

// wait lets time go by until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
