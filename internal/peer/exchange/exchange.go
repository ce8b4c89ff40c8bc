package exchange

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"aead.dev/minisign"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/catalogue"
	"mirrortracker/internal/peer/fetch"
	"mirrortracker/internal/peer/receive"
	"mirrortracker/internal/peer/trust"
	"mirrortracker/internal/store"
)

// An Exchange is a tracker's side of it.
type Exchange struct {
	Store     *store.Store
	Receiver  *receive.Receiver
	Client    *fetch.Client
	Catalogue *catalogue.Catalogue
	URL       mirror.URL         // at which others reach this tracker; the zero URL if they need not know
	Key       minisign.PublicKey // of this tracker
	Owner     string             // of leases, for people to read

	// Gone reports whether the holder of a lease, by its Owner, has ended without giving
	// it back; nil if that cannot be known.
	Gone func(owner string) bool

	Now func() time.Time
	Log *slog.Logger
}

// A Report is what came of asking a peer.
type Report struct {
	Taken   []receive.Received
	Refused []store.Refusal
	Later   int   // snapshots that are wanted and could not be had now
	Known   int   // that are not newer than what is here, or of sites that are crawled here
	Strange int   // of sites about which the peer is not believed
	Bytes   int64 // downloaded
}

// Pull asks a peer for what it has, takes over what is wanted, and records how that
// went. Of an error the peer is not named. It is a [store.LeaseHeldError] if somebody else
// is asking the peer.
func (x *Exchange) Pull(ctx context.Context, url string) (report Report, err error) {
	held, _, release, err := x.Store.Hold(ctx, store.PeerLease(url), x.Owner, x.Gone)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, release()) }()
	all, err := x.Store.Peers(held)
	if err != nil {
		return report, err
	}
	p := find(all, url)
	if p == nil {
		return report, store.ErrNoPeer
	}
	v := &visit{Exchange: x, peer: *p}
	if err = v.believe(all); err == nil {
		bounded, cancel := context.WithTimeoutCause(held, longest, fmt.Errorf("it takes longer than %s; the next time goes on there", longest))
		defer cancel()
		err = v.pay(bounded)
	}
	if lost := context.Cause(held); err != nil && errors.Is(lost, store.ErrLeaseLost) {
		return v.report, lost
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), recording)
	defer cancel()
	return v.report, errors.Join(err, v.record(last, err))
}

// longest is how long a peer may be asked, and take up room for others.
const longest = time.Hour

// recording is how long it may take to record how a poll went, also if it was broken off.
const recording = 10 * time.Second

func find(all []store.Peer, url string) *store.Peer {
	at := slices.IndexFunc(all, func(p store.Peer) bool { return p.URL == url })
	if at < 0 {
		return nil
	}
	return &all[at]
}

// A visit is one time that a peer is asked.
type visit struct {
	*Exchange
	peer   store.Peer
	at     mirror.URL
	from   receive.From
	report Report
	loaded int64 // packs
	passed int   // snapshots passed over because they were refused before
	amiss  error // what kept a snapshot from being had, the first of them
}

// believe finds out by which key the peer is known, and about what it is believed. One
// that was introduced is believed about what its introducer is believed about now.
func (v *visit) believe(all []store.Peer) (err error) {
	sites := v.peer.Trust
	if v.peer.Via != "" {
		by := find(all, v.peer.Via)
		if by == nil || !by.Introduces {
			return fmt.Errorf("%s introduced it, and is not to introduce anybody any more; crawler peer add %s makes it a peer of its own", v.peer.Via, v.peer.URL)
		}
		sites = by.Trust
	}
	v.from.URL = v.peer.URL
	if v.from.Key, err = peer.ParseKey(v.peer.Key); err != nil {
		return err
	}
	v.from.Trust, err = trust.ParseAll(sites)
	return err
}

// pay asks the peer.
func (v *visit) pay(ctx context.Context) (err error) {
	if v.at, err = mirror.ParseURL(v.peer.URL); err != nil {
		return err
	}
	told, err := v.Client.Introduction(ctx, v.at)
	if err != nil {
		return err
	}
	switch told.Key {
	case v.peer.Key:
	case v.Key.String():
		return errors.New("it is this tracker itself")
	default:
		return fmt.Errorf("it has the key %s, not the one that it is known by; ask its operator, then crawler peer add %s --key KEY", told.Key, v.peer.URL)
	}
	v.peer.Seen = v.Now()
	if err := v.learn(ctx, told); err != nil {
		return err
	}
	return v.take(ctx)
}

