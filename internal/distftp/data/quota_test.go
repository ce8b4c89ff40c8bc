package data

import (
	"math"
	"sync/atomic"
	"testing"
)

// Uploads of one user share what is left, and each has for itself what it replaces.
func TestQuota(t *testing.T) {
	var taken atomic.Int64
	a, b := &Quota{Left: 100, Taken: &taken}, &Quota{Left: 100, Spare: 50, Taken: &taken}
	steps := []struct {
		quota            *Quota
		take             int64
		ok               bool
		allowedA, shared int64
	}{
		{a, 60, true, 40, 60},
		{b, 50, true, 40, 60},
		{b, 30, true, 10, 90},
		{a, 10, true, 0, 100},
		{b, 1, false, 0, 101},
	}
	for i, s := range steps {
		err := s.quota.Take(s.take)
		if (err == nil) != s.ok || a.allowed() != s.allowedA || taken.Load() != s.shared {
			t.Errorf("step %d: %v, %d allowed, %d taken; want %v, %d, %d", i, err, a.allowed(), taken.Load(), s.ok, s.allowedA, s.shared)
		}
	}
	b.Release()
	if a.allowed() != 30 || b.allowed() != 80 {
		t.Errorf("after an end: %d and %d allowed", a.allowed(), b.allowed())
	}
	a.Release()
	a.Release()
	if n := taken.Load(); n != 0 {
		t.Errorf("%d are taken in the end", n)
	}
	unlimited := &Quota{Left: math.MaxInt64, Spare: 5, Taken: &taken}
	if err := unlimited.Take(1 << 40); err != nil || unlimited.allowed() != math.MaxInt64 {
		t.Errorf("without a limit: %v, %d allowed", err, unlimited.allowed())
	}
	var none *Quota
	if err := none.Take(1); err != nil || none.allowed() != math.MaxInt64 || none.charge() != nil {
		t.Error("no quota is not without a limit")
	}
	none.Release()
}
