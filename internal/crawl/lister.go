package crawl

import (
	"context"
	"fmt"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A Source is one site, as far as it is known how to list it.
//
// Facts tells what was learnt about the site that matters for how its listings are
// read, and under which settings; it is kept with the progress of a crawl. Recall
// takes that up again in a later crawl. It reports false, and changes nothing, where
// directories that were listed under those facts could differ from those that would
// be listed now.
type Source interface {
	Open(ctx context.Context) (Lister, error)
	Facts() string
	Recall(facts string) bool
}

// A Lister lists the directories of one site. It is used by one goroutine at a
// time.
//
// List returns what the source says about a directory: its entries in any
// order, hidden and odd names included, and whether that was all of them. The
// caller owns the entries. An error means that the source itself failed, not
// that it refused; the Lister is then closed and another one opened. A
// [*RestartError] says that what was listed so far was misunderstood.
type Lister interface {
	List(ctx context.Context, dir mirror.Path) (Listing, error)
	Close() error
}

// A Listing is what a source says about one directory.
type Listing struct {
	Entries []digest.Entry
	Reason  digest.Reason // Complete, or why it is not
	Detail  string        // what happened, for people, where Reason is not Complete
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
