package polite

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/mirror"
)

func site(t *testing.T, url string) mirror.Site {
	u, err := mirror.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	return mirror.Site{URL: u}
}

// lookup knows a few hosts.
func lookup(ctx context.Context, _, host string) (all []netip.Addr, err error) {
	switch addresses := map[string]string{
		"a":         "192.0.2.1",
		"b":         "192.0.2.2",
		"alias.a":   "2001:db8::1 192.0.2.1",
		"mapped.a":  "::ffff:192.0.2.1",
		"v6.a":      "2001:db8::1",
		"192.0.2.1": "192.0.2.1",
	}[host]; {
	case host == "slow":
		<-ctx.Done()
		return nil, ctx.Err()
	case addresses == "":
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	default:
		for text := range strings.FieldsSeq(addresses) {
			all = append(all, netip.MustParseAddr(text))
		}
		return all, nil
	}
}

func connect(t *testing.T, s *Site) (release func()) {
	release, err := s.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return release
}

func TestRate(t *testing.T) {
	for _, c := range []struct {
		rate        float64
		directories int
		least, most time.Duration
	}{
		{0, 1000, 0, 0},
		{0.5, 4, 6 * time.Second, 6 * time.Second},
		{10, 101, 10 * time.Second, 10 * time.Second},
		{2500, 25_000, 9900 * time.Millisecond, 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := New(2, lookup).Site(t.Context(), site(t, "ftp://a/"), Pace{Rate: c.rate})
			defer s.Close()
			began := time.Now()
			for range c.directories {
				if err := s.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(began); took < c.least || took > c.most+time.Millisecond {
				t.Errorf("%d directories at %v a second take %v, want %v to %v", c.directories, c.rate, took, c.least, c.most)
			}
		})
	}
}

// Many directories that came at once are paid for before the next one, and those who
// need not wait are told so.
func TestRateOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(2, lookup).Site(t.Context(), site(t, "ftp://a/"), Pace{Rate: 20})
		defer s.Close()
		began := time.Now()
		if err := s.WaitN(t.Context(), 1002); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 49*time.Second || took > 51*time.Second {
			t.Errorf("1002 directories at 20 a second take %v", took)
		}
		if s.Allow() {
			t.Error("one more may come at once")
		}
		time.Sleep(time.Second)
		allowed := 0
		for s.Allow() {
			allowed++
		}
		if allowed != 2 {
			t.Errorf("after a while, %d may come at once, want a tenth of a second's worth", allowed)
		}
	})
}

func TestBandwidth(t *testing.T) {
	p := New(2, lookup)
	s := p.Site(t.Context(), site(t, "ftp://a/"), Pace{Bandwidth: 64 << 10})
	defer s.Close()
	if l := s.Bytes(); l == nil || l.Limit() != 64<<10 || l.Burst() != 32<<10 {
		t.Errorf("%v", l)
	}
	free := p.Site(t.Context(), site(t, "ftp://b/"), Pace{})
	defer free.Close()
	if free.Bytes() != nil {
		t.Error("bytes are limited without a limit")
	}
}

// Sites that share a server share its connections, whatever their ports are.
func TestConnectionsOfAHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(2, lookup)
		var mu sync.Mutex
		now, most := map[string]int{}, map[string]int{}
		var crawls sync.WaitGroup
		for _, url := range []string{"ftp://a/x/", "ftp://a/y/", "ftps://a/", "ftp://a:2121/", "ftp://b/"} {
			site := site(t, url)
			s, name := p.Site(t.Context(), site, Pace{Connections: 2}), site.URL.Host
			crawls.Go(func() {
				defer s.Close()
				var lines sync.WaitGroup
				defer lines.Wait()
				for range 3 {
					lines.Go(func() {
						release := connect(t, s)
						defer release()
						mu.Lock()
						now[name]++
						most[name] = max(most[name], now[name])
						mu.Unlock()
						time.Sleep(time.Second)
						mu.Lock()
						now[name]--
						mu.Unlock()
					})
				}
			})
		}
		crawls.Wait()
		if most["a"] != 2 || most["b"] != 2 {
			t.Errorf("connections at a time: %v, want two of each host", most)
		}
		if len(p.hosts) != 0 {
			t.Errorf("%d hosts are kept", len(p.hosts))
		}
	})
}

