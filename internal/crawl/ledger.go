package crawl

import (
	"maps"
	"slices"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// Bounds of what is kept of a crawl: the paths of finished subtrees, in bytes all
// together; open directories; their listings, each and all together, in bytes of text.
// What is beyond is listed again where a crawl breaks off.
const (
	maxFinished = 16 << 20
	maxOpen     = 50_000
	maxListing  = 8 << 20
	maxListings = 32 << 20
)

// A ledger knows what is to be kept of a crawl that may break off, and what of that the
// store has not been given yet.
type ledger struct {
	facts string // that are kept

	below    map[mirror.Path][]mirror.Path // the finished subtrees, by the directory that they are in
	finished int                           // bytes of their paths
	open     map[mirror.Path]int           // bytes of the listings of open directories
	listings int                           // bytes of all of them

	putFinished map[mirror.Path]store.Progress
	putOpen     map[mirror.Path]store.OpenDirectory
	notFinished map[mirror.Path]bool
	notOpen     map[mirror.Path]bool
}

// newLedger returns the ledger of a crawl of which nothing is kept but facts.
func newLedger(facts string) *ledger {
	return &ledger{
		facts:       facts,
		below:       map[mirror.Path][]mirror.Path{},
		open:        map[mirror.Path]int{},
		putFinished: map[mirror.Path]store.Progress{},
		putOpen:     map[mirror.Path]store.OpenDirectory{},
		notFinished: map[mirror.Path]bool{},
		notOpen:     map[mirror.Path]bool{},
	}
}

// enter enters what a walk has done.
func (l *ledger) enter(c Changes) {
	for _, p := range c.Closed {
		for _, sub := range l.below[p] {
			l.dropFinished(sub)
			l.finished -= len(sub)
		}
		delete(l.below, p)
		l.dropOpen(p)
	}
	for _, f := range c.Finished {
		if l.hasFinished(f.Path) {
			l.putFinished[f.Path] = store.Progress{Path: f.Path, Tree: f.Summary.ID, Listed: f.Listed}
			delete(l.notFinished, f.Path)
		}
	}
	for _, o := range c.Open {
		if text := encodeListing(o.Entries); l.hasOpen(o.Path, len(text)) {
			l.putOpen[o.Path] = store.OpenDirectory{Path: o.Path, Listed: o.Listed, Listing: text}
			delete(l.notOpen, o.Path)
		}
	}
}

// hasFinished notes that a subtree is to be kept, and reports false if that is too much.
func (l *ledger) hasFinished(p mirror.Path) bool {
	if l.finished+len(p) > maxFinished {
		return false
	}
	l.finished += len(p)
	parent := p.Parent()
	l.below[parent] = append(l.below[parent], p)
	return true
}

// hasOpen notes that an open directory is to be kept, with so many bytes of text, and
// reports false if that is too much.
func (l *ledger) hasOpen(p mirror.Path, size int) bool {
	before, known := l.open[p]
	if size > maxListing || l.listings-before+size > maxListings || !known && len(l.open) >= maxOpen {
		return false
	}
	l.open[p] = size
	l.listings += size - before
	return true
}

func (l *ledger) dropFinished(p mirror.Path) {
	delete(l.putFinished, p)
	l.notFinished[p] = true
}

func (l *ledger) dropOpen(p mirror.Path) {
	size, known := l.open[p]
	if !known {
		return
	}
	delete(l.open, p)
	l.listings -= size
	delete(l.putOpen, p)
	l.notOpen[p] = true
}

// ofFinished returns what is to be changed about finished subtrees, and ofOpen about open
// directories. When the store has done it, finishedSaved or openSaved is to be called.
func (l *ledger) ofFinished() store.Change {
	return store.Change{
		Put:         store.Kept{Finished: slices.Collect(maps.Values(l.putFinished))},
		NotFinished: slices.Collect(maps.Keys(l.notFinished)),
	}
}

func (l *ledger) ofOpen() store.Change {
	return store.Change{
		Put:     store.Kept{Open: slices.Collect(maps.Values(l.putOpen))},
		NotOpen: slices.Collect(maps.Keys(l.notOpen)),
	}
}

func (l *ledger) finishedSaved() {
	clear(l.putFinished)
	clear(l.notFinished)
}

func (l *ledger) openSaved() {
	clear(l.putOpen)
	clear(l.notOpen)
}
