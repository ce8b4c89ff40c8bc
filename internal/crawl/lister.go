package crawl

import (
	"context"
	"fmt"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

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

// Limits bound what a crawl takes from a site. All of them are needed.
type Limits struct {
	Depth   int           // directories below the root's; deeper ones are incomplete
	Name    int           // bytes of a name; a directory with a longer one is incomplete
	Entries int           // names in one directory; one with more is incomplete
	Listing int64         // bytes of one directory's listing; a longer one is incomplete
	Total   int64         // names on the whole site; the crawl fails beyond it
	Time    time.Duration // for the whole site; the crawl fails after it
}

// DefaultLimits are meant to be met by no honest site.
func DefaultLimits() Limits {
	return Limits{
		Depth:   100,
		Name:    1024,
		Entries: 500_000,
		Listing: 32 << 20,
		Total:   1_000_000_000,
		Time:    24 * time.Hour,
	}
}

// A LimitError says that a crawl ended because the site passed a limit that
// holds for the whole of it.
type LimitError struct {
	What string // the name of the limit's configuration key
	Max  string
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("the site passes %s = %s; raise it in the configuration if the site is meant to be that large", e.What, e.Max)
}
