package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPacerPausesAsLongAsWorkTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer()
		begin := time.Now()
		var at []time.Duration
		for _, work := range []time.Duration{40 * time.Millisecond, time.Second, 0, 0} {
			err := p.do(t.Context(), func() error {
				at = append(at, time.Since(begin))
				time.Sleep(work)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want := []time.Duration{0, 80 * time.Millisecond, 1180 * time.Millisecond, 1180 * time.Millisecond}
		for i := range want {
			if at[i] != want[i] {
				t.Fatalf("work began at %v, want %v", at, want)
			}
		}
	})
}

func TestPacerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer()
		broken := errors.New("broken")
		if err := p.do(t.Context(), func() error { time.Sleep(time.Minute); return broken }); !errors.Is(err, broken) {
			t.Fatalf("got %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), maxPause/2)
		defer cancel()
		if err := p.do(ctx, func() error { t.Error("it ran"); return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		ran := false
		if err := p.do(t.Context(), func() error { ran = true; return nil }); err != nil || !ran {
			t.Errorf("after one gave up: %v, ran: %v", err, ran)
		}
	})
}
