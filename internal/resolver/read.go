package resolver

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

const (
	// batch is how many trees are read at a time, so that no transaction of
	// the source is long.
	batch = 500
	// readers is how many batches are read at a time: unpacking them takes longer
	// than adding them.
	readers = 3
	// callTimeout bounds every single call of the source.
	callTimeout = time.Minute
)

// A reading is the trees of one site while they are read, each as soon as a tree
// that holds it is there.
type reading struct {
	*loader
	before int64 // bytes of the builder

	mu      sync.Mutex // guards the following and the builder
	more    sync.Cond  // there is more to read, or nothing any more
	pending []digest.ID
	asked   map[digest.ID]bool // those that are pending or being read
	busy    int                // readers that may find more
	err     error
}

// read adds the tree of an identity and all below it that are not held.
func (l *loader) read(ctx context.Context, root digest.ID) error {
	r := &reading{loader: l, before: l.build.Bytes(), asked: map[digest.ID]bool{}}
	r.ask(root)
	r.more.L = &r.mu
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			for ids := r.take(); ids != nil; ids = r.take() {
				if r.done(ids, r.batch(ctx, ids)) {
					cancel()
				}
			}
		})
	}
	all.Wait()
	return r.err
}

// take returns what to read next, or nil when all is read. A batch that is not
// full waits for those that are being read.
func (r *reading) take() []digest.ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		if r.err != nil {
			return nil
		}
		r.ask(r.build.Missing(batch - len(r.pending))...)
		if len(r.pending) == batch || r.busy == 0 {
			break
		}
		r.more.Wait()
	}
	if len(r.pending) == 0 {
		return nil
	}
	ids := r.pending
	r.pending = nil
	r.busy++
	return ids
}

// ask makes trees pending, but for those that are being read.
func (r *reading) ask(ids ...digest.ID) {
	for _, id := range ids {
		if !r.asked[id] {
			r.asked[id] = true
			r.pending = append(r.pending, id)
		}
	}
}

// done notes that a batch was read, and reports whether that failed.
func (r *reading) done(ids []digest.ID, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		delete(r.asked, id)
	}
	r.busy--
	if r.err == nil {
		r.err = err
	}
	r.note()
	r.more.Broadcast()
	return err != nil
}

// batch reads and adds trees.
func (r *reading) batch(ctx context.Context, ids []digest.ID) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	waited := make(map[digest.ID]bool, len(ids))
	for _, id := range ids {
		waited[id] = true
	}
	err := r.src.Trees(ctx, ids, store.Branches|store.Leaves, func(t *digest.Tree) error {
		if !waited[t.ID] {
			return fmt.Errorf("tree %s came unasked", t.ID)
		}
		delete(waited, t.ID)
		return r.keep(t)
	})
	if err != nil {
		return fmt.Errorf("read %d trees: %w", len(ids), err)
	}
	for id := range waited {
		return fmt.Errorf("tree %s: %w", id, errMissing)
	}
	return nil
}

func (r *reading) keep(t *digest.Tree) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.build.Add(t); err != nil {
		return err
	}
	r.progress.Trees++
	if limit := r.opts.bounds.siteBytes; r.build.Bytes()-r.before > limit {
		return tooLarge(limit)
	}
	return nil
}
