package foreign

import (
	"fmt"
	"time"
)

// How long a server rests after a failure: at first, and at most.
const (
	FirstRest   = 30 * time.Second
	LongestRest = time.Hour
)

// A breaker keeps a server that has failed from being asked for a while. Each failure in
// a row doubles that. When it is over one try is let through, and its outcome decides.
type breaker struct {
	failures int       // in a row
	until    time.Time // when the rest is over, if there are failures
	trying   bool      // the one try is under way
	err      error     // the last failure
}

// usable reports whether the server may be asked.
func (b *breaker) usable(now time.Time) bool {
	return b.failures == 0 || !b.trying && !now.Before(b.until)
}

// admit lets one through, or says why not. If it is the one try, then its outcome must be
// told: by worked, failed, or gaveUp.
func (b *breaker) admit(now time.Time) (try bool, err error) {
	if !b.usable(now) {
		return false, fmt.Errorf("%w: %w", ErrResting, b.err)
	}
	b.trying = b.failures > 0
	return b.trying, nil
}

// failed begins a rest. Whatever else fails during the rest had begun before it, and does
// not make it longer.
func (b *breaker) failed(now time.Time, err error) {
	if b.failures > 0 && !b.trying && now.Before(b.until) {
		return
	}
	rest := LongestRest
	if b.failures < 8 {
		rest = min(FirstRest<<b.failures, LongestRest)
	}
	*b = breaker{failures: b.failures + 1, until: now.Add(rest), err: err}
}

// reason says of a server that has failed why, and what can be done.
func (b *breaker) reason() string {
	if remedy := Remedy(b.err); remedy != "" {
		return b.err.Error() + "; " + remedy
	}
	return b.err.Error()
}

// worked ends it.
func (b *breaker) worked() { *b = breaker{} }

// gaveUp says that the one try has told nothing.
func (b *breaker) gaveUp() { b.trying = false }
