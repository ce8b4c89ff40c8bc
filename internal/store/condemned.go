package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/database"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// The phases of a collection, as the database has them.
const (
	collectionNone       = ""
	collectionNominating = "nominating"
	collectionAwaiting   = "awaiting"
	collectionSweeping   = "sweeping"
)

// collectionRow is the key of the only row of a collection.
const collectionRow = 1

func (s *Store) collectionPhase(ctx context.Context) (phase string, err error) {
	err = s.read(ctx, "read collection", func(tx *sqlx.Tx) (err error) {
		phase, err = phaseIn(ctx, tx)
		return err
	})
	return phase, err
}

func phaseIn(ctx context.Context, tx *sqlx.Tx) (phase string, err error) {
	err = tx.GetContext(ctx, &phase, `SELECT phase FROM collection WHERE id = ?`, collectionRow)
	if errors.Is(err, sql.ErrNoRows) {
		return collectionNone, nil
	}
	return phase, err
}

func (s *Store) enterPhase(ctx context.Context, tx *sqlx.Tx, phase string) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO collection (id, phase, awaited)
		VALUES (?, ?, NULL)
		`+s.dialect.upsert("id", "phase", "awaited"),
		collectionRow, phase,
	)
	return err
}

func endCollection(ctx context.Context, tx *sqlx.Tx) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM collection WHERE id = ?`, collectionRow)
	return err
}

// roots returns the trees that something other than a tree needs.
func (s *Store) roots(ctx context.Context) (ids []digest.ID, err error) {
	err = s.selectRows(ctx, "read roots", &ids, `
		SELECT root FROM snapshots
		UNION SELECT root FROM suspects
		UNION SELECT tree FROM progress
		UNION SELECT id FROM spared`)
	return ids, err
}

// sitesOfDeadProgress returns the sites, tracked or not, of which there is progress that
// belongs to no crawl.
func (s *Store) sitesOfDeadProgress(ctx context.Context) (ids []mirror.SiteID, err error) {
	err = s.selectRows(ctx, "look for dead progress", &ids, `
		SELECT site FROM progress WHERE site NOT IN (SELECT site FROM crawls)
		UNION SELECT site FROM open_directories WHERE site NOT IN (SELECT site FROM crawls)`)
	return ids, err
}

func (s *Store) countTrees(ctx context.Context) (n int64, err error) {
	err = s.db.use(ctx, func(p pools) error { return p.ro.GetContext(ctx, &n, `SELECT COUNT(*) FROM trees`) })
	if err != nil {
		return 0, fmt.Errorf("count trees: %w", err)
	}
	return n, nil
}

// allTrees yields the identities of all trees, some at a time, sorted.
func (s *Store) allTrees(ctx context.Context) iter.Seq2[[]digest.ID, error] {
	return s.allIDs(ctx, "read identities of trees", `
		SELECT id
		FROM trees
		WHERE id > ?
		ORDER BY id
		LIMIT ?`)
}

// allCondemned yields the identities of all condemned trees, some at a time, sorted.
func (s *Store) allCondemned(ctx context.Context) iter.Seq2[[]digest.ID, error] {
	return s.allIDs(ctx, "read condemned trees", `
		SELECT id
		FROM condemned
		WHERE id > ?
		ORDER BY id
		LIMIT ?`)
}

func (s *Store) allIDs(ctx context.Context, op, query string) iter.Seq2[[]digest.ID, error] {
	return func(yield func([]digest.ID, error) bool) {
		last := []byte{} // before all others
		for {
			var ids []digest.ID
			err := s.selectRows(ctx, op, &ids, query, last, maxRows)
			if err != nil || len(ids) > 0 {
				if !yield(ids, err) || err != nil {
					return
				}
			}
			if len(ids) < maxRows {
				return
			}
			last = slices.Clone(ids[len(ids)-1][:])
		}
	}
}

// storedBytes returns what the parts of trees take.
func (s *Store) storedBytes(ctx context.Context, ids []digest.ID) (n int64, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	err = s.db.use(ctx, func(p pools) error {
		return p.ro.GetContext(ctx, &n, `
			SELECT COALESCE(SUM(LENGTH(branches) + LENGTH(leaves)), 0)
			FROM trees
			WHERE id IN (`+placeholders(len(ids))+`)`,
			anyOf(ids)...)
	})
	if err != nil {
		return 0, fmt.Errorf("read sizes of trees: %w", err)
	}
	return n, nil
}

