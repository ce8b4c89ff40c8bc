package polite

import (
	"context"
	"slices"
	"sync"
)

// A gate lets so many through at a time, first come, first served.
type gate struct {
	mu     sync.Mutex
	limit  int
	inside int
	queue  []chan struct{} // of those who wait, closed when they are inside
}

// resize changes how many may be inside.
func (g *gate) resize(limit int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = limit
	g.admit()
}

// admit lets in who waits, as far as there is room.
func (g *gate) admit() {
	for len(g.queue) > 0 && g.inside < g.limit {
		g.inside++
		close(g.queue[0])
		g.queue = g.queue[1:]
	}
}

// tryEnter goes in if there is room and nobody waits.
func (g *gate) tryEnter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.queue) > 0 || g.inside >= g.limit {
		return false
	}
	g.inside++
	return true
}

// enter waits for room.
func (g *gate) enter(ctx context.Context) error {
	g.mu.Lock()
	turn := make(chan struct{})
	g.queue = append(g.queue, turn)
	g.admit()
	g.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.queue, turn); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
		return context.Cause(ctx)
	}
	return nil // it was let in at the same moment
}

// leave makes room.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	g.admit()
}

// idle reports whether nobody is inside or waits.
func (g *gate) idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside == 0 && len(g.queue) == 0
}
