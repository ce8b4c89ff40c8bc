package ftplist

import (
	"cmp"
	"context"
	"errors"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/listing"
	"mirrortracker/internal/mirror"
)

// Many sites publish the output of `ls -lR` as a file in their root: the listings of
// all directories for one download. But it is hearsay. It may be old, of another
// machine than the one that serves the files, made in another time zone, by somebody
// who sees more than visitors do, cut off or forged. So it is believed only where all of
// this holds:
//
//   - It is not older than [Config.MaxIndexAge], by MDTM.
//   - It came whole: as many bytes as announced, and a good checksum where it is
//     compressed.
//   - It is one tree: its first block shows the directories that the root has, and every
//     other block is of a directory that an earlier block showed.
//   - Some twenty directories agree with live listings, in names, kinds, sizes and days:
//     some drawn at random, the largest, the deepest, those that changed last and what
//     lies above them, and one for each month in which it shows times of day.
//   - Of files with a time of day, MDTM tells the same minute, so that its dates are in
//     UTC. Where it shows none of these, many days must agree.
//
// One directory that does not agree at a second look either is enough to drop it for
// this crawl. Whatever it does not tell beyond doubt is listed live: the root, where it
// lies itself and hence is always out of date; its last block, which may be cut off;
// blocks with lines that are not understood, or with names that ls may have written
// otherwise than they are; directories whose mode keeps others out, since it may be
// the work of somebody whom it does not; directories that it does not show.
//
// What is not noticed: a directory that changed after the index was made and is not
// among the sample. Its new state is seen by the first crawl with an index that knows
// it, so an index makes a site look up to MaxIndexAge older than it is, which is what
// [crawl.Listing] says of its listings. Nor is a directory noticed that the server hides
// from visitors by its own rules in spite of an open mode, unless its parent is among the
// sample. A site that means to lie can do so live, too.

// defaultIndexAge lets an index that is made once a day be late by half a day.
const defaultIndexAge = 36 * time.Hour

// maxIndexAhead is how far in the future an index may be: clocks are wrong.
const maxIndexAhead = 24 * time.Hour

// fitsIndex reports whether index files are to be used at all; whether there is one is
// seen in the root.
func (l *lister) fitsIndex() bool { return l.cfg.maxIndexAge() > 0 }

func (c *Config) maxIndexAge() time.Duration { return cmp.Or(c.MaxIndexAge, defaultIndexAge) }

// serveIndex lists the root, and all that an index file in it tells beyond doubt. The
// other connections have nothing to do until then.
func (l *lister) serveIndex(ctx context.Context, work crawl.Work) error {
	top, err := work.Next(ctx, crawl.Highest)
	if top == nil || err != nil {
		return err
	}
	if top.Path != mirror.Root || top.Failures > 0 {
		// Another connection has had the root, or this might be what broke it.
		work.Return(top)
		return errRest
	}
	root, err := l.List(ctx, mirror.Root)
	if err != nil {
		return err
	}
	x, err := l.openIndex(ctx, root)
	if err == nil {
		defer x.Close()
		err = x.check(ctx, root)
	}
	if err != nil {
		if !ends(err) {
			return err
		}
		l.listedLive()
		return cmp.Or(work.Deliver(ctx, top, root), err)
	}
	if err := x.deliver(ctx, growFrom(work, top), root); err != nil {
		return err
	}
	return errRest
}

// ends reports whether an error is about a strategy and not about the connection.
func ends(err error) bool {
	_, ok := errors.AsType[*unfitError](err)
	return ok || err == errRest
}

// listedLive counts a directory that was listed on the way as what it is.
func (l *lister) listedLive() {
	l.count(Index, -1)
	l.count(Single, 1)
}

// An index is an index file that was fetched.
type index struct {
	*indexFile
	lister *lister
	made   time.Time // not later than now

	last  mirror.Path                   // of the last block
	fresh map[mirror.Path]crawl.Listing // of the sample
}

