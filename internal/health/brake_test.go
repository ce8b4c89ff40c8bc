package health

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrortracker/internal/mirror"
)

// A world is a ledger whose URLs are checked as the Checker does, in made time.
type world struct {
	*ledger
	now  time.Time
	keys []key
	due  []time.Time       // when each is checked next
	fell map[key]time.Time // when each left the answers
	log  []Event
}

// newWorld has sites of HTTP with so many URLs each, whose first checks were good, one
// each part of an interval.
func newWorld(sites, urls int) *world {
	all := make([]mirror.Site, sites)
	for i := range all {
		host := fmt.Sprintf("s%d.example", i)
		all[i] = mirror.Site{Name: host, URL: mirror.URL{Scheme: "rsync", Host: host, Port: 873, Base: "/"}}
		for n := range urls {
			all[i].Serving = append(all[i].Serving, mirror.URL{Scheme: "http", Host: host, Port: uint16(80 + n), Base: "/"})
		}
	}
	w := &world{ledger: newLedger(DefaultOptions()), now: dawn, fell: map[key]time.Time{}}
	w.ledger.track(all)
	for _, s := range all {
		for _, u := range s.Serving {
			delete(w.entries, key{u, IPv6})
			w.keys = append(w.keys, key{u, IPv4})
		}
	}
	for i := range w.keys {
		w.due = append(w.due, dawn.Add(w.interval*time.Duration(i)/time.Duration(len(w.keys))))
	}
	return w
}

// run passes time, in which every check finds what find says.
func (w *world) run(d time.Duration, find func(k key) finding) {
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(100 * time.Millisecond) {
		for i, k := range w.keys {
			if w.due[i].After(w.now) {
				continue
			}
			next, changed := w.take(k, find(k), w.now)
			w.due[i] = w.now.Add(next)
			w.note(changed)
		}
		if w.now.Sub(dawn)%beat == 0 {
			w.note(w.judge(w.now))
		}
	}
}

func (w *world) note(changed []Event) {
	w.log = append(w.log, changed...)
	for _, e := range changed {
		if e.Kind != StateEvent {
			continue
		}
		k := key{*e.URL, e.Family}
		if e.To.Offered() {
			delete(w.fell, k)
		} else {
			w.fell[k] = e.Time
		}
	}
}

func allFine(key) finding { return fine }

// failing answers that some fail.
func failing(some map[key]bool) func(key) finding {
	return func(k key) finding {
		if some[k] {
			return refuses
		}
		return fine
	}
}

// those returns the first n of all URLs.
func (w *world) those(n int) map[key]bool {
	some := map[key]bool{}
	for _, k := range w.keys[:n] {
		some[k] = true
	}
	return some
}

