package redirect

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestLimit(t *testing.T) {
	now := crawled
	h := New(Config{
		Source: example(t).hold(t),
		Now:    func() time.Time { return now },
		Limit:  Limit{Rate: 0.5, Burst: 3, Bits4: 24, Bits6: 56, Exempt: prefixes("192.0.2.128/25")},
	}).Handler()
	get := func(peer string) int {
		req := newRequest("/origin/gnu/file1")
		req.RemoteAddr = peer
		return serveTo(h, req).StatusCode
	}
	for i, want := range []int{302, 302, 302, 429, 429} {
		// All of one network, and each of another.
		if got := get(fmt.Sprintf("192.0.2.%d:1", i)); got != want {
			t.Errorf("request %d: status %d, want %d", i+1, got, want)
		}
		if got := get(fmt.Sprintf("[2001:db8:0:%d00::1]:1", i)); got != 302 {
			t.Errorf("request %d from another network: status %d", i+1, got)
		}
		if got := get("192.0.2.200:1"); got != 302 {
			t.Errorf("request %d from an exempt network: status %d", i+1, got)
		}
	}
	now = now.Add(2 * time.Second)
	if first, second := get("192.0.2.9:1"), get("192.0.2.9:1"); first != 302 || second != 429 {
		t.Errorf("after two seconds: status %d, %d", first, second)
	}
	req := newRequest("/origin/gnu/file1")
	req.RemoteAddr = "192.0.2.9:1"
	if res := serveTo(h, req); res.Header.Get("Retry-After") != "2" || res.Header.Get("Location") != "" {
		t.Errorf("refused with %v", res.Header)
	}
	scrape := newRequest("/metrics")
	scrape.RemoteAddr = "192.0.2.200:1"
	if got := parseText(t, serveTo(h, scrape).Body)[`redirector_requests_total{match="none",outcome="limited",scheme=""}`]; got != 4 {
		t.Errorf("%v are counted", got)
	}
}

// However many networks ask, what is remembered of them is bounded; and one that goes
// on asking is remembered.
func TestThrottleIsBounded(t *testing.T) {
	limiter := newThrottle(Limit{Rate: 1e-9, Burst: 1, Bits4: 32, Bits6: 64})
	steady := netip.MustParseAddr("192.0.2.7")
	limiter.allow(steady, crawled)
	for i := range 10 * generation * len(limiter.shards) {
		limiter.allow(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), crawled)
		if i%generation == 0 && limiter.allow(steady, crawled) {
			t.Fatalf("forgotten after %d others", i)
		}
	}
	n := 0
	for i := range limiter.shards {
		n += len(limiter.shards[i].young) + len(limiter.shards[i].old)
	}
	if most := 2 * generation * len(limiter.shards); n > most {
		t.Errorf("%d are remembered, want at most %d", n, most)
	}
}

func BenchmarkThrottle(b *testing.B) {
	limiter := newThrottle(Limit{Rate: 1e6, Burst: 1e6, Bits4: 24, Bits6: 56})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		limiter.allow(netip.AddrFrom4([4]byte{10, byte(i >> 8 & 3), byte(i), 1}), crawled)
	}
}
