package crawl

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A Sink takes finished trees, children before parents.
//
// Put never waits, and is not called by two goroutines at a time. Ready waits while
// the sink has too much to do. Its error ends the walk: the sink can take no more.
type Sink interface {
	Put(tree *digest.Tree)
	Ready(ctx context.Context) error
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

// A Walker holds what a walk needs.
type Walker struct {
	// Open makes a Lister; a walk calls it for each connection, one after the
	// other as there is something to do for them, and again after a failure.
	Open func(ctx context.Context) (Lister, error)
	Sink Sink

	Connections int // listers at a time at the most, at least 1
	Limits      Limits
	Retry       Retry
	Now         func() time.Time

	// Failed is told of each failure after which the walk tries again; nil if
	// nobody wants to know.
	Failed func(err error)

	// Known tells of a directory that was finished before, Opened of one that was
	// listed before, and is asked for each once; Begun tells of one below which there
	// are such. They are nil if there are none, and are called by one goroutine at a
	// time.
	Known  func(dir mirror.Path) (Finished, bool)
	Opened func(dir mirror.Path) (Listing, bool)
	Begun  func(dir mirror.Path) bool

	// Pace is asked once for each directory; nil if nothing bounds how many are
	// listed in a second.
	Pace Pacer
}

// A Pacer says when another directory may be listed. A [*rate.Limiter] is one.
type Pacer interface {
	Wait(ctx context.Context) error // until it may be
	Allow() bool                    // whether it may be now
}

var _ Pacer = (*rate.Limiter)(nil)

// walk is one walk under way. The mutex guards everything below it.
type walk struct {
	*Walker
	deadline time.Time

	mu       sync.Mutex
	wake     *sync.Cond // something below has changed
	lines    int        // connections that are open
	full     bool       // the site accepts no more of them
	pending  []todo     // directories to list, the deepest last
	failures map[todo]int
	tasks    int64          // made so far
	changed  map[*node]bool // directories of which Changes has something to tell
	closed   []mirror.Path  // that Changes has to tell of
	status   Status
	names    int64 // seen on the whole site
	result   Result
	done     bool
	restarts bool // earlier listings are wrong
	digests  *digest.Digester
}

// Start begins a walk from the root. The caller runs [Walk.Wait] to its end.
func (w *Walker) Start(ctx context.Context) *Walk {
	run := &walk{
		Walker:   w,
		deadline: w.Now().Add(w.Limits.Time),
		failures: map[todo]int{},
		changed:  map[*node]bool{},
		digests:  digest.NewDigester(),
	}
	run.wake = sync.NewCond(&run.mu)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(run.begin)
	for number := range max(w.Connections, 1) {
		group.Go(func() error { return run.work(ctx, number) })
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

// Restarting reports whether a lister has found out that earlier listings are wrong.
func (r *Walk) Restarting() bool {
	r.walk.mu.Lock()
	defer r.walk.mu.Unlock()
	return r.walk.restarts
}

func (w *walk) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wake.Broadcast()
}

// overdue returns why the walk must end before its time.
func (w *walk) overdue(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case w.Now().After(w.deadline):
		return &LimitError{What: "crawl.limits.time", Max: w.Limits.Time.String()}
	}
	return nil
}

// pace waits until another directory may be listed. Where that cannot come to be, as
// before the deadline of ctx, no other connection is of use.
func (w *walk) pace(ctx context.Context) error {
	if w.Pace == nil {
		return nil
	}
	if err := w.Pace.Wait(ctx); err != nil {
		return &fatalError{err}
	}
	return nil
}

// task makes a task of something to do.
func (w *walk) task(next todo) *Task {
	t := &Task{todo: next, Failures: w.failures[next], number: w.tasks}
	t.Path, t.Depth = next.path()
	t.Begun = w.Begun != nil && w.Begun(t.Path)
	w.tasks++
	return t
}

// putBack leaves directories to whoever comes next.
func (w *walk) putBack(all ...todo) {
	w.pending = append(w.pending, all...)
	w.wake.Broadcast()
}

// begin gives the connections something to do: the root, or what is left to be listed
// below it.
func (w *walk) begin() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	root := w.recall(todo{})
	if root == nil {
		w.putBack(todo{})
		return nil
	}
	return w.expand(root)
}

