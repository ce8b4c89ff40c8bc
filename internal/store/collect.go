package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/digest"
)

// CollectConfig says how [Store.Collect] is done.
type CollectConfig struct {
	Owner  string        // of the lease, for people to read
	Wait   time.Duration // for crawls that must end first, at most; 0 looks once
	DryRun bool          // only count what would go, and change nothing

	// Gone reports whether the holder of a lease, by its owner, has ended without
	// giving it back; nil if that cannot be known.
	Gone func(owner string) bool

	// Watch is called now and then by the goroutine that collects, and must not
	// take long; nil if nobody watches.
	Watch func(Collected)
}

// Collected is how far a collection has come, or what came of it.
type Collected struct {
	Phase     string   // "marking", "condemning", "waiting", "pardoning", "sweeping", "done"
	Marked    bool     // whether there was a marking pass, in this run
	Reached   int64    // trees that the last marking pass visited
	Missing   int64    // trees that something needs and that are not there
	Condemned int64    // trees that the first pass did not reach, in this run
	Pardoned  int64    // of those, by the second pass
	Deleted   int64    // trees
	Bytes     int64    // of trees, as stored, that were deleted or would be
	Waiting   []string // the leases of crawls that must end first
}

// Done reports whether the collection came to its end, and does not have to be
// run again for what it has condemned.
func (c Collected) Done() bool { return c.Phase == phaseDone }

const (
	phaseMarking    = "marking"
	phaseCondemning = "condemning"
	phaseWaiting    = "waiting"
	phasePardoning  = "pardoning"
	phaseSweeping   = "sweeping"
	phaseDone       = "done"
)

// CollectLease is the name of the lease for collecting trees.
const CollectLease = "collect"

// collectPoll is the time between looks at crawls that must end.
const collectPoll = time.Second

// sweepRows is how many trees are deleted at a time, so that SQLite is not kept
// from others for long.
const sweepRows = 100

// Collect deletes the trees that nothing needs any more: those that cannot be
// reached from a root, which are the snapshots, what is set aside, and the
// progress of crawls. It is done in phases; it may be broken off at any time, be
// it by a crash, and the next call goes on with the phase that it was in:
//
//  1. Nominating. Progress that belongs to no crawl goes. A marking pass visits all trees that roots reach, and the
//     others are condemned.
//  2. Awaiting. Every crawl that runs now must end: it may have put a tree before
//     that was condemned, and be about to publish it. Crawls that begin later
//     do no harm: what [Store.PutTrees] finds condemned it pardons, and
//     progress that they replace is spared until the end. When the crawls have
//     ended, a second marking pass pardons what their results reach.
//  3. Sweeping. What is still condemned is deleted.
//
// A tree is pardoned by deleting the row that condemns it, and swept by
// deleting the same row with the tree, so that only one of the two can commit,
// in a cluster too. Crawls are thus never held up, and all that is asked of
// them is that they put the trees that they use, be they there already or not,
// or take them from their progress, while they hold the site's lease.
//
// All is written in short transactions with pauses as long as they took. A
// marking pass holds ten bytes for each tree.
//
// It returns a [LeaseHeldError] if somebody else collects. Where crawls that
// must end have not ended in time, it returns with their leases and without an
// error; what is left is done by the next call.
func (s *Store) Collect(ctx context.Context, cfg CollectConfig) (Collected, error) {
	ctx, lease, release, err := s.Hold(ctx, CollectLease, cfg.Owner, cfg.Gone)
	if err != nil {
		return Collected{}, err
	}
	c := &collector{CollectConfig: cfg, store: s, lease: lease, pace: s.pace}
	if c.pace == nil {
		c.pace = newPacer()
	}
	if cfg.DryRun {
		err = c.try(ctx)
	} else {
		err = c.run(ctx)
	}
	if lost := context.Cause(ctx); errors.Is(lost, ErrLeaseLost) {
		err = fmt.Errorf("collect: %w", lost)
	}
	return c.Collected, errors.Join(err, release())
}

// A collector is a collection under way.
type collector struct {
	CollectConfig
	Collected
	store *Store
	lease Lease // as it was acquired; only its end changes
	pace  *pacer
}

// run goes through the phases that are left.
func (c *collector) run(ctx context.Context) error {
	phase, err := c.store.collectionPhase(ctx)
	if err != nil {
		return err
	}
	if phase == collectionNone || phase == collectionNominating {
		if err := c.nominate(ctx); err != nil {
			return err
		}
		phase = collectionAwaiting
	}
	if phase == collectionAwaiting {
		ended, err := c.await(ctx)
		if err != nil || !ended {
			return err
		}
		if err := c.pardon(ctx); err != nil {
			return err
		}
	}
	if err := c.sweep(ctx); err != nil {
		return err
	}
	return c.tell(ctx, phaseDone)
}

// try counts what a first pass does not reach.
func (c *collector) try(ctx context.Context) error {
	reached, err := c.mark(ctx)
	if err != nil {
		return err
	}
	if err := c.condemning(ctx, reached, func(lost []digest.ID) error {
		bytes, err := c.store.storedBytes(ctx, lost)
		c.Bytes += bytes
		return err
	}); err != nil {
		return err
	}
	return c.tell(ctx, phaseDone)
}

// condemning hands over the trees that a first pass did not reach, some at a time, and
// counts them.
func (c *collector) condemning(ctx context.Context, reached *marks, some func(lost []digest.ID) error) error {
	for ids, err := range c.store.allTrees(ctx) {
		if err != nil {
			return err
		}
		if lost := without(ids, reached); len(lost) > 0 {
			if err := some(lost); err != nil {
				return err
			}
			c.Condemned += int64(len(lost))
		}
		if err := c.tell(ctx, phaseCondemning); err != nil {
			return err
		}
	}
	return nil
}

