package choice

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

const gib = 1 << 30

func names(list ...string) (all []Candidate) {
	for _, n := range list {
		all = append(all, Candidate{Name: n})
	}
	return all
}

// idle returns a state in which nothing speaks for or against a slave.
func idle() wire.State { return wire.State{Free: 50 * gib, Total: 100 * gib} }

// chooserOf returns a chooser of these slaves, which draws the first of the best.
func chooserOf(states map[string]wire.State) *Chooser {
	c := New(nil)
	c.draw = func(int) int { return 0 }
	for name, s := range states {
		c.Report(name, s)
	}
	return c
}

func TestTermsDecide(t *testing.T) {
	change := func(f func(*wire.State)) wire.State {
		s := idle()
		f(&s)
		return s
	}
	v4 := netip.MustParseAddr("192.0.2.1")
	tests := []struct {
		name    string
		other   wire.State // of slave b; a is idle
		request Request
		rules   []Rule
		want    []string // those that are drawn among
		reason  string   // of b, in part
	}{
		{"equals", idle(), Request{}, nil, []string{"a", "b"}, "0.0 points"},
		{"one transfer is near", change(func(s *wire.State) { s.Sending = 1 }), Request{}, nil, []string{"a", "b"}, "1 under way"},
		{"two are not", change(func(s *wire.State) { s.Sending = 2 }), Request{}, nil, []string{"a"}, "2 under way"},
		{"throughput", change(func(s *wire.State) { s.Out = 20 << 20 }), Request{}, nil, []string{"a"}, "sends 20"},
		{"throughput the other way", change(func(s *wire.State) { s.In = 20 << 20 }), Request{}, nil, []string{"a", "b"}, ""},
		{"space", change(func(s *wire.State) { s.Free = 20 * gib }), Request{Purpose: Upload}, nil, []string{"a"}, "80 %"},
		{"space does not matter", change(func(s *wire.State) { s.Free = 0 }), Request{}, nil, []string{"a", "b"}, ""},
		{"no room", change(func(s *wire.State) { s.Free = gib }), Request{Purpose: Upload, Size: 2 * gib}, nil, []string{"a"}, "out: it has room for 1.00 GiB only"},
		{"fault", change(func(s *wire.State) { s.Fault = "read-only" }), Request{Purpose: Take}, nil, []string{"a"}, "out: read-only"},
		{"fault of a reader", change(func(s *wire.State) { s.Fault = "read-only" }), Request{Purpose: Give}, nil, []string{"a", "b"}, ""},
		{"family", change(func(s *wire.State) { s.Data = []netip.Addr{netip.MustParseAddr("2001:db8::1")} }), Request{Client: v4}, nil, []string{"a"}, "family"},
		{"preferred", change(func(s *wire.State) { s.Sending = 5 }), Request{}, []Rule{{Path: "/", Copies: 1, Prefer: []string{"b"}}}, []string{"b"}, "preferred for /"},
		{"avoided", idle(), Request{}, []Rule{{Path: "/", Copies: 1, Avoid: []string{"?"}}, {Path: "/x", Copies: 1, Avoid: []string{"b*"}}}, []string{"a"}, "avoided for /x"},
		{"kept out", idle(), Request{Purpose: Upload}, []Rule{{Path: "/x", Copies: 1, Only: []string{"a"}}}, []string{"a"}, "out: the rule for /x keeps it out"},
		{"kept out of storing only", idle(), Request{}, []Rule{{Path: "/x", Copies: 1, Only: []string{"a"}}}, []string{"a", "b"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := chooserOf(map[string]wire.State{"a": idle(), "b": tt.other})
			c.SetRules(NewRules(tt.rules))
			tt.request.Path, tt.request.Candidates = "/x/file", names("a", "b")
			var equal []string
			for _, s := range c.Explain(tt.request) {
				if s.Equal {
					equal = append(equal, s.Slave)
				}
				if s.Slave == "b" && !strings.Contains(s.String(), tt.reason) {
					t.Errorf("of b it says %q, want %q", s, tt.reason)
				}
			}
			if !slices.Equal(equal, tt.want) {
				t.Errorf("drawn among %q, want %q", equal, tt.want)
			}
		})
	}
}

