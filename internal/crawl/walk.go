package crawl

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A Sink takes finished trees, children before parents. Put must not be called
// by two goroutines at a time; the walk sees to that.
type Sink interface {
	Put(ctx context.Context, tree *digest.Tree) error
}

// A Problem is a directory that is incomplete, and why.
type Problem struct {
	Path   mirror.Path   `json:"path"`
	Reason digest.Reason `json:"reason"`
	Detail string        `json:"detail"`
}

// maxProblems is how many problems a walk remembers; it counts them all.
const maxProblems = 1000

// Status is how far a walk has come.
type Status struct {
	Dirs       int64       // directories listed
	Files      int64       // files in them
	Reused     int64       // directories taken over from an interrupted crawl
	Incomplete int64       // directories that could not be listed to their end
	Current    mirror.Path // a directory being listed
}

// A Result is what a walk found.
type Result struct {
	Root digest.Summary
	Status
	Problems []Problem // the first of them
}

// A Finished is a subtree whose tree is done, and when the oldest listing in it
// was made.
type Finished struct {
	Path    mirror.Path
	Summary digest.Summary
	Listed  time.Time
}

// A Walker holds what a walk needs.
type Walker struct {
	// Open makes a Lister; a walk calls it once for each connection, and
	// again after a failure.
	Open func(ctx context.Context) (Lister, error)
	Sink Sink

	Connections int // listers at a time, at least 1
	Limits      Limits
	Retry       Retry
	Now         func() time.Time

	// Failed is told of each failure after which the walk tries again; nil if
	// nobody wants to know.
	Failed func(err error)

	// Known tells of a directory that was finished before; nil if none was.
	Known func(dir mirror.Path) (Finished, bool)
}

// walk is one walk under way. The mutex guards everything below it.
type walk struct {
	*Walker
	deadline time.Time
	lines    atomic.Int32 // connections that were opened

	mu      sync.Mutex
	wake    *sync.Cond
	pending []*node        // directories to list, the deepest last
	open    map[*node]bool // directories listed, with something below still to do
	root    *node
	status  Status
	names   int64 // seen on the whole site
	result  Result
	done    bool
	digests *digest.Digester
}

// A node is a directory from the time when it is heard of to the time when its
// tree is made.
type node struct {
	path    mirror.Path
	parent  *node
	slot    int // its place among the parent's entries
	depth   int
	entries []digest.Entry
	reason  digest.Reason
	missing int       // subdirectories without a summary
	listed  time.Time // the oldest listing in the subtree
}

// Start begins a walk from the root. The caller runs [Walk.Wait] to its end.
func (w *Walker) Start(ctx context.Context) *Walk {
	run := &walk{
		Walker:   w,
		deadline: w.Now().Add(w.Limits.Time),
		open:     map[*node]bool{},
		root:     &node{path: mirror.Root},
		digests:  digest.NewDigester(),
	}
	run.wake = sync.NewCond(&run.mu)
	run.pending = []*node{run.root}
	group, ctx := errgroup.WithContext(ctx)
	for range max(w.Connections, 1) {
		group.Go(func() error { return run.work(ctx) })
	}
	context.AfterFunc(ctx, run.wakeAll)
	return &Walk{walk: run, group: group}
}

// A Walk is a walk under way.
type Walk struct {
	walk  *walk
	group *errgroup.Group
}

// Wait waits for the end of the walk and returns what it found.
func (r *Walk) Wait() (Result, error) {
	if err := r.group.Wait(); err != nil {
		return Result{}, err
	}
	r.walk.result.Status = r.walk.status
	return r.walk.result, nil
}

// Status tells how far the walk has come.
func (r *Walk) Status() Status {
	r.walk.mu.Lock()
	defer r.walk.mu.Unlock()
	return r.walk.status
}

// Finished returns the topmost subtrees that are done while something above
// them is not. All their trees have been handed to the sink.
func (r *Walk) Finished() []Finished {
	r.walk.mu.Lock()
	defer r.walk.mu.Unlock()
	var finished []Finished
	for n := range r.walk.open {
		for i := range n.entries {
			if e := &n.entries[i]; e.Kind == digest.Dir && e.Sub != nil {
				finished = append(finished, Finished{Path: n.path.Join(e.Name), Summary: *e.Sub, Listed: n.listed})
			}
		}
	}
	return finished
}

func (w *walk) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wake.Broadcast()
}

// work lists directories over one connection until there are none left. A
// connection that the server never accepts is done without if it accepts another.
func (w *walk) work(ctx context.Context) error {
	line := &line{walk: w}
	defer line.close()
	if err := line.open(ctx); err != nil {
		if ctx.Err() == nil && w.lines.Load() > 0 {
			return nil
		}
		return err
	}
	w.lines.Add(1)
	for {
		n, err := w.next(ctx)
		if n == nil || err != nil {
			return err
		}
		listing, err := line.list(ctx, n.path)
		if err != nil {
			return err
		}
		if err := w.take(ctx, n, listing); err != nil {
			return err
		}
	}
}

