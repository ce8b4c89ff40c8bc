package receive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"aead.dev/minisign"
	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/trust"
	"mirrortracker/internal/store"
)

// From is whom a pack is from.
type From struct {
	URL   string // of the peer; empty where it came as a file
	Key   minisign.PublicKey
	Trust trust.Sites // about which it is believed
}

// String names it for people.
func (f *From) String() string { return cmp.Or(f.URL, "the holder of the key "+f.Key.String()) }

// Rules say which snapshots are taken.
type Rules struct {
	Skew     time.Duration // how far another's clock may be ahead
	MaxAge   time.Duration // since the end of the crawl
	MaxSites int           // that are learnt from others
	Pack     pack.Limits
}

// DefaultRules suit a tracker that knows its peers.
var DefaultRules = Rules{Skew: 5 * time.Minute, MaxAge: 30 * 24 * time.Hour, MaxSites: 10_000, Pack: pack.DefaultLimits}

// A Receiver takes over snapshots. Its methods may be called by several goroutines.
type Receiver struct {
	Store *store.Store
	Owner string // of leases, for people to read
	Rules Rules

	// Gone reports whether the holder of a lease, by its Owner, has ended without giving
	// it back; nil if that cannot be known.
	Gone func(owner string) bool

	Now func() time.Time

	// Watch is called now and then, by several goroutines, with how many trees of a pack
	// are here; nil if nobody watches.
	Watch func(trees int64)
}

// Received is what came of a pack.
type Received struct {
	Site     mirror.Site
	Snapshot store.Snapshot
	Trees    int64 // in the pack
	NewTrees int64 // of those, which were not here
}

// Receive makes the snapshot of a pack the one in force for its site. Errors are
//
//   - [ErrRefused] and [ErrKnown], see [View.Check]; [ErrRefused] also where the pack is
//     not signed by the key, or is not sound;
//   - [pack.ErrLacking] where the pack builds upon trees that are not here: the full one
//     can be taken;
//   - [store.LeaseHeldError] where the site is being crawled or received by another;
//   - others, of the disk and of the database, after which it can be tried again.
//
// They do not name the file. After any of them what was in force is so still. It holds a
// few blocks of the pack, and of the trees that the pack names as known, ten bytes for
// each that stands below them.
func (r *Receiver) Receive(ctx context.Context, path string, signature []byte, from From) (Received, error) {
	file, err := os.Open(path)
	if err != nil {
		return Received{}, err
	}
	defer file.Close()
	got, err := r.receive(ctx, file, signature, &from)
	if errors.Is(err, pack.ErrUnsound) || errors.Is(err, pack.ErrForged) {
		err = refuse("%w", err)
	}
	return got, err
}

func (r *Receiver) receive(ctx context.Context, file *os.File, signature []byte, from *From) (got Received, err error) {
	if err := pack.Verify(file, from.Key, signature); err != nil {
		return got, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return got, err
	}
	keeper := &lacking{r.Store.Keeper()}
	reader, err := pack.NewReader(file, keeper, r.Rules.Pack)
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	header := reader.Header()
	if err := r.check(ctx, header, from); err != nil {
		return got, err
	}
	held, lease, release, err := r.Store.Hold(ctx, store.SiteLease(header.Site.Site().ID()), r.Owner, r.Gone)
	if err != nil {
		return got, err
	}
	defer func() {
		if lost := context.Cause(held); err != nil && errors.Is(lost, store.ErrLeaseLost) {
			err = lost
		}
		// A lease that cannot be given back expires; what was received is in force.
		if released := release(); err != nil {
			err = errors.Join(err, released)
		}
	}()
	// Somebody else may have been faster.
	if err := r.check(held, header, from); err != nil {
		return got, err
	}
	if got.NewTrees, err = r.store(held, reader); err != nil {
		return got, err
	}
	got.Trees = reader.Trees()
	got.Site, got.Snapshot, err = r.Store.Adopt(held, lease, believed(header, from), store.Snapshot{
		Root:       header.Root,
		Started:    header.Started,
		Finished:   header.Finished,
		Totals:     header.Totals,
		Incomplete: header.Incomplete,
		Origin:     header.Origin,
		Via:        cmp.Or(from.URL, header.Tracker),
	})
	return got, err
}

func (r *Receiver) check(ctx context.Context, h *pack.Header, from *From) error {
	view, err := r.Look(ctx)
	if err != nil {
		return err
	}
	return view.Check(&peer.Offer{
		Site:     h.Site.Site().ID(),
		URL:      h.Site.URL,
		Name:     h.Site.Name,
		Root:     h.Root,
		Started:  h.Started,
		Finished: h.Finished,
		Origin:   h.Origin,
		Totals:   h.Totals,
	}, from)
}

// Bounds of what is written at a time.
const (
	maxTrees = 500
	maxText  = 4 << 20 // bytes, unless one tree has more
)

// writers is how many batches are written at a time: while one waits for the database,
// the other is compressed.
const writers = 2

// store puts the trees of a pack, while the next ones are read, and returns how many
// were new.
func (r *Receiver) store(ctx context.Context, reader *pack.Reader) (int64, error) {
	all, ctx := errgroup.WithContext(ctx)
	batches := make(chan []*digest.Tree)
	all.Go(func() error {
		defer close(batches)
		return read(ctx, reader, func(batch []*digest.Tree) error {
			select {
			case batches <- batch:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	})
	var put, written atomic.Int64
	for range writers {
		all.Go(func() error {
			for batch := range batches {
				n, err := r.Store.PutTrees(ctx, batch)
				if err != nil {
					return err
				}
				written.Add(int64(n))
				if far := put.Add(int64(len(batch))); r.Watch != nil {
					r.Watch(far)
				}
			}
			return nil
		})
	}
	err := all.Wait()
	return written.Load(), err
}

// read reads a pack to its end, and hands out its trees in batches, children first.
func read(ctx context.Context, reader *pack.Reader, put func([]*digest.Tree) error) error {
	var batch []*digest.Tree
	text := 0
	for {
		trees, err := reader.Next(ctx)
		if errors.Is(err, io.EOF) {
			return put(batch)
		}
		if err != nil {
			return err
		}
		for _, tree := range trees {
			if len(batch) == maxTrees || text >= maxText {
				if err := put(batch); err != nil {
					return err
				}
				batch, text = nil, 0
			}
			batch = append(batch, tree)
			text += len(tree.Branches) + len(tree.Leaves)
		}
	}
}

// believed is the site as far as a peer is believed about it: other servers than its own
// must be among those about which it is, and its weight does not draw clients from the
// operator's own.
func believed(h *pack.Header, from *From) mirror.Site {
	site := h.Site.Site()
	site.Serving = slices.DeleteFunc(slices.Clone(site.Serving), func(u mirror.URL) bool {
		return u.Host != site.URL.Host && !from.Trust.Have(u)
	})
	site.Weight = min(site.Weight, mirror.DefaultWeight)
	return site
}

// A lacking source says that the pack builds upon what is not here, where something
// below a tree is missing.
type lacking struct{ *store.Keeper }

// Trees implements [pack.Source].
func (l *lacking) Trees(ctx context.Context, ids []digest.ID, parts store.Parts, fn func(*digest.Tree) error) error {
	err := l.Keeper.Trees(ctx, ids, parts, fn)
	if errors.Is(err, store.ErrNoTree) {
		return fmt.Errorf("%w: %w", pack.ErrLacking, err)
	}
	return err
}
