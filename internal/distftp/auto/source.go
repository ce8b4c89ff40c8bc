package auto

import (
	"context"
	"sync"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/store"
)

// A source is the tracker's database, which need not be there: it is opened when it is first
// asked, and again each time until it can be.
type source struct {
	url string

	mu     sync.Mutex
	opened *store.Store // nil: it could not be opened yet
}

var _ resolver.Source = (*source)(nil)

func (s *source) store(ctx context.Context) (*store.Store, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened == nil {
		opened, err := store.OpenPresent(ctx, s.url)
		if err != nil {
			return nil, err
		}
		s.opened = opened
	}
	return s.opened, nil
}

// Sites implements [resolver.Source].
func (s *source) Sites(ctx context.Context) ([]mirror.Site, error) {
	db, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	return db.Sites(ctx)
}

// Current implements [resolver.Source].
func (s *source) Current(ctx context.Context) ([]store.Snapshot, error) {
	db, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	return db.Current(ctx)
}

// Trees implements [resolver.Source].
func (s *source) Trees(ctx context.Context, ids []digest.ID, parts store.Parts, fn func(*digest.Tree) error) error {
	db, err := s.store(ctx)
	if err != nil {
		return err
	}
	return db.Trees(ctx, ids, parts, fn)
}

func (s *source) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened == nil {
		return nil
	}
	return s.opened.Close()
}
