package crawl

import (
	"context"
	"log/slog"
	"sync"

	"mirrortracker/internal/digest"
)

// A batch is full when it holds so many trees or so many bytes of text.
const (
	fullTrees = 500
	fullBytes = 8 << 20
)

// maxBatches is how many full ones may wait while connections go on.
const maxBatches = 4

// A Trees is where a writer puts trees: the store.
type Trees interface {
	// PutTrees stores trees, and returns how many of them are new.
	PutTrees(ctx context.Context, trees []*digest.Tree) (int, error)
}

// A writer is a Sink that hands trees to the store many at a time, beside the walk,
// so that connections do not stand still while it writes. A store that is away for
// a while costs nothing but time.
type writer struct {
	trees Trees
	log   *slog.Logger
	end   context.CancelFunc
	done  chan struct{}

	mu      sync.Mutex
	change  *sync.Cond
	queue   [][]*digest.Tree // full batches, the first being written
	batch   []*digest.Tree   // to be filled
	bytes   int              // of text in it
	written int64            // batches
	new     int64            // trees that the store did not have
	err     error            // why nothing more can be written
}

// newWriter starts a writer, which is to be closed.
func newWriter(ctx context.Context, trees Trees, log *slog.Logger) *writer {
	w := &writer{trees: trees, log: log, done: make(chan struct{})}
	w.change = sync.NewCond(&w.mu)
	ctx, w.end = context.WithCancel(ctx)
	context.AfterFunc(ctx, func() { w.fail(context.Cause(ctx)) })
	go w.run(ctx)
	return w
}

// Close ends the writer, whatever is left to be written.
func (w *writer) Close() {
	w.end()
	<-w.done
}

// run writes batches until it fails.
func (w *writer) run(ctx context.Context) {
	defer close(w.done)
	for {
		trees := w.first()
		if trees == nil {
			return
		}
		added, err := w.write(ctx, trees)
		if err != nil {
			w.fail(err)
			return
		}
		w.mu.Lock()
		w.queue[0], w.queue = nil, w.queue[1:]
		w.new += int64(added)
		w.written++
		w.change.Broadcast()
		w.mu.Unlock()
	}
}

// first waits for a batch; nil says that there will be none.
func (w *writer) first() []*digest.Tree {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) == 0 && w.err == nil {
		w.change.Wait()
	}
	if w.err != nil {
		return nil
	}
	return w.queue[0]
}

// write insists for a while.
func (w *writer) write(ctx context.Context, trees []*digest.Tree) (added int, err error) {
	err = insist(ctx, w.log, "trees are not written", func(ctx context.Context) error {
		n, err := w.trees.PutTrees(ctx, trees)
		added += n
		return err
	})
	return added, err
}

// fail ends all waiting.
func (w *writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.change.Broadcast()
}

// added returns how many of the trees written so far are new.
func (w *writer) added() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.new
}

// Put implements [Sink].
func (w *writer) Put(t *digest.Tree) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.batch = append(w.batch, t)
	if w.bytes += len(t.Branches) + len(t.Leaves); len(w.batch) >= fullTrees || w.bytes >= fullBytes {
		w.queueBatch()
	}
}

func (w *writer) queueBatch() {
	w.queue = append(w.queue, w.batch)
	w.batch, w.bytes = nil, 0
	w.change.Broadcast()
}

// Ready implements [Sink].
func (w *writer) Ready(ctx context.Context) error {
	return w.await(ctx, func() bool { return len(w.queue) <= maxBatches })
}

// Flush waits until all trees that were put are stored.
func (w *writer) Flush(ctx context.Context) error {
	w.mu.Lock()
	if len(w.batch) > 0 {
		w.queueBatch()
	}
	last := w.written + int64(len(w.queue))
	w.mu.Unlock()
	return w.await(ctx, func() bool { return w.written >= last })
}

// await waits until something is true, or the writer fails, or ctx ends.
func (w *writer) await(ctx context.Context, what func() bool) error {
	defer context.AfterFunc(ctx, w.wakeAll)()
	w.mu.Lock()
	defer w.mu.Unlock()
	for !what() {
		switch {
		case w.err != nil:
			return w.err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		w.change.Wait()
	}
	return w.err
}

func (w *writer) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.change.Broadcast()
}
