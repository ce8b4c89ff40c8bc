package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
)

// peers reads all peers, sorted by URL.
func peers(ctx context.Context, tx *sqlx.Tx) ([]Peer, error) {
	var rows []struct {
		URL        string `db:"url"`
		Name       string `db:"name"`
		Key        string `db:"public_key"`
		Trust      []byte `db:"trust"`
		Introduces bool   `db:"introduces"`
		Via        string `db:"via"`
		ETag       string `db:"etag"`
		Polled     int64  `db:"polled_at"`
		Succeeded  int64  `db:"succeeded_at"`
		Seen       int64  `db:"seen_at"`
		Error      string `db:"error"`
		Bytes      int64  `db:"bytes"`
		Packs      int64  `db:"packs"`
		Snapshots  int64  `db:"snapshots"`
		Refused    int64  `db:"refused"`
	}
	if err := tx.SelectContext(ctx, &rows, `
		SELECT
			url,
			name,
			public_key,
			trust,
			introduces,
			via,
			etag,
			polled_at,
			succeeded_at,
			seen_at,
			error,
			bytes,
			packs,
			snapshots,
			refused
		FROM peers
		ORDER BY url`,
	); err != nil {
		return nil, err
	}
	all := make([]Peer, len(rows))
	for i, r := range rows {
		all[i] = Peer{URL: r.URL, Name: r.Name, Key: r.Key, Introduces: r.Introduces, Via: r.Via, PeerState: PeerState{
			ETag:      r.ETag,
			Polled:    fromUnix(r.Polled),
			Succeeded: fromUnix(r.Succeeded),
			Seen:      fromUnix(r.Seen),
			Error:     r.Error,
			Bytes:     r.Bytes,
			Packs:     r.Packs,
			Snapshots: r.Snapshots,
			Refused:   r.Refused,
		}}
		if err := json.Unmarshal(r.Trust, &all[i].Trust); err != nil {
			return nil, fmt.Errorf("peer %s: for what it is believed: %w", r.URL, err)
		}
	}
	return all, nil
}

// putPeer inserts a peer, or updates all of it but its state.
func (s *Store) putPeer(ctx context.Context, tx *sqlx.Tx, p Peer) error {
	trust, err := json.Marshal(p.Trust)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO peers (
			id, url, name, public_key, trust, introduces, via,
			etag, polled_at, succeeded_at, seen_at, error, bytes, packs, snapshots, refused
		)
		VALUES (?, ?, ?, ?, ?, ?, ?, '', 0, 0, 0, '', 0, 0, 0, 0)
		`+s.dialect.upsert("id", "name", "public_key", "trust", "introduces", "via"),
		hashOfURL(p.URL), p.URL, p.Name, p.Key, string(trust), p.Introduces, p.Via,
	)
	return err
}

// removePeer removes a peer with those that it vouched for, and those that these did.
func removePeer(ctx context.Context, tx *sqlx.Tx, url string) error {
	for _, statement := range []string{
		`DELETE FROM peers WHERE id = ?`,
		`DELETE FROM peer_refusals WHERE peer = ?`,
	} {
		if _, err := tx.ExecContext(ctx, statement, hashOfURL(url)); err != nil {
			return err
		}
	}
	var below []string
	if err := tx.SelectContext(ctx, &below, `SELECT url FROM peers WHERE via = ?`, url); err != nil {
		return err
	}
	for _, other := range below {
		if err := removePeer(ctx, tx, other); err != nil {
			return err
		}
	}
	return nil
}

func findPeer(all []Peer, url string) *Peer {
	if i := slices.IndexFunc(all, func(p Peer) bool { return p.URL == url }); i >= 0 {
		return &all[i]
	}
	return nil
}

// after returns the peer as it replaces old, which may be nil.
func (p Peer) after(old *Peer) Peer {
	if p.Name == "" && old != nil {
		p.Name = old.Name
	}
	return p
}

// same reports whether two peers of the same URL need no update.
func (p *Peer) same(o Peer) bool {
	return p.Name == o.Name && p.Key == o.Key && p.Introduces == o.Introduces && p.Via == o.Via && slices.Equal(p.Trust, o.Trust)
}

// check looks for what does not fit into the database.
func (p *Peer) check() error {
	trust, err := json.Marshal(p.Trust)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		what      string
		size, max int
	}{
		{"its URL", len(p.URL), maxURL},
		{"its name", len(p.Name), maxPeerName},
		{"its key", len(p.Key), maxPeerKey},
		{"the URL of who vouched for it", len(p.Via), maxURL},
		{"the list of sites for which it is believed", len(trust), maxTrust},
	} {
		if part.size > part.max {
			return fmt.Errorf("peer %s: %w", cutText(p.URL, maxPeerName), &TooLargeError{What: part.what, Size: part.size, Max: part.max})
		}
	}
	return nil
}
