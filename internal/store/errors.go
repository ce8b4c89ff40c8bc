package store

import (
	"errors"
	"fmt"
	"time"

	"mirrortracker/internal/mirror"
)

// What callers tell apart. Errors that have more to tell are types:
// [LeaseHeldError], [NameTakenError], [TooLargeError].
var (
	ErrLeaseLost = errors.New("the lease has expired or is another's now")
	ErrNoPeer    = errors.New("no such peer")
	ErrNoSite    = errors.New("no such site")
	ErrNoSuspect = errors.New("nothing is set aside of the site")
	ErrNoTree    = errors.New("the tree is not in the database")
)

// A LeaseHeldError says that somebody else holds a lease.
type LeaseHeldError struct {
	Name    string    // of the lease
	Owner   string    // who holds it
	Version int64     // which lease of that name it is
	Until   time.Time // when it expires unless renewed, by the database's clock
}

// Lease returns the lease that is held. Whoever knows that its holder is gone
// may release it in the holder's place.
func (e *LeaseHeldError) Lease() Lease {
	return Lease{Name: e.Name, Owner: e.Owner, Version: e.Version, Expires: e.Until}
}

// Error names the holder.
func (e *LeaseHeldError) Error() string {
	return fmt.Sprintf("lease %s is held by %s until %s", e.Name, e.Owner, e.Until.Format(time.RFC3339))
}

// A NameTakenError says that another site has the name already.
type NameTakenError struct {
	Name string
	URL  mirror.URL // the crawl URL of the site that has it
}

// Error names the other site.
func (e *NameTakenError) Error() string {
	return fmt.Sprintf("the name %s is taken by the site %s", e.Name, e.URL)
}

// A TooLargeError says that something is larger than the database takes.
type TooLargeError struct {
	What string // such as "the tree 0123..."
	Size int    // in bytes
	Max  int    // in bytes
	Hint string // what could be done about it; may be empty
}

// Error has both numbers.
func (e *TooLargeError) Error() string {
	text := fmt.Sprintf("%s has %d bytes, at most %d can be stored", e.What, e.Size, e.Max)
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}
