package crawl

import (
	"context"
	"errors"
	"fmt"

	"mirrortracker/internal/mirror"
)

// A line is one connection of a walk: a lister that is opened again when it
// has failed.
type line struct {
	*walk
	lister Lister
}

// open opens the lister, trying as the walk's Retry allows.
func (l *line) open(ctx context.Context) error {
	return l.Retry.do(ctx, l.Failed, func() error { return l.openOnce(ctx) })
}

func (l *line) openOnce(ctx context.Context) error {
	if l.lister != nil {
		return nil
	}
	lister, err := l.Open(ctx)
	if err == nil {
		l.lister = lister
	}
	return err
}

func (l *line) close() {
	if l.lister != nil {
		l.lister.Close()
		l.lister = nil
	}
}

// list lists a directory, over a new connection where the old one fails.
func (l *line) list(ctx context.Context, dir mirror.Path) (listing Listing, err error) {
	err = l.Retry.do(ctx, l.Failed, func() error {
		if err := l.openOnce(ctx); err != nil {
			return err
		}
		listing, err = l.lister.List(ctx, dir)
		if err == nil {
			return nil
		}
		l.close()
		if restart := (*RestartError)(nil); errors.As(err, &restart) {
			return err
		}
		return fmt.Errorf("list %s: %w", dir.Dir(), err)
	})
	return listing, err
}
