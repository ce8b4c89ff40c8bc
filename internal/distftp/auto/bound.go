package auto

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// A bound is a binding with what is known of it.
type bound struct {
	Binding
	survey *survey // used by who reads directories alone; nil where a URL is given

	mu      sync.Mutex // guards the following
	pending []mirror.Path
	all     bool // changes were too many to be noted
	broken  bool // the last reading ended by an error, and can go on from there
	sum     digest.Summary
	read    time.Time // when sum was found out; zero: not yet
	due     time.Time // when all is to be read again
	may     time.Time // when it may be, if others have changed something
	others  uint64    // what they had changed when all was read last
	found   *replicas // nil: none were looked for yet
	told    []Replica // of which the log told last
}

// maxPending is how many changes are noted one by one, until everything is read anew.
const maxPending = 10_000

func newBound(b Binding, tree Tree) *bound {
	n := &bound{Binding: b}
	if b.URL == "" {
		n.survey = newSurvey(tree, b.Dir)
	}
	return n
}

func compare(a, b Binding) int {
	return cmp.Or(cmp.Compare(a.Dir, b.Dir), cmp.Compare(a.URL, b.URL))
}

// changed notes that something is different at a path, and reports whether that matters.
func (b *bound) changed(p mirror.Path) bool {
	if b.survey == nil || !p.Within(b.Dir) && !b.Dir.Within(p) {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.pending) < maxPending {
		b.pending = append(b.pending, p)
	} else {
		b.all = true
	}
	return true
}

// amount returns what our directory amounts to, and when that was found out.
func (b *bound) amount() (digest.Summary, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sum, b.read
}

// replicas returns those of an index, which are looked for once.
func (b *bound) replicas(x *resolver.Index, s *scene, log *slog.Logger) (*replicas, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.survey != nil {
		switch {
		case b.read.IsZero():
			return nil, ErrUnread
		case b.sum.Blind.Absent():
			return nil, ErrIncomplete
		}
	}
	if r := b.found; r == nil || r.index != x || r.scene != s || r.sum != b.sum {
		b.found = find(b.Binding, x, s, b.sum)
		b.tell(log)
	}
	return b.found, b.found.err
}

// tell logs which replicas have come and gone.
func (b *bound) tell(log *slog.Logger) {
	now := b.found.list()
	for _, r := range now {
		if !slices.Contains(b.told, r) {
			log.Info("replica of a mirrored directory found", "directory", b.Dir, "site", r.Site, "url", r.URL, "class", r.Class.String(), "left_out", r.Reason)
		}
	}
	for _, r := range b.told {
		if !slices.Contains(now, r) {
			log.Info("replica of a mirrored directory is none any more", "directory", b.Dir, "site", r.Site, "url", r.URL)
		}
	}
	b.told = now
}

// reread reads what has changed, or all if that is due, and returns whether there was
// anything to do. After an error the former state holds.
func (b *bound) reread(ctx context.Context, every time.Duration) (done bool, err error) {
	others := uint64(0)
	if shared, ok := b.survey.tree.(Shared); ok {
		others = shared.Others()
	}
	b.mu.Lock()
	now := time.Now()
	pending, all := b.pending, b.all || !now.Before(b.due) || others != b.others && !now.Before(b.may)
	idle := !all && !b.broken && len(pending) == 0
	b.pending, b.all, b.broken = nil, false, false
	b.mu.Unlock()
	if idle {
		return false, nil
	}
	if all {
		b.survey.forget()
	}
	for _, p := range pending {
		b.survey.changed(p)
	}
	begun := time.Now()
	sum, err := b.survey.read(ctx)
	took := time.Since(begun)
	b.mu.Lock()
	defer b.mu.Unlock()
	if all {
		b.due, b.may, b.others = begun.Add(max(every, share*took)), begun.Add(share*took), others
	}
	if b.broken = err != nil; b.broken {
		return true, err
	}
	b.sum, b.read = sum, begun
	return true, nil
}

// share is how much longer than a reading the time between two of them is.
const share = 10
