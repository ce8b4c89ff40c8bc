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

// known is what an interrupted crawl has done.
type known struct {
	ledger   *ledger
	subtrees map[mirror.Path]Finished
	open     map[mirror.Path]store.OpenDirectory
	begun    map[mirror.Path]bool // the directories above them
}

// add adds a subtree, unless something newer is known of it.
func (k *known) add(f Finished) {
	if _, ok := k.subtrees[f.Path]; !ok {
		k.subtrees[f.Path] = f
		k.begin(f.Path)
	}
}

// begin notes that something below the directories above a path is known.
func (k *known) begin(p mirror.Path) {
	for p != mirror.Root {
		if p = p.Parent(); k.begun[p] {
			return
		}
		k.begun[p] = true
	}
}

func (k known) above(p mirror.Path) bool { return k.begun[p] }

func (k known) finished(p mirror.Path) (Finished, bool) {
	f, ok := k.subtrees[p]
	return f, ok
}

// opened returns a directory's listing once.
func (k known) opened(p mirror.Path) (Listing, bool) {
	o, ok := k.open[p]
	if !ok {
		return Listing{}, false
	}
	delete(k.open, p)
	entries, err := decodeListing(o.Listing)
	return Listing{Entries: entries, Listed: o.Listed}, err == nil
}

// A place is a directory of which a tree was made.
type place struct {
	path   mirror.Path
	tree   digest.ID
	listed time.Time
}

// progress returns what an interrupted crawl did not too long ago, provided
// that it would be listed in the same way now, and lets the source recall what was
// learnt; else there is no progress any more. Of a subtree that is incomplete only the
// complete parts below it are taken over, so that what was refused is asked for again.
func (j *Job) progress(ctx context.Context, lease store.Lease) (done known, err error) {
	facts, kept, err := j.Store.Progress(ctx, j.Site.ID())
	if err != nil {
		return done, err
	}
	begun := facts != "" || len(kept.Finished)+len(kept.Open) > 0
	if !begun || !j.Source.Recall(facts) {
		if begun {
			j.Log.Info("crawl begins anew, because the site is listed in another way now", "site", j.Site.Name)
		}
		return j.dropProgress(ctx, lease)
	}
	done = nothingKnown(facts)
	var level []place
	oldest := j.Now().Add(-j.ResumeFor)
	for _, p := range kept.Finished {
		if p.Listed.After(oldest) {
			level = append(level, place{p.Path, p.Tree, p.Listed})
		}
	}
	for len(level) > 0 {
		if level, err = j.takeOver(ctx, level, &done); err != nil {
			return known{}, err
		}
	}
	for _, o := range kept.Open {
		if _, finished := done.subtrees[o.Path]; !finished && o.Listed.After(oldest) {
			done.open[o.Path] = o
			done.begin(o.Path)
		}
	}
	done.balance(kept)
	if len(done.subtrees)+len(done.open) > 0 {
		j.Log.Info("crawl goes on from where it was interrupted", "site", j.Site.Name, "subtrees", len(done.subtrees), "open", len(done.open))
	}
	return done, nil
}

// nothingKnown is what a crawl knows that begins anew under facts that are kept.
func nothingKnown(facts string) known {
	return known{
		ledger:   newLedger(facts),
		subtrees: map[mirror.Path]Finished{},
		open:     map[mirror.Path]store.OpenDirectory{},
		begun:    map[mirror.Path]bool{},
	}
}

// balance enters in the ledger what of that which is kept is to stay, and what is taken
// over in place of the rest.
func (k known) balance(kept store.Kept) {
	rest := maps.Clone(k.subtrees)
	for _, p := range kept.Finished {
		if _, ok := rest[p.Path]; ok && k.ledger.hasFinished(p.Path) {
			delete(rest, p.Path)
		} else {
			k.ledger.dropFinished(p.Path)
		}
	}
	k.ledger.enter(Changes{Finished: slices.Collect(maps.Values(rest))})
	for _, o := range kept.Open {
		if _, ok := k.open[o.Path]; !ok || !k.ledger.hasOpen(o.Path, len(o.Listing)) {
			k.ledger.notOpen[o.Path] = true
		}
	}
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
	facts := j.Source.Facts()
	if err := j.Store.BeginProgress(ctx, lease, facts); err != nil {
		return known{}, fmt.Errorf("drop progress: %w", err)
	}
	return nothingKnown(facts), nil
}

// saveProgress keeps what a walk has done more than is kept, and the facts under which it
// did.
//
// Facts are of a moment before, and kept last, so that they are never newer than what
// was finished under them: whatever makes earlier listings wrong is found again by the
// crawl that goes on. Of open directories that is not enough. One may have been listed
// although a check of it is still owed, which is among the facts, and which nothing that
// is finished depends on. So those are kept under the facts of the moment when
// they were open, or else the next time.
func (j *Job) saveProgress(ctx context.Context, lease store.Lease, ledger *ledger, running *Walk, sink *writer) error {
	facts := j.Source.Facts()
	ledger.enter(running.Changes())
	same := facts == j.Source.Facts()
	if err := sink.Flush(ctx); err != nil {
		return err
	}
	if err := j.Store.SaveProgress(ctx, lease, ledger.facts, ledger.ofFinished()); err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	ledger.finishedSaved()
	if running.Restarting() {
		return nil
	}
	if facts != ledger.facts {
		if err := j.Store.ReviseFacts(ctx, lease, facts); err != nil {
			return fmt.Errorf("save progress: %w", err)
		}
		ledger.facts = facts
	}
	if !same {
		return nil
	}
	if err := j.Store.SaveProgress(ctx, lease, facts, ledger.ofOpen()); err != nil {
		return fmt.Errorf("save progress: %w", err)
	}
	ledger.openSaved()
	return nil
}
