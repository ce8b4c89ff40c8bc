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

// SaveProgress replaces what is kept of a site's running crawl. Facts is what
// the crawl has learnt about the site and what its trees depend on, as a text
// of its own making of at most 64 KiB; more is a [TooLargeError]. Paths must be
// distinct. The lease must be the one that [SiteLease] names, and its holder
// must not save twice at a time.
//
// It is done in short transactions, which touch only rows that differ. One that
// breaks off, such as with [ErrLeaseLost] if the lease is no longer the
// caller's, leaves some of the rows, old and new; but all that is left was
// saved with the facts that are left: where facts change, old rows go first.
func (s *Store) SaveProgress(ctx context.Context, lease Lease, facts string, all []Progress) error {
	site, err := lease.site()
	if err != nil {
		return err
	}
	op := "save progress of site " + site.String()
	if n := len(facts); n > maxFacts {
		return fmt.Errorf("%s: %w", op, &TooLargeError{What: "what the crawl has learnt", Size: n, Max: maxFacts})
	}
	for begun := false; !begun; {
		if err := s.writeSome(ctx, op, lease, func(tx *sqlx.Tx) (err error) {
			begun, err = s.begin(ctx, tx, site, facts)
			return err
		}); err != nil {
			return err
		}
	}
	var have []progressRow
	if err := s.read(ctx, op, func(tx *sqlx.Tx) (err error) {
		have, err = progressRows(ctx, tx, site)
		return err
	}); err != nil {
		return err
	}
	put, gone := difference(have, rowsOf(site, all))
	// In this order, so that breaking off loses nothing that was finished.
	for some := range slices.Chunk(put, maxRows) {
		if err := s.writeSome(ctx, op, lease, func(tx *sqlx.Tx) error { return s.putProgress(ctx, tx, site, some) }); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(gone, maxRows) {
		if err := s.writeSome(ctx, op, lease, func(tx *sqlx.Tx) error { return s.dropProgress(ctx, tx, site, some) }); err != nil {
			return err
		}
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
	if n := len(facts); n > maxFacts {
		return fmt.Errorf("%s: %w", op, &TooLargeError{What: "what the crawl has learnt", Size: n, Max: maxFacts})
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
// short: the facts, and under them the finished subtrees, in no particular
// order. Where there is none, the facts are empty.
func (s *Store) Progress(ctx context.Context, site mirror.SiteID) (facts string, all []Progress, err error) {
	var rows []progressRow
	err = s.read(ctx, "read progress of site "+site.String(), func(tx *sqlx.Tx) error {
		var found bool
		facts, found, err = crawlFacts(ctx, tx, site)
		if rows = nil; err != nil || !found {
			return err
		}
		rows, err = progressRows(ctx, tx, site)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	all = make([]Progress, len(rows))
	for i, r := range rows {
		all[i] = Progress{Path: mirror.Path(r.Path), Tree: r.Tree, Listed: fromUnix(r.Listed)}
	}
	return facts, all, nil
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
