package pack

import (
	"errors"
	"fmt"
)

// Limits bound what a pack may make of its reader. Each must be set.
type Limits struct {
	Text    int64 // bytes of all trees as they are when no longer compressed, and not edits any more
	Trees   int64 // in the pack
	Entries int64 // files and directories below the root, counted wherever they stand
	Depth   int64 // levels of directories in the pack
}

// within returns the limits of a pack that says so much of itself: each of its trees
// stands somewhere below the root, or is it.
func (l Limits) within(h *Header) Limits {
	l.Trees = min(l.Trees-1, h.Dirs) + 1
	if below := h.Files + h.Dirs; below >= 0 {
		l.Entries = min(l.Entries, below)
	}
	return l
}

// DefaultLimits are wide enough for the largest archives there are.
var DefaultLimits = Limits{Text: 64 << 30, Trees: 20_000_000, Entries: 1_000_000_000, Depth: 200}

// Bounds of what is held at a time.
const (
	maxTree    = 32 << 20  // bytes of a tree's lines
	maxEntries = 1_000_000 // lines of a tree
	maxBlock   = fullBlock + maxTree
	fullLines  = 100_000 // lines at which a block ends
	maxLines   = fullLines + maxEntries
)

var (
	// ErrUnsound says that a pack is refused: it breaks a rule of the format or a limit,
	// or does not amount to what it says.
	ErrUnsound = errors.New("the pack is not sound")
	// ErrLacking says that a pack names a tree that its reader does not have. A full pack
	// of the same snapshot can be read.
	ErrLacking = errors.New("the pack names a tree that is not here")
)

func unsound(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrUnsound, fmt.Errorf(format, args...))
}
