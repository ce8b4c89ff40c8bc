package crawl

import (
	"context"
	"fmt"
	"slices"
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
	lines    atomic.Int32 // connections that are open

	mu      sync.Mutex
	wake    *sync.Cond
	pending []todo         // directories to list, the deepest last
	open    map[*node]bool // directories listed, with something below still to do
	status  Status
	names   int64 // seen on the whole site
	result  Result
	done    bool
	digests *digest.Digester
}

// A todo is a directory that was heard of: an entry of its parent, or the root,
// which has none. There may be very many of them.
type todo struct {
	parent *node
	slot   int // its place among the parent's entries
}

// A node is a directory from the time when it is listed to the time when its tree
// is made.
type node struct {
	todo
	path    mirror.Path
	depth   int
	entries []digest.Entry
	reason  digest.Reason
	missing int               // subdirectories without a summary
	listed  time.Time         // the oldest listing in the subtree
	ages    map[int]time.Time // the same for finished subdirectories, by slot
}

// finished notes what a subdirectory amounts to.
func (n *node) finished(slot int, sub *digest.Summary, listed time.Time) {
	n.entries[slot].Sub = sub
	n.listed = earlier(n.listed, listed)
	if n.ages == nil {
		n.ages = map[int]time.Time{}
	}
	n.ages[slot] = listed
}

// Start begins a walk from the root. The caller runs [Walk.Wait] to its end.
func (w *Walker) Start(ctx context.Context) *Walk {
	run := &walk{
		Walker:   w,
		deadline: w.Now().Add(w.Limits.Time),
		open:     map[*node]bool{},
		digests:  digest.NewDigester(),
	}
	run.wake = sync.NewCond(&run.mu)
	run.pending = []todo{{}}
	group, ctx := errgroup.WithContext(ctx)
	for range max(w.Connections, 1) {
		group.Go(func() error { return run.work(ctx) })
	}
	context.AfterFunc(ctx, run.wakeAll)
	return &Walk{walk: run, group: group}
}

// A Walk is a walk under way, as seen by whoever began it.
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

// maxFinished bounds the paths that Finished returns, in bytes all together.
const maxFinished = 16 << 20

// Finished returns the topmost subtrees that are done while something above
// them is not; not all of them where they are very many. All their trees have been
// handed to the sink.
func (r *Walk) Finished() []Finished {
	r.walk.mu.Lock()
	defer r.walk.mu.Unlock()
	var finished []Finished
	bytes := 0
	for n := range r.walk.open {
		for slot, listed := range n.ages {
			e := &n.entries[slot]
			f := Finished{Path: n.path.Join(e.Name), Summary: *e.Sub, Listed: listed}
			if bytes += len(f.Path); bytes > maxFinished {
				return finished
			}
			finished = append(finished, f)
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
// connection that fails for good is done without as long as another works.
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
			if ctx.Err() == nil && temporary(err) && w.lines.Add(-1) > 0 {
				w.giveBack(n.todo)
				return nil
			}
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
	n := &node{todo: w.pending[last], path: mirror.Root}
	w.pending = w.pending[:last]
	if p := n.parent; p != nil {
		n.path, n.depth = p.path.Join(p.entries[n.slot].Name), p.depth+1
	}
	w.status.Current = n.path
	return n, nil
}

// giveBack leaves a directory to another connection.
func (w *walk) giveBack(t todo) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(w.pending, t)
	w.wake.Broadcast()
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

// judge applies the rules that hold whatever the source is. It keeps what can be
// kept of a directory that passes a limit.
func (w *walk) judge(l Listing) Listing {
	kept, sound := digest.Clean(l.Entries)
	if !sound && l.Reason == digest.Complete {
		l.Reason, l.Detail = digest.Unparsable, "a name is empty, holds a control character or a slash, or stands twice"
	}
	all := len(kept)
	kept = slices.DeleteFunc(kept, func(e digest.Entry) bool { return len(e.Name) > w.Limits.Name })
	if long := all - len(kept); long > 0 {
		l.Reason, l.Detail = digest.Limit, fmt.Sprintf("%d names are longer than crawl.limits.name = %d", long, w.Limits.Name)
	}
	if len(kept) > w.Limits.Entries {
		l.Reason, l.Detail = digest.Limit, fmt.Sprintf("%d names, more than crawl.limits.entries = %d", all, w.Limits.Entries)
		clear(kept[w.Limits.Entries:])
		kept = kept[:w.Limits.Entries]
	}
	l.Entries = kept
	return l
}

// descend queues the subdirectories, the first to be listed last.
func (w *walk) descend(ctx context.Context, n *node) error {
	for i := len(n.entries) - 1; i >= 0; i-- {
		switch e := &n.entries[i]; e.Kind {
		case digest.File:
			w.status.Files++
		case digest.Dir:
			if err := w.queue(ctx, n, i); err != nil {
				return err
			}
		}
	}
	w.wake.Broadcast()
	return nil
}

// queue sees to it that a subdirectory gets a summary: from what is known, by
// being listed, or as one that is beyond a limit.
func (w *walk) queue(ctx context.Context, n *node, slot int) error {
	path := n.path.Join(n.entries[slot].Name)
	beyond := ""
	switch {
	case n.depth >= w.Limits.Depth:
		beyond = fmt.Sprintf("deeper than crawl.limits.depth = %d", w.Limits.Depth)
	case len(path) > maxPath:
		beyond = fmt.Sprintf("its path has %d bytes, more than %d", len(path), maxPath)
	}
	if beyond != "" {
		tree := w.digests.Tree(nil, digest.Limit)
		w.problem(path, digest.Limit, beyond)
		n.entries[slot].Sub = &tree.Summary
		return w.Sink.Put(ctx, tree)
	}
	if known, ok := w.known(path); ok {
		n.finished(slot, &known.Summary, known.Listed)
		w.names += known.Summary.Files + known.Summary.Dirs
		w.status.Reused += known.Summary.Dirs + 1
		w.status.Files += known.Summary.Files
		return nil
	}
	n.missing++
	w.pending = append(w.pending, todo{n, slot})
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
		n.parent.finished(n.slot, &tree.Summary, n.listed)
		n.parent.missing--
		n = n.parent
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
