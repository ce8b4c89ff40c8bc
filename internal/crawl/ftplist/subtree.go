package ftplist

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/mirror"
)

// A subtree is a part of the site whose directories come in an order of the
// server's, out of one stream. It knows which of them the walk wants.
type subtree struct {
	work   crawl.Work
	wanted map[mirror.Path]*crawl.Task
}

// growFrom returns the subtree below a directory that was taken from work.
func growFrom(work crawl.Work, top *crawl.Task) *subtree {
	return &subtree{work: work, wanted: map[mirror.Path]*crawl.Task{top.Path: top}}
}

// wants reports whether the walk waits for a directory.
func (s *subtree) wants(dir mirror.Path) bool { return s.wanted[dir] != nil }

// deliver hands over the listing of a wanted directory; then its subdirectories are
// wanted.
func (s *subtree) deliver(ctx context.Context, dir mirror.Path, listing crawl.Listing) error {
	held, err := s.work.Hold(ctx, s.wanted[dir], listing)
	if err != nil {
		return err
	}
	delete(s.wanted, dir)
	for _, t := range held {
		s.wanted[t.Path] = t
	}
	return nil
}

// take takes a wanted directory out of the subtree: it is listed in another way.
func (s *subtree) take(dir mirror.Path) *crawl.Task {
	t := s.wanted[dir]
	delete(s.wanted, dir)
	return t
}

// takeAll takes all that the stream has not brought.
func (s *subtree) takeAll() []*crawl.Task {
	left := slices.SortedFunc(maps.Values(s.wanted), func(a, b *crawl.Task) int { return -cmp.Compare(a.Path, b.Path) })
	clear(s.wanted)
	return left
}

// giveBack returns a wanted directory, which is then listed in another way.
func (s *subtree) giveBack(dir mirror.Path) { s.work.Return(s.take(dir)) }

// giveBackAll returns all that the stream has not brought, and how many those are.
func (s *subtree) giveBackAll() (missing int) {
	left := s.takeAll()
	s.work.Return(left...)
	return len(left)
}
