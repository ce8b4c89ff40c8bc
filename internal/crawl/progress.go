package crawl

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A place is a directory of which a tree was made.
type place struct {
	path   mirror.Path
	tree   digest.ID
	listed time.Time
}

// progress returns what an interrupted crawl finished not too long ago, provided
// that it would be listed in the same way now, and lets the source recall what was
// learnt. Of a subtree that is incomplete only the complete parts below it are taken
// over, so that what was refused is asked for again.
func (j *Job) progress(ctx context.Context) (map[mirror.Path]Finished, error) {
	facts, saved, err := j.Store.Progress(ctx, j.Site.ID())
	if err != nil {
		return nil, err
	}
	if facts != "" && !j.Source.Recall(facts) {
		if len(saved) > 0 {
			j.Log.Info("crawl begins anew, because the site is listed in another way now", "site", j.Site.Name)
		}
		return nil, nil
	}
	var level []place
	oldest := j.Now().Add(-j.ResumeFor)
	for _, p := range saved {
		if p.Listed.After(oldest) {
			level = append(level, place{p.Path, p.Tree, p.Listed})
		}
	}
	known := make(map[mirror.Path]Finished, len(level))
	for len(level) > 0 {
		if level, err = j.takeOver(ctx, level, known); err != nil {
			return nil, err
		}
	}
	if len(known) > 0 {
		j.Log.Info("crawl goes on from where it was interrupted", "site", j.Site.Name, "subtrees", len(known))
	}
	return known, nil
}

// takeOver adds the complete trees of some places to known and returns the
// subdirectories of the others.
func (j *Job) takeOver(ctx context.Context, places []place, known map[mirror.Path]Finished) (below []place, err error) {
	byTree := map[digest.ID][]place{}
	for _, p := range places {
		byTree[p.tree] = append(byTree[p.tree], p)
	}
	ids := slices.Collect(maps.Keys(byTree))
	err = j.Store.Trees(ctx, ids, store.Branches, func(t *digest.Tree) error {
		for _, p := range byTree[t.ID] {
			if !t.Blind.Absent() {
				known[p.path] = Finished{Path: p.path, Summary: t.Summary, Listed: p.listed}
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

// saveProgress keeps what a walk has finished, and the facts under which it did.
// Facts are those of a moment before that: whatever makes earlier listings wrong
// is found again by the walk that goes on.
func (j *Job) saveProgress(ctx context.Context, lease store.Lease, facts string, finished []Finished) error {
	rows := make([]store.Progress, len(finished))
	for i, f := range finished {
		rows[i] = store.Progress{Path: f.Path, Tree: f.Summary.ID, Listed: f.Listed}
	}
	if err := j.Store.SaveProgress(ctx, lease, facts, rows); err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	return nil
}
