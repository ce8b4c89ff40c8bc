package foreign

import (
	"errors"
	"testing"
	"time"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	var b breaker
	boom := errors.New("boom")
	rest := FirstRest
	for range 12 {
		if try, err := b.admit(now); err != nil || try != (b.failures > 0) {
			t.Fatalf("after %d failures: %v, %v", b.failures, try, err)
		}
		b.failed(now, boom)
		if got := b.until.Sub(now); got != rest {
			t.Errorf("rest of %s after %d failures, want %s", got, b.failures, rest)
		}
		b.failed(now.Add(time.Second), errors.New("another that had begun"))
		if _, err := b.admit(now.Add(rest - 1)); !errors.Is(err, ErrResting) || !errors.Is(err, boom) {
			t.Errorf("within the rest: %v", err)
		}
		now = now.Add(rest)
		rest = min(2*rest, LongestRest)
	}
	if try, err := b.admit(now); !try || err != nil {
		t.Fatal("no try after the rest")
	}
	if _, err := b.admit(now); !errors.Is(err, ErrResting) {
		t.Error("a second try beside the first")
	}
	b.gaveUp()
	if try, _ := b.admit(now); !try {
		t.Error("no other try after one that was given up")
	}
	b.worked()
	if try, err := b.admit(now); try || err != nil {
		t.Errorf("after one that worked: %v, %v", try, err)
	}
}
