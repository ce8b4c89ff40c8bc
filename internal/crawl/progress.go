package crawl

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// known is what an interrupted crawl has finished.
type known struct {
	facts    string // that are kept with it
	subtrees map[mirror.Path]Finished
	begun    map[mirror.Path]bool // the directories above them
}

// add adds a subtree.
func (k *known) add(f Finished) {
	if k.subtrees == nil {
		k.subtrees, k.begun = map[mirror.Path]Finished{}, map[mirror.Path]bool{}
	}
	k.subtrees[f.Path] = f
	for p := f.Path; p != mirror.Root; {
		if p = p.Parent(); k.begun[p] {
			return
		}
		k.begun[p] = true
	}
}

func (k known) above(p mirror.Path) bool { return k.begun[p] }

// A remainder is what was finished before and the walk that goes on has not come to
// yet. It is kept with the walk's own progress, so that one that is killed soon again
// loses nothing.
type remainder struct {
	mu       sync.Mutex
	subtrees map[mirror.Path]Finished
}

// take returns a subtree to the walk that has come to it.
func (r *remainder) take(p mirror.Path) (Finished, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.subtrees[p]
	delete(r.subtrees, p)
	return f, ok
}

// with returns what remains, and what the walk has finished.
func (r *remainder) with(running *Walk) map[mirror.Path]Finished {
	r.mu.Lock()
	all := maps.Clone(r.subtrees)
	r.mu.Unlock()
	if all == nil {
		all = map[mirror.Path]Finished{}
	}
	for _, f := range running.Finished() { // last, so that what is taken meanwhile is there
		all[f.Path] = f
	}
	return all
}

// A place is a directory of which a tree was made.
type place struct {
	path   mirror.Path
	tree   digest.ID
	listed time.Time
}

// progress returns what an interrupted crawl finished not too long ago, provided
// that it would be listed in the same way now, and lets the source recall what was
// learnt; else there is no progress any more. Of a subtree that is incomplete only the
// complete parts below it are taken over, so that what was refused is asked for again.
func (j *Job) progress(ctx context.Context, lease store.Lease) (done known, err error) {
	facts, saved, err := j.Store.Progress(ctx, j.Site.ID())
	if err != nil {
		return done, err
	}
	begun := facts != "" || len(saved) > 0
	if !begun || !j.Source.Recall(facts) {
		if begun {
			j.Log.Info("crawl begins anew, because the site is listed in another way now", "site", j.Site.Name)
		}
		return j.dropProgress(ctx, lease)
	}
	done.facts = facts
	var level []place
	oldest := j.Now().Add(-j.ResumeFor)
	for _, p := range saved {
		if p.Listed.After(oldest) {
			level = append(level, place{p.Path, p.Tree, p.Listed})
		}
	}
	for len(level) > 0 {
		if level, err = j.takeOver(ctx, level, &done); err != nil {
			return known{}, err
		}
	}
	if n := len(done.subtrees); n > 0 {
		j.Log.Info("crawl goes on from where it was interrupted", "site", j.Site.Name, "subtrees", n)
	}
	return done, nil
}

// takeOver adds the complete trees of some places to what is done and returns the
// subdirectories of the others.
func (j *Job) takeOver(ctx context.Context, places []place, done *known) (below []place, err error) {
	byTree := map[digest.ID][]place{}
	for _, p := range places {
		byTree[p.tree] = append(byTree[p.tree], p)
	}
	ids := slices.Collect(maps.Keys(byTree))
	err = j.Store.Trees(ctx, ids, store.Branches, func(t *digest.Tree) error {
		for _, p := range byTree[t.ID] {
			if !t.Blind.Absent() {
				done.add(Finished{Path: p.path, Summary: t.Summary, Listed: p.listed})
				continue
			}
			for c := range t.Children() {
				below = append(below, place{p.path.Join(c.Name), c.ID, p.listed})
			}
		}
		return nil
	})
	return below, err
}

// dropProgress keeps the facts of this moment and nothing else: what was listed so far
// is not to be believed.
func (j *Job) dropProgress(ctx context.Context, lease store.Lease) (nothing known, err error) {
	nothing.facts = j.Source.Facts()
	if err := j.Store.SaveProgress(ctx, lease, nothing.facts, nil); err != nil {
		return known{}, fmt.Errorf("drop progress: %w", err)
	}
	return nothing, nil
}

// saveProgress keeps what a walk has finished, and the facts under which it did, in
// place of those that are kept. It returns which facts are kept then. They are of a
// moment before, and kept last, so that they are never newer than what was listed under
// them: whatever makes earlier listings wrong is found again by the crawl that goes on.
func (j *Job) saveProgress(ctx context.Context, lease store.Lease, kept string, running *Walk, rest *remainder, sink *writer) (string, error) {
	facts := j.Source.Facts()
	finished := rest.with(running)
	if err := sink.Flush(ctx); err != nil {
		return kept, err
	}
	rows := make([]store.Progress, 0, len(finished))
	for _, f := range finished {
		rows = append(rows, store.Progress{Path: f.Path, Tree: f.Summary.ID, Listed: f.Listed})
	}
	if err := j.Store.SaveProgress(ctx, lease, kept, rows); err != nil {
		return kept, fmt.Errorf("save progress: %w", err)
	}
	if facts == kept || running.Restarting() {
		return kept, nil
	}
	if err := j.Store.ReviseFacts(ctx, lease, facts); err != nil {
		return kept, fmt.Errorf("save progress: %w", err)
	}
	return facts, nil
}