// next returns a directory to list, waiting while others may still find one, or
// nil when the walk is done.
func (w *walk) next(ctx context.Context) (*node, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.pending) == 0 && !w.done && ctx.Err() == nil {
		w.wake.Wait()
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case w.done:
		return nil, nil
	case w.Now().After(w.deadline):
		return nil, &LimitError{What: "crawl.limits.time", Max: w.Limits.Time.String()}
	}
	last := len(w.pending) - 1
	n := w.pending[last]
	w.pending[last] = nil
	w.pending = w.pending[:last]
	w.status.Current = n.path
	return n, nil
}

// take records the listing of a directory, queues its subdirectories, and makes
// the trees that this completes.
func (w *walk) take(ctx context.Context, n *node, listing Listing) error {
	listing = w.judge(listing)
	w.mu.Lock()
	defer w.mu.Unlock()
	n.entries, n.reason, n.listed = listing.Entries, listing.Reason, w.Now()
	w.status.Dirs++
	if w.names += int64(len(n.entries)); w.names > w.Limits.Total {
		return &LimitError{What: "crawl.limits.total", Max: fmt.Sprint(w.Limits.Total)}
	}
	if n.reason != digest.Complete {
		w.problem(n.path, n.reason, listing.Detail)
	}
	w.open[n] = true
	if err := w.descend(ctx, n); err != nil {
		return err
	}
	return w.finish(ctx, n)
}

// judge applies the rules that hold whatever the source is.
func (w *walk) judge(l Listing) Listing {
	if len(l.Entries) > w.Limits.Entries {
		return Incomplete(digest.Limit, nil, "%d names, more than crawl.limits.entries = %d", len(l.Entries), w.Limits.Entries)
	}
	kept, sound := digest.Clean(l.Entries)
	l.Entries = kept
	if !sound && l.Reason == digest.Complete {
		l.Reason, l.Detail = digest.Unparsable, "a name is empty, holds a control character or a slash, or stands twice"
	}
	for i := range kept {
		if len(kept[i].Name) > w.Limits.Name {
			return Incomplete(digest.Limit, nil, "a name of %d bytes, more than crawl.limits.name = %d", len(kept[i].Name), w.Limits.Name)
		}
	}
	return l
}

// descend queues the subdirectories, the first to be listed last.
func (w *walk) descend(ctx context.Context, n *node) error {
	for i := len(n.entries) - 1; i >= 0; i-- {
		e := &n.entries[i]
		switch {
		case e.Kind == digest.File:
			w.status.Files++
			continue
		case e.Kind != digest.Dir:
			continue
		}
		path := n.path.Join(e.Name)
		if known, ok := w.known(path); ok {
			e.Sub = &known.Summary
			n.listed = earlier(n.listed, known.Listed)
			w.names += known.Summary.Files + known.Summary.Dirs
			w.status.Reused += known.Summary.Dirs + 1
			w.status.Files += known.Summary.Files
			continue
		}
		if n.depth >= w.Limits.Depth {
			tree := w.digests.Tree(nil, digest.Limit)
			if err := w.Sink.Put(ctx, tree); err != nil {
				return err
			}
			w.problem(path, digest.Limit, fmt.Sprintf("deeper than crawl.limits.depth = %d", w.Limits.Depth))
			e.Sub = &tree.Summary
			continue
		}
		n.missing++
		w.pending = append(w.pending, &node{path: path, parent: n, slot: i, depth: n.depth + 1})
	}
	w.wake.Broadcast()
	return nil
}

func (w *walk) known(path mirror.Path) (Finished, bool) {
	if w.Known == nil {
		return Finished{}, false
	}
	return w.Known(path)
}

// finish makes the tree of a directory in which nothing is missing, and those
// of the ancestors that thereby lack nothing either.
func (w *walk) finish(ctx context.Context, n *node) error {
	for n.missing == 0 {
		tree := w.digests.Tree(n.entries, n.reason)
		if err := w.Sink.Put(ctx, tree); err != nil {
			return err
		}
		delete(w.open, n)
		if n.parent == nil {
			w.result.Root = tree.Summary
			w.done = true
			w.wake.Broadcast()
			return nil
		}
		parent := n.parent
		parent.entries[n.slot].Sub = &tree.Summary
		parent.listed = earlier(parent.listed, n.listed)
		parent.missing--
		n = parent
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (w *walk) problem(path mirror.Path, reason digest.Reason, detail string) {
	w.status.Incomplete++
	if len(w.result.Problems) < maxProblems {
		w.result.Problems = append(w.result.Problems, Problem{Path: path, Reason: reason, Detail: detail})
	}
}