// Some fail at once, at any moment. If they are no more than the share, all of them
// leave within a minute and return within another; if they are more, none leaves until
// the pause is over, and then they all do; if there is nothing else, none ever.
func TestBrakeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sites := rapid.IntRange(1, 40).Draw(t, "sites")
		urls := rapid.IntRange(1, 3).Draw(t, "URLs of each")
		w := newWorld(sites, urls)
		w.run(time.Minute+time.Duration(rapid.IntRange(0, 400).Draw(t, "tenths of a second"))*100*time.Millisecond, allFine)
		if len(w.fell) > 0 {
			t.Fatal("good ones fell")
		}
		n := rapid.IntRange(0, len(w.keys)).Draw(t, "failing")
		some := map[key]bool{}
		hosts := map[string]bool{}
		for _, i := range rapid.Permutation(indexes(len(w.keys))).Draw(t, "which")[:n] {
			some[w.keys[i]] = true
			hosts[w.keys[i].url.Host] = true
		}
		began := w.now
		over := n >= brakeURLs && len(hosts) >= brakeHosts && float64(n) > w.limits.share*float64(len(w.keys))
		if !over {
			w.run(time.Minute, failing(some))
			if len(w.fell) != n {
				t.Fatalf("%d of %d that failed are down after a minute, of %d", len(w.fell), n, len(w.keys))
			}
		} else {
			w.run(w.limits.pause, failing(some))
			if len(w.fell) != 0 {
				t.Fatalf("%d are down before the pause is over, of %d that fail of %d", len(w.fell), n, len(w.keys))
			}
			if w.brakes[circle{IPv4, ""}] == nil {
				t.Fatalf("the brake is off, with %d failing of %d", n, len(w.keys))
			}
			w.run(5*time.Minute, failing(some))
			want := n
			if n == len(w.keys) {
				want = 0
			}
			if len(w.fell) != want {
				t.Fatalf("%d are down in the end, want %d of %d", len(w.fell), want, len(w.keys))
			}
		}
		for k, at := range w.fell {
			if !some[k] {
				t.Fatalf("%s fell and was good", k.url)
			}
			if at.Before(began) {
				t.Fatal("one fell before it failed")
			}
		}
		w.run(70*time.Second, allFine)
		if len(w.fell) > 0 || w.brakes[circle{IPv4, ""}] != nil {
			t.Fatalf("%d are still down a minute later", len(w.fell))
		}
	})
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// Whatever checks find, more than the share never leave within an interval unless the
// brake has held for its pause.
func TestBrakeHoldsWhatever(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapid.IntRange(3, 12).Draw(t, "sites"), 1)
		w.run(time.Minute, allFine)
		for range rapid.IntRange(1, 6).Draw(t, "phases") {
			odds := rapid.IntRange(0, 10).Draw(t, "odds")
			steps := rapid.SliceOfN(rapid.IntRange(0, 9), 50, 50).Draw(t, "draws")
			i := 0
			w.run(time.Duration(rapid.IntRange(5, 90).Draw(t, "seconds"))*time.Second, func(key) finding {
				i++
				if steps[i%len(steps)] < odds {
					return refuses
				}
				return fine
			})
		}
		braked := time.Time{} // since when the brake holds
		var falls []time.Time // while it does not
		for _, e := range w.log {
			switch {
			case e.Kind == BrakeEvent && e.Scheme == "" && e.To == Down:
				braked = e.Time
			case e.Kind == BrakeEvent && e.Scheme == "":
				braked = time.Time{}
			case e.Kind == StateEvent && e.To == Down && !braked.IsZero():
				if e.Time.Sub(braked) < w.limits.pause {
					t.Fatalf("one falls %v after the brake was put on", e.Time.Sub(braked))
				}
				falls = nil
			case e.Kind == StateEvent && e.To == Down:
				falls = append(falls, e.Time)
				n := 0
				for _, at := range falls {
					if e.Time.Sub(at) < w.interval {
						n++
					}
				}
				if n >= brakeURLs && float64(n) > w.limits.share*float64(len(w.keys)) {
					t.Fatalf("%d of %d fall within an interval", n, len(w.keys))
				}
			}
		}
	})
}

// Those that are down when the brake is put on stay down.
func TestBrakeKeepsWhatIsDown(t *testing.T) {
	w := newWorld(10, 1)
	w.run(time.Minute, allFine)
	w.run(2*time.Minute, failing(w.those(2)))
	if len(w.fell) != 2 {
		t.Fatalf("%d are down", len(w.fell))
	}
	w.run(10*time.Minute, failing(w.those(10)))
	if len(w.fell) != 2 {
		t.Errorf("%d are down while nothing answers, want the two before", len(w.fell))
	}
	w.run(10*time.Minute, failing(w.those(9)))
	if len(w.fell) != 9 {
		t.Errorf("%d are down once one answers, want 9", len(w.fell))
	}
}

// A scheme that fails as a whole is held although most others are fine.
func TestBrakeOfAScheme(t *testing.T) {
	w := newWorld(12, 1)
	secure := map[key]bool{}
	for i, k := range w.keys[:4] {
		e := w.entries[k]
		delete(w.entries, k)
		e.url.Scheme = "https"
		w.keys[i], w.entries[e.key] = e.key, e
		secure[e.key] = true
	}
	w.run(time.Minute, allFine)
	w.run(w.limits.pause, failing(secure))
	if len(w.fell) != 0 || w.brakes[circle{IPv4, "https"}] == nil || w.brakes[circle{IPv4, ""}] != nil {
		t.Fatalf("%d are down, brakes %v", len(w.fell), w.brakes)
	}
	w.run(2*time.Minute, failing(secure))
	if len(w.fell) != 4 {
		t.Errorf("%d are down after the pause", len(w.fell))
	}
}