// nominate condemns what a first pass does not reach.
func (c *collector) nominate(ctx context.Context) error {
	if err := c.enter(ctx, collectionNominating); err != nil {
		return err
	}
	if err := c.tidy(ctx); err != nil {
		return err
	}
	reached, err := c.mark(ctx)
	if err != nil {
		return err
	}
	if err := c.condemning(ctx, reached, func(lost []digest.ID) error {
		return c.write(ctx, "condemn trees", func(tx *sqlx.Tx) error { return c.store.condemn(ctx, tx, lost) })
	}); err != nil {
		return err
	}
	return c.enter(ctx, collectionAwaiting)
}

// tidy deletes progress that is dead, whose trees would be roots for ever: it is left
// where a process was killed between the end of a crawl, or of a site, and the sweep.
func (c *collector) tidy(ctx context.Context) error {
	sites, err := c.store.sitesOfDeadProgress(ctx)
	if err != nil {
		return err
	}
	for _, site := range sites {
		c.store.sweep(ctx, site)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// pardon takes from the condemned what a second pass reaches.
func (c *collector) pardon(ctx context.Context) error {
	reached, err := c.mark(ctx)
	if err != nil {
		return err
	}
	for ids, err := range c.store.allCondemned(ctx) {
		if err != nil {
			return err
		}
		if found := within(ids, reached); len(found) > 0 {
			var n int64
			if err := c.write(ctx, "pardon trees", func(tx *sqlx.Tx) (err error) {
				n, err = deleteCondemned(ctx, tx, found)
				return err
			}); err != nil {
				return err
			}
			c.Pardoned += n
		}
		if err := c.tell(ctx, phasePardoning); err != nil {
			return err
		}
	}
	return c.enter(ctx, collectionSweeping)
}

// sweep deletes what is condemned, and then the traces of the collection.
func (c *collector) sweep(ctx context.Context) error {
	for left := true; left; {
		var trees, bytes int64
		if err := c.write(ctx, "delete trees", func(tx *sqlx.Tx) (err error) {
			trees, bytes, err = sweepTrees(ctx, tx)
			return err
		}); err != nil {
			return err
		}
		left = trees > 0
		c.Deleted += trees
		c.Bytes += bytes
		if err := c.tell(ctx, phaseSweeping); err != nil {
			return err
		}
	}
	for left := true; left; {
		if err := c.write(ctx, "end collection", func(tx *sqlx.Tx) (err error) {
			left, err = forgetSpared(ctx, tx)
			if err == nil && !left {
				err = endCollection(ctx, tx)
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// mark visits all trees that roots reach.
func (c *collector) mark(ctx context.Context) (*marks, error) {
	trees, err := c.store.countTrees(ctx)
	if err != nil {
		return nil, err
	}
	reached := newMarks(trees)
	c.Marked, c.Reached, c.Missing = true, 0, 0
	pending, err := c.store.roots(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range pending {
		reached.add(id)
	}
	for len(pending) > 0 {
		// From the end, so that what is pending follows the depth of trees, not their number.
		first := max(len(pending)-maxRows, 0)
		some := slices.Clone(pending[first:])
		pending = pending[:first]
		found := int64(0)
		if err := c.store.Trees(ctx, some, Branches, func(t *digest.Tree) error {
			found++
			for child := range t.Children() {
				if reached.add(child.ID) {
					pending = append(pending, child.ID)
				}
			}
			return nil
		}); err != nil {
			return nil, err
		}
		c.Reached += found
		c.Missing += int64(len(some)) - found
		if err := c.tell(ctx, phaseMarking); err != nil {
			return nil, err
		}
	}
	return reached, nil
}

// await waits for the crawls that must end first, and reports whether they have.
func (c *collector) await(ctx context.Context) (ended bool, err error) {
	for until := time.Now().Add(c.Wait); ; {
		var running []awaited
		if err := c.write(ctx, "look for crawls that run", func(tx *sqlx.Tx) (err error) {
			running, err = c.store.awaitedCrawls(ctx, tx)
			return err
		}); err != nil {
			return false, err
		}
		c.Waiting = nil
		for _, a := range running {
			c.Waiting = append(c.Waiting, a.Lease)
		}
		if err := c.tell(ctx, phaseWaiting); err != nil || len(running) == 0 || !time.Now().Before(until) {
			return len(running) == 0, err
		}
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-time.After(min(collectPoll, time.Until(until))):
		}
	}
}

func (c *collector) enter(ctx context.Context, phase string) error {
	return c.write(ctx, "collect", func(tx *sqlx.Tx) error { return c.store.enterPhase(ctx, tx, phase) })
}

// write runs a short transaction that depends on the lease.
func (c *collector) write(ctx context.Context, op string, fn func(tx *sqlx.Tx) error) error {
	return c.pace.do(ctx, func() error { return c.store.writeUnder(ctx, op, c.lease, fn) })
}

// tell shows how far it is.
func (c *collector) tell(ctx context.Context, phase string) error {
	c.Phase = phase
	if c.Watch != nil {
		c.Watch(c.Collected)
	}
	return ctx.Err()
}

// without returns the trees that have no mark.
func without(ids []digest.ID, m *marks) (lost []digest.ID) {
	for _, id := range ids {
		if !m.has(id) {
			lost = append(lost, id)
		}
	}
	return lost
}

// within returns the trees that have a mark.
func within(ids []digest.ID, m *marks) (found []digest.ID) {
	for _, id := range ids {
		if m.has(id) {
			found = append(found, id)
		}
	}
	return found
}
