package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// maxFacts bounds what a crawl has learnt about its site, in bytes.
const maxFacts = 64 << 10

// A Progress is a subtree that a crawl has finished while its parent is not:
// where it stands, what it is, and when it was listed.
type Progress struct {
	Path   mirror.Path
	Tree   digest.ID
	Listed time.Time
}

// An OpenDirectory is one that a crawl has listed, while something below it is still to
// do. Its listing is a text of the crawl's own making.
type OpenDirectory struct {
	Path    mirror.Path
	Listed  time.Time
	Listing []byte
}

// Kept is what is kept of a crawl beside its facts, in no particular order.
type Kept struct {
	Finished []Progress
	Open     []OpenDirectory
}

// A Change is what differs from what was kept of a crawl before. What is put takes the
// place of what was kept under the same path; what goes need not have been kept.
type Change struct {
	Put Kept

	NotFinished, NotOpen []mirror.Path
}

// BeginProgress forgets what is kept of a site's running crawl, and keeps facts: what
// the crawl has learnt about the site and what all that it saves depends on, as a
// text of its own making of at most 64 KiB; more is a [TooLargeError]. The lease must
// be the one that [SiteLease] names.
func (s *Store) BeginProgress(ctx context.Context, lease Lease, facts string) error {
	site, err := lease.site()
	if err != nil {
		return err
	}
	op := "begin progress of site " + site.String()
	if err := checkFacts(op, facts); err != nil {
		return err
	}
	if err := s.writeSome(ctx, op, lease, func(tx *sqlx.Tx) error { return deleteCrawl(ctx, tx, site) }); err != nil {
		return err
	}
	return s.beginUntilDone(ctx, op, lease, site, facts)
}

// SaveProgress changes what is kept of a site's running crawl under its facts. Where
// others are kept, those go first, with all that was saved under them. Paths must be
// distinct, and the holder of the lease must not save twice at a time.
//
// It is done in short transactions. One that breaks off, such as with [ErrLeaseLost]
// if the lease is no longer the caller's, leaves some of the change done; but all that
// is left was saved with the facts that are left, and to save the same again completes
// it. A listing that is larger than the database takes is left out.
func (s *Store) SaveProgress(ctx context.Context, lease Lease, facts string, change Change) error {
	site, err := lease.site()
	if err != nil {
		return err
	}
	op := "save progress of site " + site.String()
	if err := checkFacts(op, facts); err != nil {
		return err
	}
	if err := s.beginUntilDone(ctx, op, lease, site, facts); err != nil {
		return err
	}
	some := func(fn func(tx *sqlx.Tx) error) error { return s.writeSome(ctx, op, lease, fn) }
	// In this order, so that breaking off loses nothing that was finished.
	for rows := range slices.Chunk(sortedRows(site, change.Put.Finished), maxRows) {
		if err := some(func(tx *sqlx.Tx) error { return s.putProgress(ctx, tx, site, rows) }); err != nil {
			return err
		}
	}
	for rows, err := range s.openStatements(site, change.Put.Open) {
		if err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		if err := some(func(tx *sqlx.Tx) error { return s.putOpen(ctx, tx, rows) }); err != nil {
			return err
		}
	}
	for hashes := range slices.Chunk(sortedHashes(change.NotFinished), maxRows) {
		if err := some(func(tx *sqlx.Tx) error { return s.dropProgress(ctx, tx, site, hashes) }); err != nil {
			return err
		}
	}
	for hashes := range slices.Chunk(sortedHashes(change.NotOpen), maxRows) {
		if err := some(func(tx *sqlx.Tx) error { return dropRows(ctx, tx, "open_directories", site, hashes) }); err != nil {
			return err
		}
	}
	return nil
}

func checkFacts(op, facts string) error {
	if n := len(facts); n > maxFacts {
		return fmt.Errorf("%s: %w", op, &TooLargeError{What: "what the crawl has learnt", Size: n, Max: maxFacts})
	}
	return nil
}

// ReviseFacts replaces the facts of a site's crawl and leaves the rest of its
// progress, in one short transaction: for a crawl that has learnt more, under
// which all that it saved before still holds. Where no progress is kept, nothing
// changes. It fails as [Store.SaveProgress] does.
func (s *Store) ReviseFacts(ctx context.Context, lease Lease, facts string) error {
	site, err := lease.site()
	if err != nil {
		return err
	}
	op := "revise facts of site " + site.String()
	if err := checkFacts(op, facts); err != nil {
		return err
	}
	return s.write(ctx, op, func(tx *sqlx.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE crawls
			SET facts = ?
			WHERE site = ?`,
			[]byte(facts), site,
		)
		return err
	})
}

// Progress returns what was kept of a site's crawl that is running or was cut
// short: the facts, and what was saved under them. Where there is none, the facts
// are empty. Listings that cannot be read any more are left out.
func (s *Store) Progress(ctx context.Context, site mirror.SiteID) (facts string, kept Kept, err error) {
	var finished []progressRow
	var open []openRow
	err = s.read(ctx, "read progress of site "+site.String(), func(tx *sqlx.Tx) error {
		var found bool
		facts, found, err = crawlFacts(ctx, tx, site)
		if finished, open = nil, nil; err != nil || !found {
			return err
		}
		if finished, err = progressRows(ctx, tx, site); err != nil {
			return err
		}
		open, err = openRows(ctx, tx, site)
		return err
	})
	if err != nil {
		return "", Kept{}, err
	}
	for _, r := range finished {
		kept.Finished = append(kept.Finished, Progress{Path: mirror.Path(r.Path), Tree: r.Tree, Listed: fromUnix(r.Listed)})
	}
	for _, r := range open {
		if listing, err := decodePart(r.Listing); err == nil {
			kept.Open = append(kept.Open, OpenDirectory{Path: mirror.Path(r.Path), Listed: fromUnix(r.Listed), Listing: listing})
		}
	}
	return facts, kept, nil
}

// beginUntilDone makes facts those of a site's crawl.
func (s *Store) beginUntilDone(ctx context.Context, op string, lease Lease, site mirror.SiteID, facts string) error {
	for begun := false; !begun; {
		if err := s.writeSome(ctx, op, lease, func(tx *sqlx.Tx) (err error) {
			begun, err = s.begin(ctx, tx, site, facts)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// begin makes facts those of a site's crawl, or comes nearer to it: it must be
// called in further transactions until it says that the crawl has begun.
func (s *Store) begin(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID, facts string) (begun bool, err error) {
	stored, found, err := crawlFacts(ctx, tx, site)
	if err != nil {
		return false, err
	}
	if found && stored == facts {
		return true, nil
	}
	if err := deleteCrawl(ctx, tx, site); err != nil {
		return false, err
	}
	swept, err := s.sweepSome(ctx, tx, site)
	if err != nil || !swept {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO crawls (site, facts)
		VALUES (?, ?)`,
		site, []byte(facts),
	)
	return err == nil, err
}

// sweep deletes the progress of a site that has no crawl. What it cannot
// delete does no harm: such rows are never read, and go when the site's next
// crawl begins.
func (s *Store) sweep(ctx context.Context, site mirror.SiteID) {
	for swept := false; !swept; {
		err := s.pace.do(ctx, func() error {
			return s.write(ctx, "sweep progress of site "+site.String(), func(tx *sqlx.Tx) (err error) {
				swept, err = s.sweepSome(ctx, tx, site)
				return err
			})
		})
		if err != nil {
			return
		}
	}
}
