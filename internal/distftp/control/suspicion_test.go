package control

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// Failures are forgotten one by one, and no more of them are remembered than count.
func TestMemory(t *testing.T) {
	var m memory[string]
	now := time.Unix(1e9, 0)
	after := func(d time.Duration, want int) {
		t.Helper()
		now = now.Add(d)
		if n := m.of("a", now, time.Minute); n != want {
			t.Errorf("%d remembered, want %d", n, want)
		}
	}
	after(0, 0)
	for n := range 3 {
		m.add("a", now, time.Minute, 20)
		after(0, n+1)
	}
	after(time.Minute-1, 3)
	after(1, 2)
	m.add("a", now, time.Minute, 20)
	after(0, 3)
	after(3*time.Minute, 0)
	for range 100 {
		m.add("a", now, time.Minute, 20)
	}
	after(0, 20)
	after(time.Minute, 19)
	if n := m.of("b", now, time.Minute); n != 0 {
		t.Errorf("somebody else has %d", n)
	}
}

// A memory is bounded, and those who fail again and again do not get out of it by there
// being many others.
func TestMemoryIsBounded(t *testing.T) {
	var m memory[int]
	now := time.Unix(1e9, 0)
	for i := range 5 * generation {
		m.add(i, now, time.Hour, 20)
		if i%(generation/2) == 0 {
			m.add(-1, now, time.Hour, 20)
		}
	}
	if n := len(m.young) + len(m.old); n > 2*generation {
		t.Errorf("%d are remembered", n)
	}
	if n := m.of(-1, now, time.Hour); n != 10 {
		t.Errorf("%d failures are remembered of who failed 10 times", n)
	}
}

// strike is one attempt with a wrong password.
func strike(e *Engine, from netip.Prefix, user string) error {
	s := &session{Engine: e, place: &place{from: from}}
	return s.vet(context.Background(), user, func() error { return ErrLogin })
}

func newSuspicious() *Engine {
	return &Engine{
		Config: Config{FailureDelay: time.Second, FailureMemory: time.Minute, Limits: Limits{Failures: 20}},
		roster: newRoster(Limits{}),
	}
}

// An address is refused for a while, from wherever in its network; others are not.
func TestAddressIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newSuspicious()
		bad, good := network(netip.MustParseAddr("2001:db8::1")), network(netip.MustParseAddr("2001:db8:0:1::1"))
		for i := range 20 {
			if err := strike(e, bad, fmt.Sprint("user", i)); err != ErrLogin {
				t.Fatalf("failure %d: %v", i, err)
			}
		}
		if err := strike(e, network(netip.MustParseAddr("2001:db8::2")), "nobody"); err != errSuspect {
			t.Errorf("the same network: %v", err)
		}
		if err := strike(e, good, "user1"); err != ErrLogin {
			t.Errorf("another network: %v", err)
		}
		time.Sleep(time.Minute)
		if err := strike(e, bad, "user1"); err != ErrLogin {
			t.Errorf("one failure is forgotten: %v", err)
		}
		if err := strike(e, bad, "user1"); err != errSuspect {
			t.Errorf("only one failure is forgotten: %v", err)
		}
	})
}

// A user who is tried from everywhere can still log in from anywhere, a few seconds
// later. That holds for a name that nobody has as well.
func TestUserIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newSuspicious()
		for i := range 100 {
			from := network(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
			began := time.Now()
			if err := strike(e, from, "ann"); err != ErrLogin {
				t.Fatal(err)
			}
			if took := time.Since(began); took > slower*time.Second {
				t.Fatalf("took %v", took)
			}
		}
		s := &session{Engine: e, place: &place{from: network(netip.MustParseAddr("198.51.100.1"))}}
		for user, want := range map[string]time.Duration{"ann": slower * time.Second, "bob": 0} {
			began := time.Now()
			if err := s.vet(t.Context(), user, func() error { return nil }); err != nil || time.Since(began) != want {
				t.Errorf("%s: %v after %v, want after %v", user, err, time.Since(began), want)
			}
		}
	})
}

// One password of an address is looked at at a time; who does not want to wait any more
// leaves nothing behind.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newSuspicious()
		s := &session{Engine: e, place: &place{from: network(netip.MustParseAddr("192.0.2.1"))}}
		looking, most := 0, 0
		for range 10 {
			go s.vet(t.Context(), "ann", func() error {
				looking++
				most = max(most, looking)
				time.Sleep(time.Second)
				looking--
				return nil
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if err := s.vet(ctx, "ann", func() error { t.Error("looked at"); return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who waits too long: %v", err)
		}
		other := &session{Engine: e, place: &place{from: network(netip.MustParseAddr("192.0.2.2"))}}
		began := time.Now()
		if err := other.vet(t.Context(), "ann", func() error { return nil }); err != nil || time.Since(began) > 0 {
			t.Errorf("another address waited %v, %v", time.Since(began), err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if most != 1 || len(e.roster.suspicion.turns) != 0 {
			t.Errorf("%d at a time, %d turns are left", most, len(e.roster.suspicion.turns))
		}
	})
}
