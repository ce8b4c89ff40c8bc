package account

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// book has users without a database, and counts how often it was asked.
type book struct {
	users  map[string]User
	groups []Group
	asked  int
	away   error
}

func (b *book) User(_ context.Context, name string) (User, error) {
	b.asked++
	if b.away != nil {
		return User{}, b.away
	}
	if u, ok := b.users[name]; ok {
		return u, nil
	}
	return User{}, ErrNoUser
}

func (b *book) GroupsOf(context.Context, User) ([]Group, error) { return b.groups, b.away }

func (b *book) Charge(context.Context, *Account, int64, int64) error { return b.away }

// newBook makes a book; whoever has no password gets "right".
func newBook(t *testing.T, users ...User) *book {
	t.Helper()
	hash, err := NewHasher(cheap, 1).Hash(t.Context(), "right")
	if err != nil {
		t.Fatal(err)
	}
	b := &book{users: map[string]User{Anonymous: {Name: Anonymous}}}
	for _, u := range users {
		if u.Password == "" && u.Name != Anonymous {
			u.Password = hash
		}
		b.users[u.Name] = u
	}
	return b
}

var (
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("198.51.100.1")
	noon  = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

func newDesk(b *book) *Desk {
	return NewDesk(b, NewHasher(cheap, 1), func() time.Time { return noon })
}

func TestLogin(t *testing.T) {
	network := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	b := newBook(t,
		User{Name: "ann", Home: "/home/ann", Groups: []string{"staff"}},
		User{Name: "off", Disabled: true},
		User{Name: "old", Expires: noon},
		User{Name: "new", Expires: noon.Add(time.Second)},
		User{Name: "near", Networks: network},
		User{Name: "broken", Password: "plain"},
	)
	b.users["mute"] = User{Name: "mute"}
	d := newDesk(b)
	tests := []struct {
		name, password string
		from           netip.Addr
		refused        string // part of the reason for the log; "" if let in
	}{
		{"ann", "right", here, ""},
		{"ann", "wrong", here, "wrong password"},
		{"ann", "", here, "wrong password"},
		{"Ann", "right", here, "no such user"},
		{"nobody", "right", here, "no such user"},
		{"mute", "", here, "no password"},
		{"off", "right", here, "disabled"},
		{"off", "wrong", here, "wrong password"},
		{"old", "right", here, "expired"},
		{"new", "right", here, ""},
		{"near", "right", here, ""},
		{"near", "right", netip.AddrFrom16(here.As16()), ""},
		{"near", "right", there, "may not come from 198.51.100.1"},
		{"near", "right", netip.Addr{}, "may not come from"},
		{"anonymous", "", there, ""},
		{"FTP", "me@", there, ""},
	}
	for _, tt := range tests {
		s, err := d.Login(t.Context(), tt.name, tt.password, tt.from)
		switch {
		case tt.refused == "" && err != nil:
			t.Errorf("%s %s: %v", tt.name, tt.password, err)
		case tt.refused == "":
			s.Close()
		case !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), tt.refused):
			t.Errorf("%s %s: got %v", tt.name, tt.password, err)
		}
	}
	if _, err := d.Login(t.Context(), "broken", "plain", here); err == nil || errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "plain") {
		t.Errorf("a hash that is none: %v", err)
	}
	if len(d.sessions) != 0 {
		t.Errorf("left behind: %v", d.sessions)
	}
	b.away = errors.New("away")
	if _, err := d.Login(t.Context(), "ann", "right", here); !errors.Is(err, b.away) || errors.Is(err, ErrRefused) {
		t.Errorf("without a database: %v", err)
	}
}

// A wrong password, a user without one and no user at all all wait for the same: the
// memory of one computation.
func TestEveryFailureCostsAComputation(t *testing.T) {
	b := newBook(t, User{Name: "ann"}, User{Name: "off", Disabled: true})
	b.users["mute"] = User{Name: "mute"}
	for _, name := range []string{"ann", "off", "mute", "nobody"} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(b)
			if err := d.hasher.free.Acquire(t.Context(), d.hasher.memory); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() {
				_, err := d.Login(t.Context(), name, "wrong", here)
				done <- err
			}()
			synctest.Wait()
			select {
			case err := <-done:
				t.Errorf("%s: answered without a computation: %v", name, err)
				return
			default:
			}
			d.hasher.free.Release(d.hasher.memory)
			if err := <-done; !errors.Is(err, ErrRefused) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestSessionLimits(t *testing.T) {
	b := newBook(t, User{Name: "ann", Limits: Limits{Sessions: 3, PerAddress: 2}})
	d := newDesk(b)
	login := func(from netip.Addr) (*Session, error) { return d.Login(t.Context(), "ann", "right", from) }
	var open []*Session
	for range 2 {
		s, err := login(here)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, s)
	}
	var limit *LimitError
	if _, err := login(here); !errors.As(err, &limit) || limit.Address != here || limit.Max != 2 {
		t.Errorf("third from one address: %v", err)
	} else if text := err.Error(); text != "user ann has 2 sessions from 192.0.2.1, and may not have more" {
		t.Error(text)
	}
	s, err := login(there)
	if err != nil {
		t.Fatal(err)
	}
	open = append(open, s)
	if _, err := login(netip.MustParseAddr("2001:db8::1")); !errors.As(err, &limit) || limit.Address.IsValid() || limit.Max != 3 {
		t.Errorf("fourth: %v", err)
	}
	open[0].Close()
	open[0].Close() // counts once
	if s, err = login(here); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	if _, err := login(here); err == nil {
		t.Error("an end was counted twice")
	}
	for _, s := range append(open, s) {
		s.Close()
	}
	if len(d.sessions) != 0 {
		t.Errorf("left behind: %v", d.sessions)
	}
}

func TestOneNetworkOfIPv6IsOneAddress(t *testing.T) {
	d := newDesk(newBook(t, User{Name: Anonymous, Limits: Limits{PerAddress: 1}}))
	for from, want := range map[string]bool{"2001:db8::1": true, "2001:db8:0:1::1": true} {
		if _, err := d.Login(t.Context(), Anonymous, "", netip.MustParseAddr(from)); (err == nil) != want {
			t.Errorf("%s: %v", from, err)
		}
	}
	if _, err := d.Login(t.Context(), Anonymous, "", netip.MustParseAddr("2001:db8::2")); err == nil {
		t.Error("a second address of the same /64 was let in")
	}
}

// Thousands of anonymous logins ask the database once, and a change counts soon.
func TestAnonymousIsRemembered(t *testing.T) {
	b := newBook(t)
	now := noon
	d := NewDesk(b, NewHasher(cheap, 1), func() time.Time { return now })
	for range 100 {
		if _, err := d.Login(t.Context(), Anonymous, "", here); err != nil {
			t.Fatal(err)
		}
	}
	if b.asked != 1 {
		t.Errorf("asked %d times", b.asked)
	}
	b.users[Anonymous] = User{Name: Anonymous, Disabled: true}
	now = now.Add(freshness)
	if _, err := d.Login(t.Context(), Anonymous, "", here); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
}

func TestOnlyAnonymous(t *testing.T) {
	d := NewDesk(OnlyAnonymous{}, NewHasher(cheap, 1), time.Now)
	s, err := d.Login(t.Context(), "ftp", "", here)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Name != Anonymous || !s.Permits("/a", Read) || s.Permits("/a", Write) {
		t.Errorf("got %+v", s.Account)
	}
	if _, err := d.Login(t.Context(), "ann", "", here); !errors.Is(err, ErrRefused) {
		t.Errorf("ann: %v", err)
	}
}
