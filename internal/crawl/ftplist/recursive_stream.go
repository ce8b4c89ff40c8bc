package ftplist

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/listing"
	"mirrortracker/internal/mirror"
)

// A stream may send so many blocks that nobody waits for, and more where they are fewer
// than half of all: those below hidden directories, for example.
const maxSkipped = 10_000

// A recursion may leave so many directories to others, and more where they are fewer
// than a tenth of what it brought.
const maxLeft = 100

// A recursion lists one subtree, with one stream as a rule.
type recursion struct {
	*lister
	work     crawl.Work
	tree     *subtree
	top      mirror.Path
	supposed *lister // the facts as they are if all that is owed proves true

	samples map[mirror.Path][]digest.Entry // listed alone, to be compared
	agreed  int                            // samples that were the same

	pending *block        // to be delivered when a later one shows that it is whole
	aside   []*crawl.Task // of blocks that are not believed
	brought int
	skipped int
}

// A block is a listing from a stream that is believed but for its end.
type block struct {
	dir   mirror.Path
	found crawl.Listing
	owed  bool // a check
}

func (l *lister) newRecursion(work crawl.Work, top *crawl.Task) *recursion {
	return &recursion{lister: l, work: work, tree: growFrom(work, top), top: top.Path, samples: map[mirror.Path][]digest.Entry{}}
}

// left takes the directories that are still to be listed out of the recursion.
func (r *recursion) left() []*crawl.Task {
	left := append(r.tree.takeAll(), r.aside...)
	r.aside = nil
	return left
}

// stream lists a directory with all that is below it, as far as that is wanted, and
// then settles what this owes.
func (r *recursion) stream(ctx context.Context, dir mirror.Path) error {
	if err := r.ready(ctx); err != nil {
		return err
	}
	r.supposed = &lister{Source: &Source{cfg: r.cfg, memory: memory{facts: r.known()}}, conn: r.conn}
	reply, err := r.receive(ctx, dir)
	r.pending = nil // it may have been cut, so it is listed again
	if err == nil && saysTruncated.MatchString(reply.Text()) {
		err = unfit("%s: the server says %q", listAll, reply)
	}
	if err != nil {
		return r.ended(ctx, err)
	}
	return r.checkOwed(ctx)
}

// receive reads a stream, each block of which must come in the time for a listing, and
// returns the reply that ended it. It gives up the connection where it gives up the
// stream.
func (r *recursion) receive(ctx context.Context, dir mirror.Path) (ftpconn.Reply, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := time.AfterFunc(r.cfg.Whole, func() { cancel(errWhole) })
	defer patience.Stop()
	if err := r.enter(ctx, dir); err != nil {
		return ftpconn.Reply{}, err
	}
	transfer, err := r.conn.Open(ctx, listAll)
	if err != nil {
		return ftpconn.Reply{}, err
	}
	readErr := r.read(ctx, transfer, dir, patience)
	reply, err := transfer.Close()
	if readErr == nil {
		return reply, err
	}
	if err != nil && r.gaveUp(readErr) {
		r.hangUp()
	}
	return reply, readErr
}

// gaveUp reports whether it was we who gave up a stream.
func (r *recursion) gaveUp(err error) bool {
	_, no := errors.AsType[*unfitError](err)
	_, broken := errors.AsType[*brokenOffError](err)
	_, differs := errors.AsType[*mismatch](err)
	return no || broken || differs
}

// ended tells errors that end a stream from those that end a connection. A refusal
// leaves directories to be listed in another way.
func (r *recursion) ended(ctx context.Context, err error) error {
	no, isRefusal := refused(err)
	switch {
	case isRefusal && r.recursionsKnown().proven:
		return r.checkOwed(ctx)
	case isRefusal && no.Reply.Code/100 == 5 && no.Command != "CWD":
		return unfit("%s: the server answers %q", listAll, no.Reply)
	case isRefusal:
		return &mismatch{r.top, no.Error()}
	case errors.Is(err, errWhole):
		r.hangUp()
		return unfit("%s: a directory takes longer than crawl.listing_timeout = %s", listAll, r.cfg.Whole)
	}
	return err
}

