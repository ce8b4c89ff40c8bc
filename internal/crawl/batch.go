package crawl

import (
	"context"
	"sync"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

// A batch is full when it holds so many trees or so many bytes of text.
const (
	fullTrees = 500
	fullBytes = 8 << 20
)

// A batch is a Sink that hands trees to the store many at a time.
type batch struct {
	store *store.Store

	mu    sync.Mutex
	trees []*digest.Tree
	bytes int
	new   int64 // trees that the store did not have
}

// Put implements [Sink].
func (b *batch) Put(ctx context.Context, t *digest.Tree) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trees = append(b.trees, t)
	b.bytes += len(t.Branches) + len(t.Leaves)
	if len(b.trees) < fullTrees && b.bytes < fullBytes {
		return nil
	}
	return b.write(ctx)
}

// Flush hands on what is left.
func (b *batch) Flush(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.write(ctx)
}

func (b *batch) write(ctx context.Context) error {
	if len(b.trees) == 0 {
		return nil
	}
	written, err := b.store.PutTrees(ctx, b.trees)
	b.new += int64(written)
	if err != nil {
		return err
	}
	clear(b.trees)
	b.trees, b.bytes = b.trees[:0], 0
	return nil
}
