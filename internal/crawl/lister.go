package crawl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A Source is one site, as far as it is known how to list it.
//
// Open connects to the site. A [*BusyError] says that it accepts no more connections, a
// [*FinalError] that it will not let anybody in as it is set up.
//
// Facts tells what was learnt about the site that matters for how its listings are
// read, and under which settings; it is kept with the progress of a crawl. Recall
// takes that up again in a later crawl. It reports false, and changes nothing, where
// directories that were listed under those facts could differ from those that would
// be listed now.
//
// Memory tells what is good to know in later crawls and can do no harm there, such as
// how the site is listed fastest; Remember takes that up again. Connections returns how
// many of the wanted ones the site is known to accept. Account says in a line how the
// site was listed, for people.
type Source interface {
	Open(ctx context.Context) (Lister, error)
	Facts() string
	Recall(facts string) bool
	Memory() string
	Remember(memory string)
	Connections(wanted int) int
	Account() string
}

// A Lister lists directories of one site, over one connection as a rule. It is used
// by one goroutine at a time.
//
// Serve takes directories from work and delivers their listings until work has none
// left. It may have taken many before it delivers the first, in any order. An error
// means that the source itself failed, not that it refused a directory; the Lister
// is then closed and another one opened, and what was taken and not delivered is
// given to somebody again. A [*RestartError] says that what was listed so far was
// misunderstood; a [*BusyError] that there are too many connections already.
type Lister interface {
	Serve(ctx context.Context, work Work) error
	Close() error
}

// Work is what a walk has for a Lister to do.
type Work interface {
	// Next returns a directory to list, and waits for one while others may still
	// find some. It is nil when the walk is done. Whoever has directories under way
	// must not wait for another: that is what More is for.
	Next(ctx context.Context, from End) (*Task, error)

	// More returns a directory to list if there is one at once, else nil. It is for
	// listers that have others under way.
	More(from End) *Task

	// Deliver hands over the listing of a directory that was taken or held.
	Deliver(ctx context.Context, t *Task, listing Listing) error

	// Hold delivers a listing and takes those of its subdirectories that are to be
	// listed, in the order of their names, so that nobody else does.
	Hold(ctx context.Context, t *Task, listing Listing) ([]*Task, error)

	// Return gives back directories that were taken or held, for others or for
	// later.
	Return(tasks ...*Task)
}

// An End says from which end of what is to be listed a directory is taken.
type End int

// Deepest keeps little open. Highest finds the largest subtrees.
const (
	Deepest End = iota
	Highest
)

// A Task is a directory that a Lister has taken.
type Task struct {
	Path  mirror.Path
	Depth int // below the root, which has 0

	// Failures is how often a connection failed when this directory was first in
	// the line. One that has some should be asked for with care.
	Failures int

	// Begun says that parts of the subtree below are known already, so that
	// listing all of it would be waste.
	Begun bool

	todo
	number int64 // in the order in which tasks were made
	held   bool  // by whoever listed its parent
}

// A Listing is what a source says about one directory: its entries in any order,
// hidden and odd names included, and whether that was all of them. Whoever it is
// delivered to owns the entries.
type Listing struct {
	Entries []digest.Entry
	Reason  digest.Reason // Complete, or why it is not
	Detail  string        // what happened, for people, where Reason is not Complete
	Listed  time.Time     // when the source looked; zero is now
}

// Incomplete returns the listing of a directory that could not be listed to its
// end; entries may hold what was understood.
func Incomplete(reason digest.Reason, entries []digest.Entry, format string, args ...any) Listing {
	return Listing{Entries: entries, Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// A RestartError says that a walk must begin again, because the lister learnt
// something that makes its earlier listings wrong; it will do better next time.
type RestartError struct{ Why string }

func (e *RestartError) Error() string { return "the walk must begin again: " + e.Why }

// A BusyError says that the site accepts no more connections at the moment.
type BusyError struct{ Err error }

func (e *BusyError) Error() string { return e.Err.Error() }

// Unwrap returns what the site answered.
func (e *BusyError) Unwrap() error { return e.Err }

// A FinalError says that the site cannot be crawled as it is set up: trying again would
// only be a nuisance, and a wrong password too many locks an account.
type FinalError struct {
	Err    error
	Remedy string // what could be done about it, for people
}

func (e *FinalError) Error() string { return e.Err.Error() + "; " + e.Remedy }

// Unwrap returns what went wrong.
func (e *FinalError) Unwrap() error { return e.Err }

func busy(err error) bool {
	_, ok := errors.AsType[*BusyError](err)
	return ok
}

// A Single lists one directory after the other.
type Single interface {
	List(ctx context.Context, dir mirror.Path) (Listing, error)
	Close() error
}

// OneByOne makes a Lister of a Single.
func OneByOne(s Single) Lister { return oneByOne{s} }

type oneByOne struct{ Single }

// Serve implements [Lister].
func (l oneByOne) Serve(ctx context.Context, work Work) error {
	for {
		task, err := work.Next(ctx, Deepest)
		if task == nil || err != nil {
			return err
		}
		listing, err := l.List(ctx, task.Path)
		if err != nil {
			return fmt.Errorf("list %s: %w", task.Path.Dir(), err)
		}
		if err := work.Deliver(ctx, task, listing); err != nil {
			return err
		}
	}
}