// read takes the blocks of a stream.
func (r *recursion) read(ctx context.Context, transfer *ftpconn.Transfer, top mirror.Path, patience *time.Timer) error {
	limits := listing.Limits{Entries: r.cfg.Limits.Entries + 1, Bytes: int(r.cfg.Limits.Listing)}
	blocks := 0
	for found, err := range listing.ParseRecursive(transfer, limits) {
		patience.Stop()
		blocks++
		dir, ok := headed(top, r.cfg.URL.Base, found.Path)
		bad, isLine := errors.AsType[*listing.LineError](err)
		switch limit, isLimit := errors.AsType[*listing.LimitError](err); {
		case isLimit:
			return &brokenOffError{at: dir, err: limit}
		case err != nil && !isLine:
			return err
		case !ok:
			r.skipped++
		default:
			if err := r.take(ctx, dir, found.Listing, bad); err != nil {
				return err
			}
		}
		if r.skipped > max(maxSkipped, blocks/2) {
			return unfit("%s shows %d directories that nobody asked for", listAll, r.skipped)
		}
		patience.Reset(r.cfg.Whole)
	}
	return nil
}

// take judges a block. A block that shows its directory says that the one before it
// was not cut.
func (r *recursion) take(ctx context.Context, dir mirror.Path, raw listing.Listing, bad *listing.LineError) error {
	shows := bad == nil && !raw.HidesLinks && r.known().showsAll("LIST", raw)
	if shows {
		if err := r.deliver(ctx); err != nil {
			return err
		}
	}
	now := r.cfg.Now()
	found := crawl.Listing{Entries: entriesOf(raw.Entries, clocksIn(r.zone(), now))}
	if err := r.compare(dir, found, shows); err != nil {
		return err
	}
	switch {
	case !r.tree.wants(dir):
		r.skipped++
	case !r.recursionsKnown().proven:
		// It is left to a later stream.
	case !shows || !enterable(dir):
		r.setAside(dir)
	default:
		sure, owed := r.sure(dir, raw, found, now)
		if r.pending = (&block{dir, found, owed}); !sure || owed && len(folders(dir, found)) == 0 {
			r.pending = nil
			r.setAside(dir)
		}
	}
	return nil
}

// setAside leaves a directory to be listed alone.
func (r *recursion) setAside(dir mirror.Path) { r.aside = append(r.aside, r.tree.take(dir)) }

// folders returns the directories of a listing.
func folders(dir mirror.Path, found crawl.Listing) (all []mirror.Path) {
	for _, e := range found.Entries {
		if e.Kind == digest.Dir && counts(e.Name) {
			all = append(all, dir.Join(e.Name))
		}
	}
	return all
}

// enterable reports whether a directory can be entered on every server: pure-ftpd refuses
// those with a backslash in their names, though it shows them. Whether a directory is
// refused must not depend on how it is listed.
func enterable(dir mirror.Path) bool { return !strings.Contains(string(dir), `\`) }

// deliver hands over the block that was pending. A directory that is owed a check is not
// to be finished before, lest a crawl that goes on after an interruption take it over:
// one directory below it is set aside.
func (r *recursion) deliver(ctx context.Context) error {
	whole := r.pending
	if r.pending = nil; whole == nil {
		return nil
	}
	r.brought++
	var below []mirror.Path
	if whole.owed {
		below = folders(whole.dir, whole.found)
	}
	if err := r.tree.deliver(ctx, whole.dir, whole.found); err != nil {
		return err
	}
	if i := slices.IndexFunc(below, r.tree.wants); i >= 0 {
		r.setAside(below[i])
	}
	return nil
}

// sure reports whether a block can stand for its directory, and whether a check is owed
// that a single listing would make at once.
func (r *recursion) sure(dir mirror.Path, raw listing.Listing, found crawl.Listing, now time.Time) (sure, owed bool) {
	f := r.known()
	if r.canMLSD() {
		if lacksDates(found) {
			return false, false
		}
		if f.wantsLink() && provesMLSD(found.Entries) {
			if f.Unverified {
				return false, false
			}
			r.learn(func(f *facts) { f.LinkAt = []byte(dir) })
		}
	}
	dates := r.supposed.unsettled(raw.Entries, now)
	long := r.offersMLSD() && f.MLSD != mlsdMissing && r.supposed.known().mayBeCut("LIST", len(raw.Entries))
	if len(dates) == 0 && !long {
		return true, false
	}
	if !r.owe(dir) {
		return false, false
	}
	r.supposed.learn(func(f *facts) {
		for _, e := range dates {
			f.Compared = with(f.Compared, month{e.Stamp.Month, e.Stamp.HasTime}, true)
			if !e.Stamp.HasTime {
				f.Timeless++
			}
		}
	})
	if long {
		r.supposed.whole("LIST", len(raw.Entries))
	}
	return true, true
}
