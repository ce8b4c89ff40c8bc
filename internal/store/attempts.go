package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// The widths of columns in MySQL, to which texts for people are cut, in bytes.
const (
	maxMessage = 4096
	maxWays    = 255
	maxReason  = 1024
)

// The outcomes of attempts that count for what is kept of those before: one
// that is published or suspect ends a row of failures, and any other word
// leaves it as it is.
const (
	OutcomeRunning     = "running"
	OutcomePublished   = "published"
	OutcomeSuspect     = "suspect" // it came to its end, and was set aside
	OutcomeInterrupted = "interrupted"
	OutcomeFailed      = "failed"
)

// A Tally is how far a crawl has come.
type Tally struct {
	Dirs     int64 // listed or taken over
	Reused   int64 // of them, taken over from a crawl before
	Files    int64 // seen
	NewTrees int64 // that the database did not have
}

// An Attempt is how the last crawl of a site goes or went, published or not.
type Attempt struct {
	Site    mirror.SiteID
	Started time.Time
	Ended   time.Time // zero while it runs
	Outcome string    // one word, at most 32 ASCII characters, such as "running", "published", "failed"
	Message string    // for people; cut to 4096 bytes, and bytes that are not UTF-8 replaced
	Ways    string    // of listing that it took, for people; cut to 255 bytes
	Tally

	// What follows is the store's own, whatever [Store.RecordAttempt] is given.

	Owner     string    // of the lease
	Updated   time.Time // when the tally was recorded
	Failures  int       // that ended in a row without one that came to its end, this one included
	Succeeded time.Time // when an attempt was published last, this one included

	// Flapping says why the site is thought to be several machines that differ,
	// and since when; see [Store.MarkFlapping]. Empty if it is not.
	Flapping      string
	FlappingSince time.Time
}

// RecordAttempt replaces what is known about the last crawl of a site, and
// counts failures in a row. Recording the same twice counts once. The
// lease must be the one that [SiteLease] names. It returns [ErrLeaseLost] if
// that is no longer the caller's, whose successor's outcome thus stays, and
// [ErrNoSite] if there is no such site.
func (s *Store) RecordAttempt(ctx context.Context, lease Lease, a Attempt) error {
	op := "record attempt at site " + a.Site.String()
	if err := lease.mustBeFor(a.Site); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if a.Outcome == "" || len(a.Outcome) > 32 || strings.ContainsFunc(a.Outcome, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return fmt.Errorf("outcome %q of an attempt: want one word of 1 to 32 ASCII characters", a.Outcome)
	}
	row := attemptRow{
		Site:     a.Site,
		Started:  toUnix(a.Started),
		Ended:    toUnix(a.Ended),
		Outcome:  a.Outcome,
		Message:  cutText(a.Message, maxMessage),
		Ways:     cutText(a.Ways, maxWays),
		Dirs:     a.Dirs,
		Reused:   a.Reused,
		Files:    a.Files,
		NewTrees: a.NewTrees,
		Owner:    lease.Owner,
		Updated:  time.Now().Unix(),
	}
	return s.write(ctx, op, func(tx *sqlx.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		if err := requireSite(ctx, tx, a.Site); err != nil {
			return err
		}
		last, err := attemptAt(ctx, tx, a.Site)
		if err != nil {
			return err
		}
		row.follow(last)
		_, err = tx.NamedExecContext(ctx, `
			INSERT INTO attempts (
				site, started_at, ended_at, outcome, message, ways, dirs, reused, files, new_trees,
				owner, updated_at, failures, succeeded_at, flapping, flapping_since
			)
			VALUES (
				:site, :started_at, :ended_at, :outcome, :message, :ways, :dirs, :reused, :files, :new_trees,
				:owner, :updated_at, :failures, :succeeded_at, :flapping, :flapping_since
			)
			`+s.dialect.upsert("site",
			"started_at", "ended_at", "outcome", "message", "ways", "dirs", "reused", "files", "new_trees",
			"owner", "updated_at", "failures", "succeeded_at", "flapping", "flapping_since"),
			row,
		)
		return err
	})
}

