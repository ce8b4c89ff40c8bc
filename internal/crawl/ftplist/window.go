package ftplist

import "time"

// How many directories may be under way: as many as at first, and as many as at most.
// (At a round trip of 100 ms, 256 are 2,560 directories a second.)
const (
	firstWindow = 4
	maxWindow   = 256
)

// So many directories may wait at the server while it lists another: with fewer the
// window grows, with more it shrinks. What waits there speeds nothing up; proftpd
// even becomes slower, by half with 256 where 32 will do.
const (
	fewWaiting  = 16
	manyWaiting = 48
)

// leastPeriod is for how long answers are counted, at least, before the window is
// measured against them.
const leastPeriod = 20 * time.Millisecond

// A window is how many directories may be under way on a connection. It follows what
// the server does with them, as TCP Vegas does (Brakmo, Peterson 1995): those that are
// answered within a round trip are on their way, and the rest of them waits at the
// server.
type window struct {
	size     int
	since    time.Time // when the present period began
	answered int       // in it
	underWay int       // summed up over the answers
}

// answer notes an answer that came when so many directories were under way, over a
// connection whose shortest round trip is given.
func (w *window) answer(now time.Time, underWay int, roundTrip time.Duration) {
	if w.since.IsZero() {
		w.since = now
	}
	w.answered++
	w.underWay += underWay
	period := now.Sub(w.since)
	if period < max(leastPeriod, roundTrip) || w.answered < w.size {
		return
	}
	waiting := float64(w.underWay)/float64(w.answered) - float64(w.answered)*float64(roundTrip)/float64(period)
	switch {
	case waiting < fewWaiting:
		w.size = min(2*w.size, maxWindow)
	case waiting > manyWaiting:
		w.size = max(w.size*3/4, firstWindow)
	}
	w.since, w.answered, w.underWay = now, 0, 0
}