// openIndex fetches the index file that the root shows, if there is one that may be
// used.
func (l *lister) openIndex(ctx context.Context, root crawl.Listing) (*index, error) {
	entry, form, ok := findIndex(root)
	if !ok {
		return nil, errRest
	}
	made, err := l.indexMade(ctx, entry)
	if err != nil {
		return nil, err
	}
	now := l.cfg.Now()
	switch age := now.Sub(made); {
	case age > l.cfg.maxIndexAge():
		return nil, unfit("%s is of %s, and so older than %s", entry.Name, made.UTC().Format(time.DateTime), l.cfg.maxIndexAge())
	case age < -maxIndexAhead:
		return nil, unfit("%s is of %s, which is to come", entry.Name, made.UTC().Format(time.DateTime))
	case age < 0:
		made = now
	}
	file, err := l.fetchIndex(ctx, entry, form)
	if err != nil {
		return nil, err
	}
	return &index{indexFile: file, lister: l, made: made, fresh: map[mirror.Path]crawl.Listing{}}, nil
}

// indexMade returns when an index file was made. Where the root's listing alone tells,
// that is the beginning of a day.
func (l *lister) indexMade(ctx context.Context, entry digest.Entry) (time.Time, error) {
	if !l.known().NoMDTM {
		times, err := l.timesIn(ctx, mirror.Root, []listing.Entry{{Name: entry.Name}})
		if err != nil || !times[0].IsZero() {
			return times[0], err
		}
	}
	if !entry.Date.Known() {
		return time.Time{}, unfit("nothing tells how old %s is", entry.Name)
	}
	return entry.Date.Time(), nil
}

// deliver hands over the root and all directories of which the index tells beyond
// doubt, and gives back the others.
func (x *index) deliver(ctx context.Context, tree *subtree, root crawl.Listing) error {
	if err := x.deliverLive(ctx, tree, mirror.Root, root); err != nil {
		return err
	}
	for b, err := range x.blocks() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil || len(tree.wanted) == 0 {
			break // an error only if the copy was damaged since the survey
		}
		if tree.wants(b.path) {
			if err := x.deliverBlock(ctx, tree, b); err != nil {
				return err
			}
		}
		for _, e := range b.Entries {
			if path := b.path.Join(e.Name); e.Closed && tree.wants(path) {
				tree.giveBack(path)
			}
		}
	}
	tree.giveBackAll()
	return x.lister.awake(ctx)
}

// awake connects again where the server has hung up. It had nothing to do for as long as
// the store and the pace of the crawl took for what the index told.
func (l *lister) awake(ctx context.Context) error {
	if l.conn != nil {
		whole, cancel := l.within(ctx)
		defer cancel()
		if _, err := l.conn.Cmd(whole, "NOOP"); err == nil {
			return nil
		}
		l.hangUp()
	}
	return l.connect(ctx)
}

// deliverBlock hands over a wanted directory. One that has to be listed live is left to
// faster strategies, unless the index may tell of what lies below it.
func (x *index) deliverBlock(ctx context.Context, tree *subtree, b indexBlock) error {
	if live, ok := x.fresh[b.path]; ok {
		delete(x.fresh, b.path)
		return x.deliverLive(ctx, tree, b.path, live)
	}
	entries, doubt := x.entries(b)
	switch {
	case doubt == "" && b.path != x.last:
		return tree.deliver(ctx, b.path, crawl.Listing{Entries: entries, Listed: x.made})
	case !b.hasDirs():
		tree.giveBack(b.path)
		return nil
	}
	if err := x.lister.awake(ctx); err != nil {
		return err
	}
	live, err := x.lister.List(ctx, b.path)
	if err != nil {
		return err
	}
	return x.deliverLive(ctx, tree, b.path, live)
}

func (x *index) deliverLive(ctx context.Context, tree *subtree, dir mirror.Path, live crawl.Listing) error {
	x.lister.listedLive()
	return tree.deliver(ctx, dir, live)
}
