package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A Refusal is the last snapshot of a site that a peer offered and that was refused.
type Refusal struct {
	Peer         string // its URL
	Site         mirror.URL
	Root         digest.ID
	Finished, At time.Time
	Reason       string // for people; cut to 1024 bytes
}

// Refuse keeps a refusal, in place of one of the same peer and site. It is no error if
// the peer is gone.
func (s *Store) Refuse(ctx context.Context, r Refusal) error {
	return s.write(ctx, "keep a refusal of peer "+r.Peer, func(tx *sqlx.Tx) error {
		known, err := peers(ctx, tx)
		if err != nil || findPeer(known, r.Peer) == nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO peer_refusals (peer, site, url, root, finished_at, reason, refused_at)
			VALUES (?, ?, ?, ?, ?, ?, ?)
			`+s.dialect.upsert("peer, site", "root", "finished_at", "reason", "refused_at"),
			hashOfURL(r.Peer), mirror.Site{URL: r.Site}.ID(), r.Site.String(), r.Root, toUnix(r.Finished), cutText(r.Reason, maxReason), toUnix(r.At),
		)
		return err
	})
}

// ForgetRefusal deletes what was refused of a site of a peer's, if anything was.
func (s *Store) ForgetRefusal(ctx context.Context, peer string, site mirror.SiteID) error {
	return s.write(ctx, "forget a refusal of peer "+peer, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM peer_refusals WHERE peer = ? AND site = ?`, hashOfURL(peer), site)
		return err
	})
}

// Refusals returns what was refused, sorted by peer and site.
func (s *Store) Refusals(ctx context.Context) ([]Refusal, error) {
	var rows []struct {
		Peer     string    `db:"peer"`
		Site     string    `db:"site"`
		Root     digest.ID `db:"root"`
		Finished int64     `db:"finished_at"`
		At       int64     `db:"refused_at"`
		Reason   string    `db:"reason"`
	}
	if err := s.selectRows(ctx, "read refusals", &rows, `
		SELECT
			p.url AS peer,
			r.url AS site,
			r.root,
			r.finished_at,
			r.refused_at,
			r.reason
		FROM peer_refusals r
		JOIN peers p ON p.id = r.peer
		ORDER BY p.url, r.url`,
	); err != nil {
		return nil, err
	}
	all := make([]Refusal, len(rows))
	for i, r := range rows {
		u, err := mirror.ParseURL(r.Site)
		if err != nil {
			return nil, fmt.Errorf("read refusals: %w", err)
		}
		all[i] = Refusal{r.Peer, u, r.Root, fromUnix(r.Finished), fromUnix(r.At), r.Reason}
	}
	return all, nil
}
