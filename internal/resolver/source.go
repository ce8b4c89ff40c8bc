package resolver

import (
	"context"
	"errors"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A Source is where the index comes from.
//
// Sites returns all tracked sites and Current the current snapshot of each
// that has one, both in any order. Trees calls fn once for each of the trees
// named, in any order; a tree that is not there is an error or is left out. The
// tree is fn's to keep. Ids hold no duplicates and are at most 500.
type Source interface {
	Sites(ctx context.Context) ([]mirror.Site, error)
	Current(ctx context.Context) ([]store.Snapshot, error)
	Trees(ctx context.Context, ids []digest.ID, parts store.Parts, fn func(*digest.Tree) error) error
}

var _ Source = (*store.Store)(nil)

// Options set the limits of an index. The zero Options mean the defaults.
type Options struct {
	Doubt    Doubt // the zero Doubt means DefaultDoubt
	MaxSteps int   // of the search for one directory's replicas; 0 means DefaultMaxSteps

	// Cache is the folder in which a Live keeps its index for the next process;
	// "" for none. It is made if need be, and one process has it at a time.
	Cache string

	bounds bounds // the zero bounds mean usualBounds
}

// DefaultMaxSteps is enough for the places of several hundred mirrors, and
// takes about a millisecond.
const DefaultMaxSteps = 4096

func (o Options) withDefaults() Options {
	if o.Doubt == (Doubt{}) {
		o.Doubt = DefaultDoubt()
	}
	if o.MaxSteps <= 0 {
		o.MaxSteps = DefaultMaxSteps
	}
	if o.bounds == (bounds{}) {
		o.bounds = usualBounds
	}
	return o
}

// ErrUnknownSite says that a URL, host or name is none of a tracked site.
var ErrUnknownSite = errors.New("no tracked site is there")