func TestDistance(t *testing.T) {
	c := New(func(_ netip.Addr, slave string) float64 { return map[string]float64{"far": 1000}[slave] })
	for _, name := range []string{"far", "here"} {
		c.Report(name, idle())
	}
	sums := c.Explain(Request{Path: "/f", Client: netip.MustParseAddr("192.0.2.1"), Candidates: names("far", "here")})
	if sums[0].Slave != "here" || sums[1].Points != 100 {
		t.Errorf("sums are %v", sums)
	}
}

// A burst is spread although no slave has reported anything of it.
func TestReservationsCountAtOnce(t *testing.T) {
	c := chooserOf(map[string]wire.State{"a": idle(), "b": idle(), "c": idle()})
	got := map[string]int{}
	var all []*Choice
	for range 300 {
		choice, err := c.Choose(Request{Path: "/f", Candidates: names("a", "b", "c")})
		if err != nil {
			t.Fatal(err)
		}
		got[choice.Slave]++
		all = append(all, choice)
	}
	for name, n := range got {
		if n < 98 || n > 102 {
			t.Errorf("%s got %d of 300", name, n)
		}
	}
	for _, choice := range all {
		choice.Release()
		choice.Release() // counts once
	}
	if sums := c.Explain(Request{Path: "/f", Candidates: names("a")}); sums[0].Points != 0 {
		t.Errorf("after all is over, %v", sums[0])
	}
}

// What a slave reports holds our own transfers, which are not counted twice, and those of
// other masters.
func TestReportsAndReservations(t *testing.T) {
	c := chooserOf(map[string]wire.State{"a": idle()})
	points := func() float64 { return c.Explain(Request{Path: "/f", Candidates: names("a")})[0].Points }
	choose := func() *Choice {
		choice, err := c.Choose(Request{Path: "/f", Candidates: names("a")})
		if err != nil {
			t.Fatal(err)
		}
		return choice
	}
	report := func(sending int) {
		s := idle()
		s.Sending = sending
		c.Report("a", s)
	}
	first := choose()
	report(1)
	if got := points(); got != 10 {
		t.Errorf("our only transfer, reported too, counts %v points, want 10", got)
	}
	report(4)
	if got := points(); got != 40 {
		t.Errorf("with three of another master: %v points, want 40", got)
	}
	second := choose()
	if got := points(); got != 50 {
		t.Errorf("one more: %v points, want 50", got)
	}
	first.Release()
	second.Release()
	if got := points(); got != 30 {
		t.Errorf("those of the other master alone: %v points, want 30", got)
	}
}

func TestPromisedSpace(t *testing.T) {
	c := chooserOf(map[string]wire.State{"a": {Free: 3 * gib, Total: 4 * gib}})
	r := Request{Purpose: Upload, Path: "/f", Size: 2 * gib, Candidates: names("a")}
	choice, err := c.Choose(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Choose(r); err == nil {
		t.Fatal("space was promised twice")
	}
	choice.Release()
	if _, err := c.Choose(r); err != nil {
		t.Fatal(err)
	}
}

func TestNobody(t *testing.T) {
	c := chooserOf(map[string]wire.State{"a": idle()})
	_, err := c.Choose(Request{Path: "/f", Candidates: []Candidate{{"a", "away"}, {"b", ""}}})
	none, ok := errors.AsType[*NoneError](err)
	if !ok || len(none.Sums) != 2 {
		t.Fatalf("error is %v", err)
	}
	if got, want := err.Error(), "no slave comes into question (a: away; b: it has not reported yet)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	c.Forget("a")
	if len(c.loads) != 0 {
		t.Errorf("%d slaves are remembered", len(c.loads))
	}
}

func TestRules(t *testing.T) {
	rules := NewRules([]Rule{{Path: "/pub", Copies: 2}, {Path: "/pub/iso", Copies: 3}})
	for path, want := range map[mirror.Path]int{"/": 1, "/other": 1, "/public": 1, "/pub": 2, "/pub/x/y": 2, "/pub/iso/a": 3} {
		if got := rules.For(path).Copies; got != want {
			t.Errorf("%s: %d copies, want %d", path, got, want)
		}
	}
	for _, bad := range []Rule{{Path: "pub", Copies: 1}, {Path: "/pub/", Copies: 1}, {Path: "/"}, {Path: "/", Copies: 99}, {Path: "/", Copies: 1, Only: []string{"["}}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	if got, want := (Rule{Path: "/", Copies: 2, Only: []string{"a*"}, Avoid: []string{"b"}}).String(), "2 copies, only on a*, avoiding b"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
