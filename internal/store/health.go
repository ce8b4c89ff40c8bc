package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// maxChecker is the width of a column in MySQL, in bytes.
const maxChecker = 255

// A Health is how a URL of a site was found last over one family of addresses. Of
// several processes that check it, what the last one found stands.
type Health struct {
	Site    mirror.SiteID
	URL     string
	Family  string // "ipv4" or "ipv6"
	State   string // one word
	Since   time.Time
	Reason  string // for people; cut to 1024 bytes
	Checked time.Time
	Checker string // the process; cut to 255 bytes
}

// A HealthEvent is one change in the health of a URL, or of all, where Site and URL
// are zero.
type HealthEvent struct {
	ID       [16]byte // by which it is known if it is put again
	Time     time.Time
	Kind     string // one word
	Site     mirror.SiteID
	URL      string
	Family   string // "ipv4" or "ipv6"
	Scheme   string // "" for all
	From, To string // states
	Reason   string // for people; cut to 1024 bytes
	Checker  string // the process; cut to 255 bytes
}

// PutHealth replaces what is known of URLs, and adds events, in one transaction.
// Events that are there already stay as they are.
func (s *Store) PutHealth(ctx context.Context, states []Health, events []HealthEvent) error {
	rows := make([]healthRow, len(states))
	for i, h := range states {
		rows[i] = healthRow{
			Site:    h.Site,
			Hash:    hashOfURL(h.URL),
			Family:  h.Family,
			URL:     h.URL,
			State:   h.State,
			Since:   toUnix(h.Since),
			Reason:  cutText(h.Reason, maxReason),
			Checked: toUnix(h.Checked),
			Checker: cutText(h.Checker, maxChecker),
		}
	}
	// In one order, so that two processes do not wait for each other's rows.
	slices.SortFunc(rows, func(a, b healthRow) int {
		return cmp.Or(bytes.Compare(a.Site[:], b.Site[:]), bytes.Compare(a.Hash, b.Hash), cmp.Compare(a.Family, b.Family))
	})
	return s.write(ctx, "put health", func(tx *sqlx.Tx) error {
		for chunk := range slices.Chunk(rows, maxRows) {
			if err := s.putHealth(ctx, tx, chunk); err != nil {
				return err
			}
		}
		for chunk := range slices.Chunk(events, maxRows) {
			if err := s.putHealthEvents(ctx, tx, chunk); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) putHealth(ctx context.Context, tx *sqlx.Tx, rows []healthRow) error {
	const columns = 9
	args := make([]any, 0, columns*len(rows))
	for _, r := range rows {
		args = append(args, r.Site, r.Hash, r.Family, r.URL, r.State, r.Since, r.Reason, r.Checked, r.Checker)
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO health (site, url_hash, family, url, state, since, reason, checked_at, checker)
		VALUES `+tuples(len(rows), columns)+`
		`+s.dialect.upsert("site, url_hash, family", "state", "since", "reason", "checked_at", "checker"),
		args...,
	)
	return err
}

func (s *Store) putHealthEvents(ctx context.Context, tx *sqlx.Tx, events []HealthEvent) error {
	const columns = 11
	args := make([]any, 0, columns*len(events))
	for _, e := range events {
		args = append(args, e.Time.UnixMilli(), e.ID[:], e.Kind, e.Site, e.URL, e.Family, e.Scheme, e.From, e.To,
			cutText(e.Reason, maxReason), cutText(e.Checker, maxChecker))
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO health_events (happened_at, id, kind, site, url, family, scheme, from_state, to_state, reason, checker)
		VALUES `+tuples(len(events), columns)+`
		`+s.dialect.Ignore("id"),
		args...,
	)
	return err
}

// Health returns what is known of all URLs, sorted by site, URL and family.
func (s *Store) Health(ctx context.Context) ([]Health, error) {
	var rows []healthRow
	if err := s.selectRows(ctx, "read health", &rows, `
		SELECT
			site,
			url_hash,
			family,
			url,
			state,
			since,
			reason,
			checked_at,
			checker
		FROM health
		ORDER BY site, url, family`,
	); err != nil {
		return nil, err
	}
	all := make([]Health, len(rows))
	for i, r := range rows {
		all[i] = Health{r.Site, r.URL, r.Family, r.State, fromUnix(r.Since), r.Reason, fromUnix(r.Checked), r.Checker}
	}
	return all, nil
}

// HealthEvents returns the last events, at most so many, the latest first.
func (s *Store) HealthEvents(ctx context.Context, limit int) ([]HealthEvent, error) {
	var rows []struct {
		Happened int64         `db:"happened_at"`
		ID       []byte        `db:"id"`
		Kind     string        `db:"kind"`
		Site     mirror.SiteID `db:"site"`
		URL      string        `db:"url"`
		Family   string        `db:"family"`
		Scheme   string        `db:"scheme"`
		From     string        `db:"from_state"`
		To       string        `db:"to_state"`
		Reason   string        `db:"reason"`
		Checker  string        `db:"checker"`
	}
	if err := s.selectRows(ctx, "read events of health", &rows, `
		SELECT
			happened_at,
			id,
			kind,
			site,
			url,
			family,
			scheme,
			from_state,
			to_state,
			reason,
			checker
		FROM health_events
		ORDER BY happened_at DESC, id
		LIMIT ?`,
		limit,
	); err != nil {
		return nil, err
	}
	all := make([]HealthEvent, len(rows))
	for i, r := range rows {
		all[i] = HealthEvent{
			Time:    time.UnixMilli(r.Happened).UTC(),
			Kind:    r.Kind,
			Site:    r.Site,
			URL:     r.URL,
			Family:  r.Family,
			Scheme:  r.Scheme,
			From:    r.From,
			To:      r.To,
			Reason:  r.Reason,
			Checker: r.Checker,
		}
		copy(all[i].ID[:], r.ID)
	}
	return all, nil
}

// PruneHealth deletes the events before a moment, and what is known of URLs that
// nobody has checked since.
func (s *Store) PruneHealth(ctx context.Context, before time.Time) error {
	return s.write(ctx, "prune health", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM health_events WHERE happened_at < ?`, before.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM health WHERE checked_at < ?`, toUnix(before))
		return err
	})
}

// A healthRow is a Health as the database has it.
type healthRow struct {
	Site    mirror.SiteID `db:"site"`
	Hash    []byte        `db:"url_hash"`
	Family  string        `db:"family"`
	URL     string        `db:"url"`
	State   string        `db:"state"`
	Since   int64         `db:"since"`
	Reason  string        `db:"reason"`
	Checked int64         `db:"checked_at"`
	Checker string        `db:"checker"`
}

func hashOfURL(url string) []byte {
	sum := sha256.Sum256([]byte(url))
	return sum[:16]
}
