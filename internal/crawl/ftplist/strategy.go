package ftplist

import (
	"context"
	"errors"
	"fmt"

	"mirrortracker/internal/crawl"
)

// A strategy is a way of getting at the listings of many directories over one
// connection.
//
// The serve function lists directories until work has none left. It returns an
// [*unfitError] where the strategy cannot be used, or not any more; what it had
// taken and not delivered it has given back by then. A [*handOver] holds what others
// than the strategy are to list before it goes on.
type strategy struct {
	name  Way
	fits  func(l *lister) bool // whether it may be tried, as far as is known
	serve func(l *lister, ctx context.Context, work crawl.Work) error
}

// strategies are all of them, the best first. The last one always fits.
var strategies = []strategy{
	{Index, (*lister).fitsIndex, (*lister).serveIndex},
	{Stat, (*lister).fitsStat, (*lister).serveStat},
	{Recursive, (*lister).fitsRecursive, (*lister).serveRecursive},
	{Pipelined, (*lister).fitsPipelined, (*lister).servePipelined},
	{Single, (*lister).fitsAlways, (*lister).serveSingle},
}

// An unfitError says that a strategy is of no use on a site.
type unfitError struct{ why string }

func (e *unfitError) Error() string { return e.why }

func unfit(format string, args ...any) error { return &unfitError{fmt.Sprintf(format, args...)} }

// errRest says that a strategy has done its part of a walk, and that the rest is for
// those that come after it.
var errRest = errors.New("the rest is for other strategies")

// Serve implements [crawl.Lister]: the best strategy that fits does the work, and the
// next one goes on where it turns out not to. What the strategies owe is settled
// before anything else, and before the walk can end.
func (l *lister) Serve(ctx context.Context, work crawl.Work) error {
	if err := l.checkOwed(ctx); err != nil {
		return err
	}
	if err := l.serve(ctx, work, strategies); err != nil {
		return err
	}
	return l.checkOwed(ctx)
}

func (l *lister) serve(ctx context.Context, work crawl.Work, allowed []strategy) error {
	for {
		if err := l.ready(ctx); err != nil {
			return err
		}
		at := l.best(allowed)
		s := allowed[at]
		err := s.serve(l, ctx, counted{work, l.Source, s.name})
		if over, ok := errors.AsType[*handOver](err); ok {
			if err := l.serve(ctx, &part{work, over}, allowed[at+1:]); err != nil {
				return err
			}
			continue
		}
		if err == errRest {
			allowed = allowed[at+1:]
			continue
		}
		no, ok := errors.AsType[*unfitError](err)
		if !ok {
			return err
		}
		l.forgo(s.name, no.why)
	}
}

// best returns the index of the best strategy that fits.
func (l *lister) best(allowed []strategy) int {
	last := len(allowed) - 1
	for i, s := range allowed[:last] {
		if l.wants(s.name) && !l.forgone(s.name) && s.fits(l) {
			return i
		}
	}
	return last
}

// wants reports whether the configured way of listing allows a strategy.
func (l *lister) wants(name Way) bool {
	return l.cfg.Way == Auto || l.cfg.Way == name
}

func (*lister) fitsAlways() bool { return true }

// counted is work of which a strategy has its part.
type counted struct {
	crawl.Work
	source *Source
	name   Way
}

// Deliver implements [crawl.Work].
func (c counted) Deliver(ctx context.Context, t *crawl.Task, listing crawl.Listing) error {
	c.source.count(c.name, 1)
	return c.Work.Deliver(ctx, t, listing)
}

// Hold implements [crawl.Work].
func (c counted) Hold(ctx context.Context, t *crawl.Task, listing crawl.Listing) ([]*crawl.Task, error) {
	c.source.count(c.name, 1)
	return c.Work.Hold(ctx, t, listing)
}

// serveSingle asks for one directory after the other, over a data connection each.
func (l *lister) serveSingle(ctx context.Context, work crawl.Work) error {
	return crawl.OneByOne(l).Serve(ctx, work)
}
