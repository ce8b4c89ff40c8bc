package throttle

import (
	"net/netip"
	"testing"
	"time"
)

var now = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// However many networks ask, what is remembered of them is bounded; and one that goes
// on asking is remembered.
func TestThrottleIsBounded(t *testing.T) {
	const generation = 16 // fewer than there are usually: that many are made again and again
	limiter := New(Limit{Rate: 1e-9, Burst: 1, Bits4: 32, Bits6: 64})
	limiter.generation = generation
	steady := netip.MustParseAddr("192.0.2.7")
	limiter.Allow(steady, now, 1)
	for i := range 10 * generation * len(limiter.shards) {
		limiter.Allow(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now, 1)
		if i%generation == 0 && limiter.Allow(steady, now, 1) {
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
	limiter := New(Limit{Rate: 1e6, Burst: 1e6, Bits4: 24, Bits6: 56})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		limiter.Allow(netip.AddrFrom4([4]byte{10, byte(i >> 8 & 3), byte(i), 1}), now, 1)
	}
}
