package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// maxMessage bounds the message of an attempt, in bytes.
const maxMessage = 4096

// An Attempt is how the last crawl of a site goes or went, published or not.
type Attempt struct {
	Site    mirror.SiteID
	Started time.Time
	Ended   time.Time // zero while it runs
	Outcome string    // one word, at most 32 ASCII characters, such as "running", "published", "failed"
	Message string    // for people; cut to 4096 bytes, and bytes that are not UTF-8 replaced
	Dirs    int64     // listed
	Files   int64     // seen
}

// RecordAttempt replaces what is known about the last crawl of a site. The
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
		Site:    a.Site,
		Started: toUnix(a.Started),
		Ended:   toUnix(a.Ended),
		Outcome: a.Outcome,
		Message: cutText(a.Message, maxMessage),
		Dirs:    a.Dirs,
		Files:   a.Files,
	}
	return s.write(ctx, op, func(tx *sqlx.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		if err := requireSite(ctx, tx, a.Site); err != nil {
			return err
		}
		_, err := tx.NamedExecContext(ctx, `
			INSERT INTO attempts (site, started_at, ended_at, outcome, message, dirs, files)
			VALUES (:site, :started_at, :ended_at, :outcome, :message, :dirs, :files)
			`+s.dialect.upsert("site", "started_at", "ended_at", "outcome", "message", "dirs", "files"),
			row,
		)
		return err
	})
}

// Attempts returns the last attempt at every site that has one, sorted by site.
func (s *Store) Attempts(ctx context.Context) ([]Attempt, error) {
	var rows []attemptRow
	if err := s.selectRows(ctx, "read attempts", &rows, `
		SELECT
			site,
			started_at,
			ended_at,
			outcome,
			message,
			dirs,
			files
		FROM attempts
		ORDER BY site`,
	); err != nil {
		return nil, err
	}
	all := make([]Attempt, len(rows))
	for i, r := range rows {
		all[i] = Attempt{
			Site:    r.Site,
			Started: fromUnix(r.Started),
			Ended:   fromUnix(r.Ended),
			Outcome: r.Outcome,
			Message: r.Message,
			Dirs:    r.Dirs,
			Files:   r.Files,
		}
	}
	return all, nil
}

// An attemptRow is an Attempt as the database has it.
type attemptRow struct {
	Site    mirror.SiteID `db:"site"`
	Started int64         `db:"started_at"`
	Ended   int64         `db:"ended_at"`
	Outcome string        `db:"outcome"`
	Message string        `db:"message"`
	Dirs    int64         `db:"dirs"`
	Files   int64         `db:"files"`
}

// cutText returns UTF-8 of at most limit bytes.
func cutText(text string, limit int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "")
	}
	return text
}