func (s *Store) condemn(ctx context.Context, tx *sqlx.Tx, ids []digest.ID) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO condemned (id)
		VALUES `+tuples(len(ids), 1)+`
		`+s.dialect.Ignore("id"),
		anyOf(ids)...,
	)
	return err
}

// deleteCondemned takes trees from the condemned and returns how many were there.
func deleteCondemned(ctx context.Context, tx *sqlx.Tx, ids []digest.ID) (n int64, err error) {
	deleted, err := tx.ExecContext(ctx, `
		DELETE FROM condemned
		WHERE id IN (`+placeholders(len(ids))+`)`,
		anyOf(ids)...,
	)
	if err != nil {
		return 0, err
	}
	return deleted.RowsAffected()
}

// pardon takes trees from the condemned, so that they stay. It returns false if
// not all were still there: some may just have been deleted.
func (s *Store) pardon(ctx context.Context, ids []digest.ID) (all bool, err error) {
	if len(ids) == 0 {
		return true, nil
	}
	var n int64
	err = s.pace.do(ctx, func() error {
		return s.write(ctx, "pardon trees", func(tx *sqlx.Tx) (err error) {
			n, err = deleteCondemned(ctx, tx, ids)
			return err
		})
	})
	return n == int64(len(ids)), err
}

// sweepTrees deletes some condemned trees, and returns how many and what their
// parts took; none if no tree is condemned.
func sweepTrees(ctx context.Context, tx *sqlx.Tx) (trees, size int64, err error) {
	var rows []struct {
		ID   digest.ID     `db:"id"`
		Size sql.NullInt64 `db:"size"`
	}
	if err := tx.SelectContext(ctx, &rows, `
		SELECT
			c.id,
			LENGTH(t.branches) + LENGTH(t.leaves) AS size
		FROM condemned c
		LEFT JOIN trees t ON t.id = c.id
		ORDER BY c.id
		LIMIT ?`,
		sweepRows,
	); err != nil || len(rows) == 0 {
		return 0, 0, err
	}
	ids := make([]digest.ID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
		size += r.Size.Int64
	}
	// First, so that a tree that was pardoned meanwhile is noticed.
	n, err := deleteCondemned(ctx, tx, ids)
	if err != nil {
		return 0, 0, err
	}
	if n != int64(len(ids)) {
		return 0, 0, database.ErrOutrun
	}
	_, err = tx.ExecContext(ctx, `
		DELETE FROM trees
		WHERE id IN (`+placeholders(len(ids))+`)`,
		anyOf(ids)...,
	)
	return int64(len(ids)), size, err
}

// forgetSpared deletes some of what was spared, and reports whether more is left.
func forgetSpared(ctx context.Context, tx *sqlx.Tx) (left bool, err error) {
	var ids []digest.ID
	if err := tx.SelectContext(ctx, &ids, `SELECT id FROM spared LIMIT ?`, maxRows); err != nil || len(ids) == 0 {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `
		DELETE FROM spared
		WHERE id IN (`+placeholders(len(ids))+`)`,
		anyOf(ids)...,
	)
	return len(ids) == maxRows, err
}

// spare keeps the trees of some progress of a site, which is about to be
// replaced or deleted, from a collection under way: a crawl that has begun from
// that progress may not yet have come to where it needs them.
func (s *Store) spare(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID, hashes [][]byte) error {
	phase, err := phaseIn(ctx, tx)
	if err != nil || phase != collectionAwaiting || len(hashes) == 0 {
		return err
	}
	args := []any{site}
	for _, hash := range hashes {
		args = append(args, hash)
	}
	var ids []digest.ID
	if err := tx.SelectContext(ctx, &ids, `
		SELECT DISTINCT tree
		FROM progress
		WHERE site = ? AND path_hash IN (`+placeholders(len(hashes))+`)
		ORDER BY tree`,
		args...,
	); err != nil || len(ids) == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO spared (id)
		VALUES `+tuples(len(ids), 1)+`
		`+s.dialect.Ignore("id"),
		anyOf(ids)...,
	)
	return err
}

// awaited is a crawl that ran when trees had been condemned.
type awaited struct {
	Lease   string `json:"lease"`
	Version int64  `json:"version"`
}

// awaitedCrawls returns those that have not ended. They are those that run when
// it is called first in a phase: leases are looked at in a transaction that
// begins after the one that entered the phase, so that a crawl that is not
// among them began later, and knows what is condemned.
func (s *Store) awaitedCrawls(ctx context.Context, tx *sqlx.Tx) (running []awaited, err error) {
	var stored []byte
	if err := tx.GetContext(ctx, &stored, `SELECT awaited FROM collection WHERE id = ?`, collectionRow); err != nil {
		return nil, err
	}
	var all []awaited
	if stored == nil {
		all, err = crawlsUnderWay(ctx, tx)
	} else {
		err = json.Unmarshal(stored, &all)
	}
	if err != nil {
		return nil, err
	}
	running = []awaited{}
	for _, a := range all {
		ended, err := s.crawlEnded(ctx, tx, a)
		if err != nil {
			return nil, err
		}
		if !ended {
			running = append(running, a)
		}
	}
	text, err := json.Marshal(running)
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE collection SET awaited = ? WHERE id = ?`, text, collectionRow)
	return running, err
}

// crawlsUnderWay returns all crawls whose leases were not given back.
func crawlsUnderWay(ctx context.Context, tx *sqlx.Tx) (all []awaited, err error) {
	err = tx.SelectContext(ctx, &all, `
		SELECT
			name AS lease,
			version
		FROM leases
		WHERE name LIKE ? AND expires_at > 0
		ORDER BY name`,
		siteLeasePrefix+"%")
	return all, err
}

// crawlEnded reports whether a crawl can publish nothing any more. A lease that
// has expired is written, so that its holder, who may be about to commit, and
// this transaction cannot both.
func (s *Store) crawlEnded(ctx context.Context, tx *sqlx.Tx, a awaited) (bool, error) {
	row, err := s.leaseRow(ctx, tx, a.Lease)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return true, nil
	case err != nil:
		return false, err
	case row.Version != a.Version, row.ExpiresAt == 0:
		return true, nil
	case row.ExpiresAt > row.Now:
		return false, nil
	}
	ended, err := tx.ExecContext(ctx, `
		UPDATE leases
		SET version = version + 1, expires_at = 0
		WHERE name = ? AND version = ? AND expires_at <= `+s.dialect.Now,
		a.Lease, a.Version,
	)
	return true, onlyIf(ended, err, database.ErrOutrun)
}
