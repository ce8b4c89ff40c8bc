package ftplist

import (
	"testing"
	"time"
)

// The window covers what a server lists in a round trip, and little more.
func TestWindow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		roundTrip   time.Duration
		rate        int // directories a second that the server can list
		least, most int
	}{
		"near, fast":      {100 * time.Microsecond, 20_000, fewWaiting, 2 * manyWaiting},
		"near, slow":      {time.Millisecond, 500, fewWaiting, 2 * manyWaiting},
		"far, fast":       {100 * time.Millisecond, 20_000, maxWindow, maxWindow},
		"far, slow":       {100 * time.Millisecond, 300, 32, 32 + 2*manyWaiting},
		"very far":        {600 * time.Millisecond, 10_000, maxWindow, maxWindow},
		"extremely slow":  {10 * time.Millisecond, 5, firstWindow, 2 * manyWaiting},
		"nothing is seen": {0, 3000, fewWaiting, 2 * manyWaiting},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, clock := window{size: firstWindow}, now
			each := time.Second / time.Duration(c.rate)
			for range 20_000 {
				// With n under way one is answered after a round trip over n, but
				// not before the server could list it.
				clock = clock.Add(max(each, c.roundTrip/time.Duration(w.size)))
				w.answer(clock, w.size, c.roundTrip)
				if w.size < firstWindow || w.size > maxWindow {
					t.Fatalf("window %d", w.size)
				}
			}
			if w.size < c.least || w.size > c.most {
				t.Errorf("window %d, want %d to %d", w.size, c.least, c.most)
			}
		})
	}
}