// record keeps how it went.
func (v *visit) record(ctx context.Context, err error) error {
	state := v.peer.PeerState
	state.Polled, state.Error = v.Now(), ""
	if err == nil {
		state.Succeeded = state.Polled
	} else {
		state.Error = err.Error()
	}
	state.Bytes += v.report.Bytes
	state.Packs += v.loaded
	state.Snapshots += int64(len(v.report.Taken))
	state.Refused += int64(len(v.report.Refused))
	return v.Store.RecordPeer(ctx, v.peer.URL, state)
}

// take takes over what the peer has and what is wanted of it.
func (v *visit) take(ctx context.Context) error {
	view, err := v.Receiver.Look(ctx)
	if err != nil {
		return err
	}
	refused, err := v.refused(ctx)
	if err != nil {
		return err
	}
	var wanted []peer.Offer
	there := map[digest.ID]bool{} // roots that the peer has
	tag, err := v.Client.Offers(ctx, v.at, v.tag(), func(o peer.Offer) error {
		there[o.Root] = true
		if !v.from.Trust.Have(o.URL) {
			v.report.Strange++
			return nil
		}
		switch err := view.Check(&o, &v.from); {
		case errors.Is(err, receive.ErrKnown), errors.Is(err, receive.ErrOwn):
			v.report.Known++
		case errors.Is(err, receive.ErrRefused):
			if !v.settled(refused[o.Site], &o) {
				return v.refuse(ctx, &o, err)
			}
			v.passed++
		case err != nil:
			return err
		default:
			wanted = append(wanted, o)
		}
		return nil
	})
	if err != nil {
		return err
	}
	have, err := v.haves(ctx, there)
	if err != nil {
		return err
	}
	for i := range wanted {
		if v.settled(refused[wanted[i].Site], &wanted[i]) {
			v.passed++
			continue
		}
		if err := v.obtain(ctx, &wanted[i], have); err != nil {
			return fmt.Errorf("%s: %w", wanted[i].URL, err)
		}
	}
	if v.report.Later+len(v.report.Refused)+v.passed > 0 {
		tag = "" // to be told again
	}
	v.keepTag(tag)
	return v.amiss
}

// tag returns the tag of the list from which all that is wanted was taken, or "" if more
// of it may be wanted now, as the peer is believed about other sites than then.
func (v *visit) tag() string {
	if tag, same := strings.CutPrefix(v.peer.ETag, v.believed()+" "); same {
		return tag
	}
	return ""
}

func (v *visit) keepTag(tag string) {
	if v.peer.ETag = ""; tag != "" {
		v.peer.ETag = v.believed() + " " + tag
	}
}

// believed is short for the sites about which the peer is believed.
func (v *visit) believed() string {
	sum := sha256.Sum256([]byte(strings.Join(v.from.Trust.Strings(), " ")))
	return hex.EncodeToString(sum[:4])
}

// refused returns what was refused of the peer's snapshots before, by site.
func (v *visit) refused(ctx context.Context) (map[mirror.SiteID]store.Refusal, error) {
	all, err := v.Store.Refusals(ctx)
	if err != nil {
		return nil, err
	}
	known := map[mirror.SiteID]store.Refusal{}
	for _, r := range all {
		if r.Peer == v.peer.URL {
			known[mirror.Site{URL: r.Site}.ID()] = r
		}
	}
	return known, nil
}

// retry is how long a snapshot that was refused is passed over: the configuration may
// change, and what it built upon.
const retry = 24 * time.Hour

// settled reports whether a snapshot was refused before, and is not to be looked at
// again: it was not refused as one of the future, nor long ago.
func (v *visit) settled(old store.Refusal, o *peer.Offer) bool {
	same := old.Root == o.Root && old.Finished.Unix() == o.Finished.Unix()
	return same && old.At.Unix() >= o.Finished.Unix() && v.Now().Sub(old.At) < retry
}