// recall makes a directory of what was listed before; nil if it was not, or if it would
// not be complete under the limits of now.
func (w *walk) recall(next todo) *node {
	if w.Opened == nil {
		return nil
	}
	path, depth := next.path()
	listing, ok := w.Opened(path)
	if !ok {
		return nil
	}
	if listing = w.judge(listing); listing.Reason != digest.Complete {
		return nil
	}
	w.status.Reused++
	n := w.node(next, path, depth, listing)
	n.told, n.inKept = true, true
	return n
}

// expand puts back what is to be listed below a directory that was recalled.
func (w *walk) expand(n *node) error {
	below, err := w.enter(n)
	w.putBack(below...)
	if err == nil {
		err = w.complete(n)
	}
	return err
}

// listed records the listing of a directory and makes the trees that this
// completes. It returns the subdirectories that are to be listed, the first last.
func (w *walk) listed(t *Task, listing Listing) (below []todo, err error) {
	w.status.Dirs++
	n := w.node(t.todo, t.Path, t.Depth, listing)
	if n.reason != digest.Complete {
		n.told = true
		w.problem(n.path, n.reason, listing.Detail)
	}
	if below, err = w.enter(n); err != nil {
		return nil, err
	}
	return below, w.complete(n)
}

func (w *walk) node(next todo, path mirror.Path, depth int, listing Listing) *node {
	n := &node{todo: next, path: path, depth: depth, entries: listing.Entries, reason: listing.Reason, seen: listing.Listed}
	if n.seen.IsZero() {
		n.seen = w.Now()
	}
	n.listed = n.seen
	return n
}

// enter sees to all subdirectories of a directory, which is finished after complete is
// called at the earliest. It returns those that are to be listed, the first last.
func (w *walk) enter(n *node) (below []todo, err error) {
	if w.names += int64(len(n.entries)); w.names > w.Limits.Total {
		return nil, &LimitError{What: "crawl.limits.total", Max: fmt.Sprint(w.Limits.Total)}
	}
	n.missing = 1
	for i := len(n.entries) - 1; i >= 0; i-- {
		switch e := &n.entries[i]; e.Kind {
		case digest.File:
			w.status.Files++
		case digest.Dir:
			if !w.expect(n, i) {
				continue
			}
			next := todo{n, i}
			if sub := w.recall(next); sub != nil {
				n.recalled = append(n.recalled, sub)
			} else {
				below = append(below, next)
			}
		}
	}
	if n.missing > 1 && !n.told {
		w.changed[n] = true
	}
	return below, nil
}

// complete goes on below what was recalled in a directory that was entered, and
// finishes it if nothing is missing.
func (w *walk) complete(n *node) error {
	for _, sub := range n.recalled {
		if err := w.expand(sub); err != nil {
			return err
		}
	}
	n.recalled = nil
	n.missing--
	w.finish(n)
	return nil
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

// expect sees to it that a subdirectory gets a summary: from what is known, or as
// one that is beyond a limit. It reports whether it has to be listed for that.
func (w *walk) expect(n *node, slot int) bool {
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
		w.Sink.Put(tree)
		return false
	}
	if known, ok := w.known(path); ok {
		n.settled(slot, &known.Summary, known.Listed)
		n.inKept = true
		w.names += known.Summary.Files + known.Summary.Dirs
		w.status.Reused += known.Summary.Dirs + 1
		w.status.Files += known.Summary.Files
		return false
	}
	n.missing++
	return true
}

func (w *walk) known(path mirror.Path) (Finished, bool) {
	if w.Known == nil {
		return Finished{}, false
	}
	return w.Known(path)
}

// finish makes the tree of a directory in which nothing is missing, and those
// of the ancestors that thereby lack nothing either.
func (w *walk) finish(n *node) {
	for n.missing == 0 {
		tree := w.digests.Tree(n.entries, n.reason)
		w.Sink.Put(tree)
		if n.parent == nil {
			w.result.Root = tree.Summary
			w.done = true
			w.wake.Broadcast()
			return
		}
		w.close(n)
		n.parent.settled(n.slot, &tree.Summary, n.listed)
		n.parent.fresh = append(n.parent.fresh, finishedSlot{n.slot, &tree.Summary, n.listed})
		w.changed[n.parent] = true
		n.parent.missing--
		n = n.parent
	}
}

func (w *walk) problem(path mirror.Path, reason digest.Reason, detail string) {
	w.status.Incomplete++
	if len(w.result.Problems) < maxProblems {
		w.result.Problems = append(w.result.Problems, Problem{Path: path, Reason: reason, Detail: detail})
	}
}
