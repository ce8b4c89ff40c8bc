package control

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
)

// When all places are taken, addresses get equal shares of them: sessions that nobody
// uses go first, and transfers stay.
func TestFairShares(t *testing.T) {
	r := newRoster(Limits{Sessions: 6, PerAddress: 5})
	ended := map[string]error{}
	enter := func(name, addr string) *place {
		t.Helper()
		p, err := r.enter(netip.MustParseAddr(addr), func(err error) { ended[name] = err }, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return p
	}
	var greedy []*place
	for i := range 5 {
		greedy = append(greedy, enter(fmt.Sprint("greedy", i), "192.0.2.1"))
	}
	if _, err := r.enter(netip.MustParseAddr("192.0.2.1"), nil, nil); !errors.Is(err, ErrTooMany) {
		t.Errorf("a sixth session of one address: %v", err)
	}
	enter("other", "192.0.2.2")
	for i, p := range greedy {
		if i != 3 {
			if err := p.logIn("ann", 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	greedy[0].does(&transfer{})
	for i, want := range []string{"greedy3", "greedy1", "greedy2"} {
		enter(fmt.Sprint("new", i), fmt.Sprintf("192.0.2.%d", 10+i))
		if len(ended) != i+1 || ended[want] != errDisplaced {
			t.Fatalf("newcomer %d: ended are %v, want %s to be", i, ended, want)
		}
	}
	// Two are left to the first address: one more for another would be unfair, though
	// some have not logged in.
	if _, err := r.enter(netip.MustParseAddr("192.0.2.10"), nil, nil); !errors.Is(err, ErrTooMany) {
		t.Errorf("a second session of an address, where others have two: %v", err)
	}
	greedy[4].does(&transfer{})
	if _, err := r.enter(netip.MustParseAddr("192.0.2.20"), nil, nil); !errors.Is(err, ErrTooMany) {
		t.Errorf("in place of a transfer: %v", err)
	}
	// Who has lost its place does not lose it again, nor comes back by logging in.
	greedy[3].leave()
	if err := greedy[3].logIn("ann", 0); !errors.Is(err, ErrTooMany) {
		t.Errorf("login without a place: %v", err)
	}
	if len(r.places) != 6 || r.addresses.of(greedy[0].from) != 2 || r.users["ann"] != 2 {
		t.Errorf("%d places, %v, %v", len(r.places), r.addresses, r.users)
	}
}

// When many addresses have one place each, a newcomer takes that of who has not logged
// in for the longest time.
func TestMakeRoomAmongMany(t *testing.T) {
	r := newRoster(Limits{Sessions: 3})
	ended := -1
	var places []*place
	enter := func(i int) error {
		p, err := r.enter(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), func(error) { ended = i }, nil)
		places = append(places, p)
		return err
	}
	for i := range 3 {
		if err := enter(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := places[0].logIn("ann", 0); err != nil {
		t.Fatal(err)
	}
	places[1].speaks()
	if err := enter(3); err != nil || ended != 2 {
		t.Errorf("a newcomer: %v, in place of %d", err, ended)
	}
	if err := enter(3); !errors.Is(err, ErrTooMany) {
		t.Errorf("one that has a place already: %v", err)
	}
	for _, i := range []int{1, 3} {
		if err := places[i].logIn("ann", 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := enter(4); !errors.Is(err, ErrTooMany) {
		t.Errorf("when all have logged in: %v", err)
	}
	places[3].logOut()
	if err := enter(5); err != nil || ended != 3 {
		t.Errorf("when one has logged out: %v, in place of %d", err, ended)
	}
	for _, p := range places {
		if p != nil {
			p.leave()
		}
	}
	if r.addresses.most() != 0 || r.strangers.Len()+r.silent.Len() != 0 || len(r.places) != 0 {
		t.Errorf("left are %d places, %d strangers, %d of one address", len(r.places), r.strangers.Len()+r.silent.Len(), r.addresses.most())
	}
}

// When no port is free, one that waits in vain is taken from the address with most of
// them.
func TestFairPorts(t *testing.T) {
	r := newRoster(Limits{})
	var closed []string
	enter := func(name, addr string) *place {
		p, err := r.enter(netip.MustParseAddr(addr), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.listens(closer(func() error { closed = append(closed, name); return nil }))
		return p
	}
	first, second := enter("first", "192.0.2.1"), enter("second", "192.0.2.1")
	enter("third", "192.0.2.1")
	enter("other", "192.0.2.2")
	if first.freePort() {
		t.Errorf("an address with three ports got %q for a fourth", closed)
	}
	first.listens(nil)
	newcomer, err := r.enter(netip.MustParseAddr("192.0.2.3"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !newcomer.freePort() || len(closed) != 1 || closed[0] != "second" {
		t.Errorf("closed are %q, want the oldest that waits", closed)
	}
	if newcomer.freePort() {
		t.Errorf("closed are %q, though nobody has more than one left", closed)
	}
	second.leave()
}

type closer func() error

func (c closer) Close() error { return c() }

// Looking for room costs little when there is none, as in a flood.
func BenchmarkNoRoom(b *testing.B) {
	r := newRoster(Limits{Sessions: 1000})
	for i := range 1000 {
		if _, err := r.enter(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), func(error) {}, nil); err != nil {
			b.Fatal(err)
		}
	}
	var end context.CancelCauseFunc
	for b.Loop() {
		r.enter(netip.AddrFrom4([4]byte{10, 1, 0, 0}), end, nil)
	}
}
