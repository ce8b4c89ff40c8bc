package segment

import (
	"context"
	"runtime"
)

// A pacer lets requests go first: long work calls step again and again, which
// lets others run and ends the work with its context.
type pacer struct {
	ctx  context.Context
	done int
}

// burst is how many trees are worked on without a break: for less than a
// millisecond.
const burst = 4096

// step counts trees that were worked on.
func (p *pacer) step(trees int) error {
	p.done += trees
	if p.done < burst {
		return nil
	}
	p.done = 0
	runtime.Gosched()
	return p.ctx.Err()
}
