package exchange

import (
	"context"
	"slices"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/store"
)

// maxIntroduced is how many trackers one peer may vouch for.
const maxIntroduced = 100

// learn keeps what a peer says of itself and of others.
//
// A peer that the operator lets introduce others vouches for the keys of those that it
// knows itself: they are asked too, and believed about what the peer is believed about,
// no more. They vouch for nobody. Of others only name and URL are kept, for the operator.
func (v *visit) learn(ctx context.Context, told peer.Introduction) error {
	known, err := v.Store.Peers(ctx)
	if err != nil {
		return err
	}
	if told.Name != v.peer.Name {
		v.peer.Name = told.Name
		if err := v.Store.PutPeer(ctx, v.peer); err != nil {
			return err
		}
	}
	for _, t := range told.Trackers {
		p, news := v.introduced(known, t)
		if !news {
			continue
		}
		if err := v.Store.PutPeer(ctx, p); err != nil {
			return err
		}
		if p.Key != "" {
			v.Log.Info("a peer introduces another", "peer", v.peer.URL, "introduced", p.URL, "name", p.Name, "trust", p.Trust)
		}
		known = slices.DeleteFunc(known, func(k store.Peer) bool { return k.URL == p.URL })
		known = append(known, p)
	}
	return nil
}

// introduced returns what a peer's word makes of a tracker, and whether that is any news.
func (v *visit) introduced(known []store.Peer, t peer.Tracker) (p store.Peer, news bool) {
	url := t.URL.String()
	if t.Key == v.Key.String() || t.URL == v.URL && v.URL != (mirror.URL{}) {
		return p, false // this tracker itself
	}
	at := slices.IndexFunc(known, func(k store.Peer) bool { return k.URL == url })
	vouched := t.Key != "" && v.peer.Introduces && v.peer.Via == "" && v.room(known, t)
	switch {
	case at < 0 && !vouched:
		return store.Peer{URL: url, Name: t.Name}, len(known) < peer.MaxTrackers
	case at < 0:
	case !vouched, known[at].Key != "" && known[at].Via != v.peer.URL:
		return p, false // whoever is believed already is not changed by others
	case known[at].Key == t.Key && slices.Equal(known[at].Trust, v.peer.Trust):
		return p, false
	}
	return store.Peer{URL: url, Name: t.Name, Key: t.Key, Trust: v.peer.Trust, Via: v.peer.URL}, true
}

// room reports whether a tracker may be one more that the peer vouches for: it is not
// known at another URL, and there are not too many yet.
func (v *visit) room(known []store.Peer, t peer.Tracker) bool {
	introduced := 0
	for _, k := range known {
		switch {
		case k.URL == t.URL.String():
		case k.Key == t.Key:
			return false
		case k.Via == v.peer.URL:
			introduced++
		}
	}
	return introduced < maxIntroduced
}
