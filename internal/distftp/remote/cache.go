package remote

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A cache remembers answers of foreign servers for a short while, a bounded number of things
// in all. Who asks for what somebody else is asking for waits for that answer.
type cache[K comparable, V any] struct {
	keep    time.Duration // for how long an answer counts
	regret  time.Duration // and an error
	patient time.Duration // how long one question may take, whoever waits for it
	most    int           // how many things there may be in all answers
	weight  func(V) int   // how many things there are in one
	now     func() time.Time

	mu    sync.Mutex
	cells map[K]*cell[K, V]
	order []*cell[K, V] // as they were answered
	full  int           // the weight of these
}

// newCache makes a cache for most things at a time.
func newCache[K comparable, V any](keep time.Duration, most int, weight func(V) int) *cache[K, V] {
	return &cache[K, V]{
		keep: keep, regret: keepRefusal, patient: asking, most: most,
		weight: weight, now: time.Now, cells: map[K]*cell[K, V]{},
	}
}

// A cell is one question and its answer.
type cell[K comparable, V any] struct {
	key    K
	done   chan struct{} // closed when the following is set
	value  V
	err    error
	until  time.Time
	weight int
}

// get returns the answer to a question, asking it if need be. The question goes on when
// ctx ends, as somebody else may wait for it.
func (c *cache[K, V]) get(ctx context.Context, key K, ask func(context.Context) (V, error)) (V, error) {
	at := c.cell(ctx, key, ask)
	select {
	case <-at.done:
		return at.value, at.err
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
}

func (c *cache[K, V]) cell(ctx context.Context, key K, ask func(context.Context) (V, error)) *cell[K, V] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.cells[key]; at != nil && !at.stale(c.now()) {
		return at
	}
	at := c.ask(key)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.patient)
		defer cancel()
		value, err := ask(ctx)
		c.answered(at, value, err)
	}()
	return at
}

// ask notes that a question is being asked. It needs the lock.
func (c *cache[K, V]) ask(key K) *cell[K, V] {
	at := &cell[K, V]{key: key, done: make(chan struct{})}
	c.cells[key] = at
	return at
}

// put keeps an answer that nobody had to be asked for.
func (c *cache[K, V]) put(key K, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer(c.ask(key), value, nil)
}

// peek returns the answer to a question if it is there.
func (c *cache[K, V]) peek(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.cells[key]; at != nil && at.answered() && at.err == nil && !at.stale(c.now()) {
		return at.value, true
	}
	var none V
	return none, false
}

func (c *cache[K, V]) answered(at *cell[K, V], value V, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer(at, value, err)
}

// answer keeps an answer, and drops the oldest for which there is no room. It needs the
// lock.
func (c *cache[K, V]) answer(at *cell[K, V], value V, err error) {
	at.value, at.err, at.weight = value, err, 1
	keep := c.keep
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		keep = 0
	case err != nil:
		keep = c.regret
	default:
		at.weight += c.weight(value)
	}
	now := c.now()
	at.until = now.Add(keep)
	close(at.done)
	c.order = append(c.order, at)
	c.full += at.weight
	for len(c.order) > 0 && (c.full > c.most || c.order[0].stale(now)) {
		oldest := c.order[0]
		c.order[0], c.order = nil, c.order[1:]
		c.full -= oldest.weight
		if c.cells[oldest.key] == oldest {
			delete(c.cells, oldest.key)
		}
	}
}

// drop forgets an answer, also one that is still being waited for: who asks from now on
// hears what is so now.
func (c *cache[K, V]) drop(keys ...K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		delete(c.cells, key)
	}
}

// clear forgets all answers as drop does.
func (c *cache[K, V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.cells)
}

func (at *cell[K, V]) answered() bool {
	select {
	case <-at.done:
		return true
	default:
		return false
	}
}

// stale reports whether an answer counts no longer. A question that is being asked is not.
func (at *cell[K, V]) stale(now time.Time) bool { return at.answered() && !now.Before(at.until) }