// RecordProgress records how far the attempt that runs at a site has come. It
// is one short transaction. The lease must be the one that [SiteLease] names;
// it returns [ErrLeaseLost] if that is no longer the caller's. Where no attempt
// is recorded that runs, nothing changes.
func (s *Store) RecordProgress(ctx context.Context, lease Lease, t Tally) error {
	site, err := lease.site()
	if err != nil {
		return err
	}
	return s.write(ctx, "record progress of site "+site.String(), func(tx *sqlx.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE attempts
			SET dirs = ?, reused = ?, files = ?, new_trees = ?, updated_at = ?
			WHERE site = ? AND ended_at = 0`,
			t.Dirs, t.Reused, t.Files, t.NewTrees, time.Now().Unix(), site,
		)
		return err
	})
}

// endAttempt ends the attempt that runs at a site, as it has published a snapshot.
func endAttempt(ctx context.Context, tx *sqlx.Tx, snap Snapshot) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE attempts
		SET outcome = ?, ended_at = ?, succeeded_at = ?, failures = 0, updated_at = ?
		WHERE site = ? AND ended_at = 0`,
		OutcomePublished, toUnix(snap.Finished), toUnix(snap.Finished), time.Now().Unix(), snap.Site,
	)
	return err
}

// attemptColumns are those that make an attemptRow.
const attemptColumns = `
			site,
			started_at,
			ended_at,
			outcome,
			message,
			ways,
			dirs,
			reused,
			files,
			new_trees,
			owner,
			updated_at,
			failures,
			succeeded_at,
			flapping,
			flapping_since`

// Attempts returns the last attempt at every site that has one, sorted by site.
func (s *Store) Attempts(ctx context.Context) ([]Attempt, error) {
	var rows []attemptRow
	if err := s.selectRows(ctx, "read attempts", &rows, `
		SELECT`+attemptColumns+`
		FROM attempts
		ORDER BY site`,
	); err != nil {
		return nil, err
	}
	all := make([]Attempt, len(rows))
	for i, r := range rows {
		all[i] = r.attempt()
	}
	return all, nil
}

// attemptAt returns the last attempt at a site; all is zero if there was none.
func attemptAt(ctx context.Context, tx *sqlx.Tx, site mirror.SiteID) (row attemptRow, err error) {
	err = tx.GetContext(ctx, &row, `
		SELECT`+attemptColumns+`
		FROM attempts
		WHERE site = ?`,
		site)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return row, err
}

// An attemptRow is an Attempt as the database has it.
type attemptRow struct {
	Site          mirror.SiteID `db:"site"`
	Started       int64         `db:"started_at"`
	Ended         int64         `db:"ended_at"`
	Outcome       string        `db:"outcome"`
	Message       string        `db:"message"`
	Ways          string        `db:"ways"`
	Dirs          int64         `db:"dirs"`
	Reused        int64         `db:"reused"`
	Files         int64         `db:"files"`
	NewTrees      int64         `db:"new_trees"`
	Owner         string        `db:"owner"`
	Updated       int64         `db:"updated_at"`
	Failures      int           `db:"failures"`
	Succeeded     int64         `db:"succeeded_at"`
	Flapping      string        `db:"flapping"`
	FlappingSince int64         `db:"flapping_since"`
}

// follow carries over from the last attempt what is kept of all.
func (r *attemptRow) follow(last attemptRow) {
	r.Failures, r.Succeeded = last.Failures, last.Succeeded
	r.Flapping, r.FlappingSince = last.Flapping, last.FlappingSince
	switch r.Outcome {
	case OutcomePublished:
		r.Failures, r.Succeeded = 0, r.Ended
	case OutcomeSuspect:
		r.Failures = 0
	case OutcomeFailed:
		if last.Outcome != OutcomeFailed || last.Started != r.Started {
			r.Failures++
		}
	}
}

func (r attemptRow) attempt() Attempt {
	return Attempt{
		Site:          r.Site,
		Started:       fromUnix(r.Started),
		Ended:         fromUnix(r.Ended),
		Outcome:       r.Outcome,
		Message:       r.Message,
		Ways:          r.Ways,
		Tally:         Tally{Dirs: r.Dirs, Reused: r.Reused, Files: r.Files, NewTrees: r.NewTrees},
		Owner:         r.Owner,
		Updated:       fromUnix(r.Updated),
		Failures:      r.Failures,
		Succeeded:     fromUnix(r.Succeeded),
		Flapping:      r.Flapping,
		FlappingSince: fromUnix(r.FlappingSince),
	}
}

// cutText returns UTF-8 of at most limit bytes.
func cutText(text string, limit int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "")
	}
	return text
}
