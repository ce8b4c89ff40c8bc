package account

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrRefused is why a login failed, whatever the reason: a client is told no more, so that
// it learns nothing about users (RFC 2577, 5 and 6). What else the error says is for the log.
var ErrRefused = errors.New("login refused")

// Users is where a desk finds users. A [Store] is one.
type Users interface {
	// User returns a user, or [ErrNoUser]; [Anonymous] is always there.
	User(ctx context.Context, name string) (User, error)
	// GroupsOf returns the groups of a user, in its order.
	GroupsOf(ctx context.Context, u User) ([]Group, error)
	// Charge counts what a user stores, as [Store.Charge] does.
	Charge(ctx context.Context, a *Account, bytes, files int64) error
}

// OnlyAnonymous are the users of a server that has none of its own.
type OnlyAnonymous struct{}

// User implements [Users].
func (OnlyAnonymous) User(_ context.Context, name string) (User, error) {
	if !IsAnonymous(name) {
		return User{}, ErrNoUser
	}
	return User{Name: Anonymous}, nil
}

// GroupsOf implements [Users].
func (OnlyAnonymous) GroupsOf(context.Context, User) ([]Group, error) { return nil, nil }

// Charge implements [Users]; anonymous clients store nothing.
func (OnlyAnonymous) Charge(context.Context, *Account, int64, int64) error { return nil }

// A Desk is where sessions log in. Its methods may be called by several goroutines at a
// time.
type Desk struct {
	users  Users
	hasher *Hasher
	now    func() time.Time

	mu       sync.Mutex // guards the following
	sessions map[string]*presence

	turn      *semaphore.Weighted // to look up the anonymous user; guards the following
	anonymous *Account
	until     time.Time // when it is to be looked up again
}

// A Session is an account in use.
type Session struct {
	*Account
	users Users
	leave func()
}

// Left returns how much more the user may store, [math.MaxInt64] where there is no limit.
// It is never below zero.
func (s *Session) Left(ctx context.Context) (Usage, error) {
	left := Usage{Bytes: math.MaxInt64, Files: math.MaxInt64}
	if s.Limits.Bytes == 0 && s.Limits.Files == 0 {
		return left, nil
	}
	u, err := s.users.User(ctx, s.Name)
	if err != nil {
		return Usage{}, err
	}
	if n := s.Limits.Bytes; n > 0 {
		left.Bytes = max(int64(n)-u.Used.Bytes, 0)
	}
	if n := s.Limits.Files; n > 0 {
		left.Files = max(int64(n)-u.Used.Files, 0)
	}
	return left, nil
}

// Charge counts what the user stores, as [Store.Charge] does.
func (s *Session) Charge(ctx context.Context, bytes, files int64) error {
	return s.users.Charge(ctx, s.Account, bytes, files)
}

// Close ends the session, so that it no longer counts. It may be called more than once.
func (s *Session) Close() { s.leave() }

// A presence is the sessions of one user.
type presence struct {
	all     int64
	address map[netip.Addr]int64
}

// freshness is how long anonymous clients are let in by what was looked up for another.
const freshness = time.Second

// NewDesk returns a desk. The clock is [time.Now] but for tests.
func NewDesk(users Users, hasher *Hasher, now func() time.Time) *Desk {
	return &Desk{users: users, hasher: hasher, now: now, sessions: make(map[string]*presence), turn: semaphore.NewWeighted(1)}
}

// Login begins a session of a user that comes from an address. The caller closes the
// session at its end. Errors are [ErrRefused], a [LimitError], that of the context,
// or say that the database is away.
//
// An unknown user, one that may not log in, and a wrong password cost the same time.
func (d *Desk) Login(ctx context.Context, name, password string, from netip.Addr) (*Session, error) {
	from = from.Unmap().WithZone("")
	a, err := d.identify(ctx, name, password)
	if err != nil {
		return nil, err
	}
	switch {
	case a.disabled:
		return nil, fmt.Errorf("%w: user %s is disabled", ErrRefused, a.Name)
	case !a.expires.IsZero() && !d.now().Before(a.expires):
		return nil, fmt.Errorf("%w: user %s has expired at %s", ErrRefused, a.Name, a.expires.Format(time.RFC3339))
	case !a.from(from):
		return nil, fmt.Errorf("%w: user %s may not come from %s", ErrRefused, a.Name, from)
	}
	return d.enter(a, from)
}

// identify returns the account of whoever has the password.
func (d *Desk) identify(ctx context.Context, name, password string) (*Account, error) {
	if IsAnonymous(name) {
		return d.lookUpAnonymous(ctx)
	}
	u, err := d.users.User(ctx, name)
	known := !errors.Is(err, ErrNoUser)
	if known && err != nil {
		return nil, err
	}
	right, err := d.hasher.Verify(ctx, u.Password, password)
	switch {
	case err != nil:
		return nil, fmt.Errorf("user %s: %w", u.Name, err)
	case !known:
		return nil, fmt.Errorf("%w: there is no such user", ErrRefused)
	case u.Password == "":
		return nil, fmt.Errorf("%w: user %s has no password", ErrRefused, u.Name)
	case !right:
		return nil, fmt.Errorf("%w: wrong password of user %s", ErrRefused, u.Name)
	}
	groups, err := d.users.GroupsOf(ctx, u)
	if err != nil {
		return nil, err
	}
	return Resolve(u, groups), nil
}

// lookUpAnonymous asks the database at most once in a while: there may be thousands of
// anonymous logins a second.
func (d *Desk) lookUpAnonymous(ctx context.Context) (*Account, error) {
	if err := d.turn.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer d.turn.Release(1)
	now := d.now()
	if now.Before(d.until) {
		return d.anonymous, nil
	}
	u, err := d.users.User(ctx, Anonymous)
	if err != nil {
		return nil, err
	}
	groups, err := d.users.GroupsOf(ctx, u)
	if err != nil {
		return nil, err
	}
	d.anonymous, d.until = Resolve(u, groups), now.Add(freshness)
	return d.anonymous, nil
}

// enter begins a session, if there may be one more.
func (d *Desk) enter(a *Account, from netip.Addr) (*Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.sessions[a.Name]
	if p == nil {
		p = &presence{address: make(map[netip.Addr]int64)}
	}
	place := neighbourhood(from)
	switch {
	case reached(p.all, a.Limits.Sessions):
		return nil, &LimitError{Name: a.Name, Max: p.all}
	case reached(p.address[place], a.Limits.PerAddress):
		return nil, &LimitError{Name: a.Name, Address: from, Max: p.address[place]}
	}
	d.sessions[a.Name] = p
	p.all++
	p.address[place]++
	return &Session{Account: a, users: d.users, leave: sync.OnceFunc(func() { d.leave(a.Name, place) })}, nil
}

// leave forgets what is no longer needed, so that addresses do not pile up.
func (d *Desk) leave(name string, place netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.sessions[name]
	p.all--
	if p.address[place]--; p.address[place] == 0 {
		delete(p.address, place)
	}
	if p.all == 0 {
		delete(d.sessions, name)
	}
}

func reached(n int64, limit Limit) bool { return limit > 0 && n >= int64(limit) }

// neighbourhood is what counts as one address: one host has a /64 of IPv6 to itself.
func neighbourhood(addr netip.Addr) netip.Addr {
	if addr.Is6() {
		if n, err := addr.Prefix(64); err == nil {
			return n.Addr()
		}
	}
	return addr
}