// Names that share an address are of one host; a name without one is a host of its own.
func TestNamesOfAHost(t *testing.T) {
	for name, c := range map[string]struct {
		under  []string // crawls that are under way
		next   string
		shares bool // whether it is of a host under way
	}{
		"itself":             {[]string{"a"}, "a", true},
		"another":            {[]string{"a"}, "b", false},
		"an alias":           {[]string{"a"}, "alias.a", true},
		"the address":        {[]string{"alias.a"}, "192.0.2.1", true},
		"the mapped address": {[]string{"a"}, "mapped.a", true},
		"the other address":  {[]string{"alias.a"}, "v6.a", true},
		"nothing in common":  {[]string{"a"}, "v6.a", false},
		"by way of a third":  {[]string{"a", "alias.a"}, "v6.a", true},
		"not found":          {[]string{"a"}, "nowhere", false},
		"not found twice":    {[]string{"nowhere"}, "nowhere", true},
		"too slow":           {[]string{"slow"}, "slow", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New(1, lookup)
				began := time.Now()
				var under []*Site
				for _, name := range c.under {
					under = append(under, p.Site(t.Context(), site(t, "ftp://"+name+"/"), Pace{}))
				}
				next := p.Site(t.Context(), site(t, "ftp://"+c.next+"/"), Pace{})
				if took := time.Since(began); took > 2*maxLookup {
					t.Errorf("names are looked up for %v", took)
				}
				release := connect(t, under[0])
				other, ok := next.TryConnect()
				if ok == c.shares {
					t.Errorf("there is room beside the first: %v", ok)
				}
				if ok {
					other()
				}
				release()
				for _, s := range append(under, next) {
					s.Close()
				}
				if len(p.hosts) != 0 {
					t.Errorf("%d names are kept", len(p.hosts))
				}
			})
		})
	}
}

// A site that may have more connections than a host has them, as long as it is
// crawled.
func TestOneSiteMayHaveMore(t *testing.T) {
	p := New(1, lookup)
	big, small := p.Site(t.Context(), site(t, "ftp://a/"), Pace{Connections: 3}), p.Site(t.Context(), site(t, "ftp://a/x/"), Pace{Connections: 1})
	defer small.Close()
	var releases []func()
	for range 3 {
		releases = append(releases, connect(t, big))
	}
	if _, ok := small.TryConnect(); ok {
		t.Error("a fourth connection is open")
	}
	big.Close()
	for i, release := range releases {
		if _, ok := small.TryConnect(); ok {
			t.Errorf("a connection is open beside %d of another site", 3-i)
		}
		release()
		release() // is nothing
	}
	release, ok := small.TryConnect()
	if !ok {
		t.Fatal("the host is free, and has no room")
	}
	release()
}

// Who waits is let in by the end of a connection and by a change of the settings, in
// order, unless he gives up.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(1, lookup)
		s := p.Site(t.Context(), site(t, "ftp://a/"), Pace{})
		defer s.Close()
		first := connect(t, s)
		var order []string
		var waiting sync.WaitGroup
		wait := func(name string, ctx context.Context) {
			waiting.Go(func() {
				release, err := s.Connect(ctx)
				if err != nil {
					order = append(order, name+": "+err.Error())
					return
				}
				order = append(order, name)
				t.Cleanup(release)
			})
			synctest.Wait()
		}
		hurried, cancel := context.WithCancelCause(t.Context())
		wait("second", t.Context())
		wait("hurried", hurried)
		wait("third", t.Context())
		cancel(errors.New("no time"))
		synctest.Wait()
		if _, ok := s.TryConnect(); ok {
			t.Error("one who does not wait overtakes those who do")
		}
		first()
		synctest.Wait()
		p.SetPerHost(2)
		waiting.Wait()
		if len(order) != 3 || order[0] != "hurried: no time" || order[1] != "second" || order[2] != "third" {
			t.Errorf("%q", order)
		}
	})
}

func TestCancelledWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(1, lookup).Site(t.Context(), site(t, "ftp://a/"), Pace{Rate: 0.01})
		defer s.Close()
		s.Allow()
		tooLate := errors.New("the hours are over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, tooLate)
		defer cancel()
		began := time.Now()
		if err := s.Wait(ctx); err != tooLate || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestNoLimits(t *testing.T) {
	var s *Site
	defer s.Close()
	release, ok := s.TryConnect()
	if !ok || s.Wait(t.Context()) != nil || !s.Allow() || s.Bytes() != nil {
		t.Error("a nil site has limits")
	}
	release()
	connect(t, s)()
}