func (v *visit) refuse(ctx context.Context, o *peer.Offer, why error) error {
	r := store.Refusal{Peer: v.peer.URL, Site: o.URL, Root: o.Root, Finished: o.Finished, At: v.Now(), Reason: why.Error()}
	v.report.Refused = append(v.report.Refused, r)
	v.Log.Warn("a snapshot of a peer is refused", "peer", v.peer.URL, "site", o.URL.String(), "why", why)
	return v.Store.Refuse(ctx, r)
}

// obtain downloads the pack of a snapshot and takes it over. Errors are those after
// which the peer need not be asked for more now.
func (v *visit) obtain(ctx context.Context, o *peer.Offer, have *haves) error {
	roots, err := have.of(ctx, o)
	if err != nil {
		return err
	}
	got, resumed, err := v.receive(ctx, o, roots)
	if errors.Is(err, pack.ErrForged) && resumed {
		// What came before may be spoilt, as where this machine lost its power.
		got, _, err = v.receive(ctx, o, roots)
	}
	if errors.Is(err, pack.ErrLacking) && len(roots) > 0 {
		got, _, err = v.receive(ctx, o, nil)
	}
	_, held := errors.AsType[*store.LeaseHeldError](err)
	_, answered := errors.AsType[*fetch.StatusError](err)
	switch {
	case err == nil:
		v.report.Taken = append(v.report.Taken, got)
		v.Log.Info("snapshot is taken over", "peer", v.peer.URL, "site", got.Site.Name, "origin", o.Origin,
			"directories", got.Snapshot.Dirs, "files", got.Snapshot.Files, "new_trees", got.NewTrees)
		return v.Store.ForgetRefusal(ctx, v.peer.URL, o.Site)
	case errors.Is(err, receive.ErrKnown): // another process was faster
		v.report.Known++
	case errors.Is(err, receive.ErrRefused), errors.Is(err, fetch.ErrTooLarge):
		return v.refuse(ctx, o, err)
	case held:
		v.report.Later++
	case answered: // others may be had
		v.report.Later++
		v.amiss = cmp.Or(v.amiss, fmt.Errorf("%s: %w", o.URL, err))
	default:
		return err
	}
	return nil
}

// receive downloads a pack, unless part of it was there already, and takes it over.
func (v *visit) receive(ctx context.Context, o *peer.Offer, have []digest.ID) (got receive.Received, resumed bool, err error) {
	p, err := v.Client.Pack(ctx, fetch.Order{At: v.at, Site: o.Site, Root: o.Root, Have: have})
	if err != nil {
		return got, false, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	v.report.Bytes += p.Loaded
	v.loaded++
	got, err = v.Receiver.Receive(ctx, p.Path, p.Signature, v.from)
	return got, p.Loaded < p.Size, err
}

// haves are roots that are here, from which a pack may start.
type haves struct {
	store *store.Store
	here  []store.Snapshot // in force, and with the same root at the peer
}

// maxOwn is how many of a site's own snapshots are named.
const maxOwn = 4

func (v *visit) haves(ctx context.Context, there map[digest.ID]bool) (*haves, error) {
	all, err := v.Store.Current(ctx)
	if err != nil {
		return nil, err
	}
	return &haves{v.Store, slices.DeleteFunc(all, func(s store.Snapshot) bool { return !there[s.Root] })}, nil
}

// of returns the roots of a site's last snapshots, or if there are none, those of the
// sites that are most like it in size.
func (h *haves) of(ctx context.Context, o *peer.Offer) (roots []digest.ID, err error) {
	history, err := h.store.History(ctx, o.Site, maxOwn)
	if err != nil {
		return nil, err
	}
	if len(history) == 0 {
		history = slices.Clone(h.here)
		slices.SortStableFunc(history, func(a, b store.Snapshot) int {
			return cmp.Compare(apart(a.Files, o.Files), apart(b.Files, o.Files))
		})
	}
	for _, s := range history {
		if len(roots) < peer.MaxHave/2 && !slices.Contains(roots, s.Root) {
			roots = append(roots, s.Root)
		}
	}
	return roots, nil
}

// apart is how far two numbers are apart.
func apart(a, b int64) int64 { return max(a-b, b-a) }
