package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// The widths of columns in MySQL, in bytes.
const (
	maxPeerName = 100
	maxPeerKey  = 100
	maxETag     = 255
	maxTrust    = 65535 // as JSON
)

// A Peer is another tracker. Its URL is its identity.
type Peer struct {
	URL        string
	Name       string   // as it says; empty before it was asked
	Key        string   // public key of minisign, in its text form; empty where it is only known of, and not asked
	Trust      []string // for which sites it is believed, as patterns
	Introduces bool     // whether it may vouch for others' keys
	Via        string   // URL of the peer that vouched for it; empty where that was the operator
	PeerState
}

// A PeerState is how exchanging with a peer goes.
type PeerState struct {
	ETag      string    // of the last list of its snapshots
	Polled    time.Time // last
	Succeeded time.Time // when a poll last went well
	Seen      time.Time // when it was last heard of
	Error     string    // of the last poll, for people, cut to 1024 bytes; empty where it went well
	Bytes     int64     // received from it, in all
	Packs     int64     // received from it
	Snapshots int64     // taken over from it
	Refused   int64     // snapshots of its that were not
}

// PeerLease returns the name of the lease for asking a peer.
func PeerLease(url string) string { return fmt.Sprintf("peer/%x", hashOfURL(url)) }

// given reports whether the operator has given the peer, rather than another one.
func (p *Peer) given() bool { return p.Via == "" && p.Key != "" }

// Peers returns all peers, sorted by URL.
func (s *Store) Peers(ctx context.Context) ([]Peer, error) {
	var all []Peer
	err := s.read(ctx, "read peers", func(tx *sqlx.Tx) (err error) {
		all, err = peers(ctx, tx)
		return err
	})
	return all, err
}

// PutPeer adds a peer, or changes the one with its URL; its state stays, and its name
// where no other is given.
func (s *Store) PutPeer(ctx context.Context, p Peer) error {
	if err := p.check(); err != nil {
		return err
	}
	return s.write(ctx, "put peer "+p.URL, func(tx *sqlx.Tx) error {
		known, err := peers(ctx, tx)
		if err != nil {
			return err
		}
		return s.putPeer(ctx, tx, p.after(findPeer(known, p.URL)))
	})
}

// ReplacePeers makes the given peers the only ones that the operator gives, in one
// transaction, and names by URL what changed. Others, that peers vouch for or that are
// only known of, stay, unless who vouched for them goes.
func (s *Store) ReplacePeers(ctx context.Context, want []Peer) (Changes, error) {
	byURL := map[string]bool{}
	for _, p := range want {
		if err := p.check(); err != nil {
			return Changes{}, err
		}
		if byURL[p.URL] {
			return Changes{}, fmt.Errorf("peer %s stands twice", p.URL)
		}
		byURL[p.URL] = true
	}
	var changes Changes
	err := s.write(ctx, "replace peers", func(tx *sqlx.Tx) (err error) {
		changes, err = s.replacePeers(ctx, tx, want)
		return err
	})
	return changes, err
}

func (s *Store) replacePeers(ctx context.Context, tx *sqlx.Tx, want []Peer) (changes Changes, err error) {
	known, err := peers(ctx, tx)
	if err != nil {
		return Changes{}, err
	}
	for _, p := range want {
		old := findPeer(known, p.URL)
		p = p.after(old)
		switch {
		case old == nil:
			changes.Added = append(changes.Added, p.URL)
		case old.given() && old.same(p):
			continue
		default:
			changes.Updated = append(changes.Updated, p.URL)
		}
		if err := s.putPeer(ctx, tx, p); err != nil {
			return Changes{}, err
		}
	}
	for _, old := range known {
		if !old.given() || findPeer(want, old.URL) != nil {
			continue
		}
		if err := removePeer(ctx, tx, old.URL); err != nil {
			return Changes{}, err
		}
		changes.Removed = append(changes.Removed, old.URL)
	}
	changes.sort()
	return changes, nil
}

// RemovePeer removes a peer, and those that it vouched for. The snapshots that they
// gave stay. It returns [ErrNoPeer] if there is none.
func (s *Store) RemovePeer(ctx context.Context, url string) error {
	return s.write(ctx, "remove peer "+url, func(tx *sqlx.Tx) error {
		known, err := peers(ctx, tx)
		if err != nil {
			return err
		}
		if findPeer(known, url) == nil {
			return ErrNoPeer
		}
		return removePeer(ctx, tx, url)
	})
}

// RecordPeer replaces the state of a peer. It is no error if the peer is gone.
func (s *Store) RecordPeer(ctx context.Context, url string, state PeerState) error {
	return s.write(ctx, "record peer "+url, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE peers
			SET
				etag = ?,
				polled_at = ?,
				succeeded_at = ?,
				seen_at = ?,
				error = ?,
				bytes = ?,
				packs = ?,
				snapshots = ?,
				refused = ?
			WHERE id = ?`,
			cutText(state.ETag, maxETag), toUnix(state.Polled), toUnix(state.Succeeded), toUnix(state.Seen), cutText(state.Error, maxReason),
			state.Bytes, state.Packs, state.Snapshots, state.Refused, hashOfURL(url),
		)
		return err
	})
}
