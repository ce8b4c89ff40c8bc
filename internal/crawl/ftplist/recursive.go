package ftplist

import (
	"context"
	"errors"
	"fmt"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/mirror"
)

// LIST -alR answers with the listings of a directory and of all that is below it, one
// block for each, in one stream. Each block is judged as a listing of its directory
// alone would be; what does not pass is listed in another way.
const listAll = "LIST -alR"

// A recursion costs about four round trips, so it is of use for large subtrees only:
// after so many of directories of one depth it must have brought so many directories
// on average, or those of that depth and below are listed in another way.
const (
	enoughYields = 4
	worthwhile   = 32
)

// maxDisagreements is how often the probe of recursive listings may fail, which it also
// does when a directory changes between two looks.
const maxDisagreements = 2

// yields tells how many directories recursions have brought, by the depth at which they
// began.
type yields map[int]yield

type yield struct{ recursions, dirs int }

// small reports whether recursions at a depth are known not to be worthwhile.
func (y yields) small(depth int) bool {
	for at, all := range y {
		if at <= depth && all.recursions >= enoughYields && all.dirs < worthwhile*all.recursions {
			return true
		}
	}
	return false
}

// recursions is what a Source knows about its recursive listings. Maps are replaced,
// never changed.
type recursions struct {
	proven        bool // they agreed with listings of single directories
	disagreements int  // how often they did not
	yields        yields
}

// recursed changes what is known of recursive listings.
func (m *memory) recursed(change func(*recursions)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.recursions)
}

// recursionsKnown returns what is known of recursive listings.
func (m *memory) recursionsKnown() recursions {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.recursions
}

// fitsRecursive reports whether LIST -alR can give what is wanted: where LIST's dates
// mean nothing, MLSD's are wanted; and without -a it does not show which directories it
// was refused.
func (l *lister) fitsRecursive() bool { return !l.needsMLSD() && !l.known().Plain }

// serveRecursive lists subtrees, the largest first, and hands over single directories.
func (l *lister) serveRecursive(ctx context.Context, work crawl.Work) error {
	for {
		if err := l.ready(ctx); err != nil {
			return err
		}
		if !l.fitsRecursive() {
			return &handOver{}
		}
		task, err := work.Next(ctx, crawl.Highest)
		if task == nil || err != nil {
			return err
		}
		if !l.recurses(task) {
			return &handOver{tasks: []*crawl.Task{task}, others: func(t *crawl.Task) bool { return !l.recurses(t) }}
		}
		if err := l.subtree(ctx, work, task); err != nil {
			return err
		}
	}
}

// recurses reports whether a directory is listed with all that is below it: not one
// that may break connections, nor one below which much is known already.
func (l *lister) recurses(t *crawl.Task) bool {
	return t.Failures == 0 && !t.Begun && !l.recursionsKnown().yields.small(t.Depth)
}

// subtree lists a directory and all that is below it. What recursive listings did not
// bring is handed over.
func (l *lister) subtree(ctx context.Context, work crawl.Work, top *crawl.Task) error {
	r := l.newRecursion(work, top)
	if !l.recursionsKnown().proven {
		if more, err := r.probe(ctx, top.Path); err != nil || !more {
			return r.leave(err)
		}
	}
	if len(r.tree.wanted) > 0 {
		if err := r.stream(ctx, top.Path); err != nil {
			return r.leave(err)
		}
	}
	l.recursed(func(known *recursions) {
		y := known.yields[top.Depth]
		known.yields = with(known.yields, top.Depth, yield{y.recursions + 1, y.dirs + r.brought})
	})
	if left := len(r.tree.wanted) + len(r.aside); left > max(maxLeft, r.brought/10) {
		return r.leave(unfit("%s brought %d directories and left out %d", listAll, r.brought, left))
	}
	return r.handOver(r.left()...)
}

// leave ends a recursion before its time, for an error or for none, and returns what
// that is to the strategy. Directories are given back for other recursions, but not
// those that would come to nothing again.
func (r *recursion) leave(err error) error {
	broken, isBroken := errors.AsType[*brokenOffError](err)
	no, differs := errors.AsType[*mismatch](err)
	_, isUnfit := errors.AsType[*unfitError](err)
	switch {
	case isUnfit:
		r.work.Return(r.left()...)
		return err
	case differs && r.disagree() >= maxDisagreements:
		r.work.Return(r.left()...)
		return unfit("%v", no)
	case err != nil && !isBroken && !differs:
		return err
	}
	alone := r.aside
	r.aside = nil
	for _, t := range r.tree.takeAll() {
		if isBroken && (t.Path == broken.at || t.Path == r.top) {
			alone = append(alone, t)
		} else {
			r.work.Return(t)
		}
	}
	return r.handOver(alone...)
}

// handOver leaves directories to other strategies, if there are any.
func (r *recursion) handOver(tasks ...*crawl.Task) error {
	if len(tasks) == 0 {
		return nil
	}
	return &handOver{tasks: tasks}
}

// disagree counts a mismatch and returns how many there were.
func (r *recursion) disagree() int {
	r.recursed(func(known *recursions) { known.disagreements++ })
	return r.recursionsKnown().disagreements
}

// A mismatch says that a recursive listing showed a directory in another way than a
// listing of it alone.
type mismatch struct {
	dir mirror.Path
	why string
}

func (e *mismatch) Error() string {
	return fmt.Sprintf("%s and LIST do not agree about %s: %s", listAll, mirror.EscapePath(e.dir.Dir()), e.why)
}

// A brokenOffError says that a stream was given up in the middle because of one
// directory.
type brokenOffError struct {
	at  mirror.Path
	err error
}

func (e *brokenOffError) Error() string { return e.err.Error() }
