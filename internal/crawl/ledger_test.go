package crawl

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A shelf keeps what a store would of a crawl.
type shelf struct {
	finished map[mirror.Path]store.Progress
	open     map[mirror.Path]store.OpenDirectory
}

// save saves what a walk has done.
func (s *shelf) save(l *ledger, running *Walk) {
	if s.finished == nil {
		s.finished, s.open = map[mirror.Path]store.Progress{}, map[mirror.Path]store.OpenDirectory{}
	}
	l.enter(running.Changes())
	for _, p := range l.ofFinished().Put.Finished {
		s.finished[p.Path] = p
	}
	for _, p := range l.ofFinished().NotFinished {
		delete(s.finished, p)
	}
	for _, o := range l.ofOpen().Put.Open {
		s.open[o.Path] = o
	}
	for _, p := range l.ofOpen().NotOpen {
		delete(s.open, p)
	}
	l.finishedSaved()
	l.openSaved()
}

// known returns what a crawl knows that goes on from what is kept.
func (s *shelf) known(trees memory) known {
	k := nothingKnown("")
	for _, p := range s.finished {
		k.add(Finished{Path: p.Path, Summary: trees[p.Tree].Summary, Listed: p.Listed})
	}
	for _, o := range s.open {
		k.open[o.Path] = o
		k.begin(o.Path)
	}
	k.balance(store.Kept{Finished: slices.Collect(maps.Values(s.finished)), Open: slices.Collect(maps.Values(s.open))})
	return k
}

// A killer is a Single that saves and kills the walk that uses it.
type killer struct {
	Single
	list func(dir mirror.Path) error
}

func (k killer) List(ctx context.Context, dir mirror.Path) (Listing, error) {
	if err := k.list(dir); err != nil {
		return Listing{}, err
	}
	return k.Single.List(ctx, dir)
}

// However often a crawl is killed, and whatever its lister does, it lists again exactly
// what was not delivered when it was saved last, and finds the same.
func TestKilledCrawlListsWhatWasNotSaved(t *testing.T) {
	want, err := run(t, walker(archive(), memory{}))
	if err != nil {
		t.Fatal(err)
	}
	errKilled := &fatalError{errors.New("killed")}
	rapid.Check(t, func(r *rapid.T) {
		s, sink, kept := archive(), memory{}, &shelf{}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0))
		saves, kills := rapid.Float64Range(0, 0.9).Draw(r, "saves"), rapid.Float64Range(0, 0.2).Draw(r, "kills")
		window, hold := rapid.IntRange(1, 40).Draw(r, "window"), rapid.Float64Range(0, 1).Draw(r, "hold")
		from := rapid.SampledFrom([]End{Deepest, Highest}).Draw(r, "from")
		saved := map[mirror.Path]bool{} // delivered before
		for {
			known := kept.known(sink)
			p := s.pipeline(window)
			p.random, p.hold, p.ordered, p.from = random, hold, false, from
			var running *Walk
			started := make(chan struct{})
			delivered := maps.Clone(saved)
			last := mirror.Path("")
			p.list = killer{&fakeLister{s}, func(dir mirror.Path) error {
				<-started
				if last != "" {
					delivered[last] = true
				}
				last = dir
				if saved[dir] {
					r.Errorf("%s is listed again", dir)
				}
				if random.Float64() < saves {
					kept.save(known.ledger, running)
					saved = maps.Clone(delivered)
				}
				if random.Float64() < kills {
					return errKilled
				}
				return nil
			}}
			w := p.walker(sink)
			w.Known, w.Opened, w.Begun = known.finished, known.opened, known.above
			running = w.Start(context.Background())
			close(started)
			got, err := running.Wait()
			if errors.Is(err, errKilled) {
				continue
			}
			if err != nil || got.Root != want.Root || got.Files != want.Files || got.Dirs+got.Reused != want.Dirs {
				r.Errorf("%+v, %v; want %+v", got, err, want)
			}
			return
		}
	})
}

// A crawl that is killed after its walk has come to its end lists nothing any more.
func TestKilledBeforePublishing(t *testing.T) {
	s, sink, kept := archive(), memory{}, &shelf{}
	ledger := newLedger("")
	running := walker(s, sink).Start(t.Context())
	want, err := running.Wait()
	if err != nil {
		t.Fatal(err)
	}
	kept.save(ledger, running)
	s.lists = nil
	known := kept.known(sink)
	w := walker(s, sink)
	w.Known, w.Opened = known.finished, known.opened
	if got, err := run(t, w); err != nil || got.Root != want.Root || len(s.lists) > 0 {
		t.Errorf("%+v, %v; listed %q", got, err, s.lists)
	}
}

// What is saved at a time is what is new, and what is gone.
func TestSavesAreSmall(t *testing.T) {
	s, sink, kept := archive(), memory{}, &shelf{}
	ledger := newLedger("")
	var running *Walk
	started := make(chan struct{})
	w := walker(s, sink)
	saved := 0
	w.Open = func(context.Context) (Lister, error) {
		return OneByOne(killer{&fakeLister{s}, func(dir mirror.Path) error {
			<-started
			kept.save(ledger, running)
			if saved++; len(kept.finished) > 9 || len(kept.open) > 2 {
				t.Errorf("before %s, %d finished and %d open directories are kept", dir, len(kept.finished), len(kept.open))
			}
			if c := running.Changes(); len(c.Finished)+len(c.Open)+len(c.Closed) > 0 {
				t.Errorf("before %s, something has changed while nothing was done: %+v", dir, c)
			}
			return nil
		}}), nil
	}
	running = w.Start(t.Context())
	close(started)
	if _, err := running.Wait(); err != nil || saved != 31 {
		t.Errorf("%d saves, %v", saved, err)
	}
}

// Limits that were lowered since make a directory be asked for again.
func TestRecalledListingsAreJudged(t *testing.T) {
	s, sink := archive(), memory{}
	listing := func(entries []digest.Entry) func(mirror.Path) (Listing, bool) {
		return func(p mirror.Path) (Listing, bool) { return Listing{Entries: slices.Clone(entries)}, p == mirror.Root }
	}
	w := walker(s, sink)
	w.Opened = listing([]digest.Entry{dir("d1"), file("x", 1)})
	if result, err := run(t, w); err != nil || result.Reused != 1 || result.Dirs != 6 || result.Root.Files != 13 {
		t.Errorf("%+v, %v", result, err)
	}
	for _, entries := range [][]digest.Entry{
		{dir(strings.Repeat("x", 1025))},
		{dir("a/b")},
		{dir("a"), dir("a")},
	} {
		w.Opened = listing(entries)
		if result, err := run(t, w); err != nil || result.Reused != 0 || result.Dirs != 31 {
			t.Errorf("%+v, %v", result, err)
		}
	}
	w.Opened = listing([]digest.Entry{file("x", 1)})
	w.Limits.Total = 0
	var limit *LimitError
	if _, err := run(t, w); !errors.As(err, &limit) {
		t.Errorf("got %v", err)
	}
}

// What is too much to be kept is not.
func TestLedgerIsBounded(t *testing.T) {
	l := newLedger("")
	for i := range 3 {
		l.enter(Changes{Open: []Open{{Path: mirror.Path("/" + string(rune('a'+i))), Entries: []digest.Entry{file(strings.Repeat("x", maxListing/(1+i)), 1)}}}})
	}
	if len(l.putOpen) != 2 || len(l.open) != 2 {
		t.Errorf("%d listings are kept", len(l.putOpen))
	}
	if l.hasOpen("/d", maxListings-l.listings+1) || !l.hasOpen("/d", 1) {
		t.Error("listings are not bounded all together")
	}
	before := l.listings
	l.enter(Changes{Closed: []mirror.Path{"/b"}})
	if l.listings >= before || !l.notOpen["/b"] || len(l.putOpen) != 1 {
		t.Errorf("%d bytes of listings, before %d", l.listings, before)
	}
	l.finished = maxFinished - 3
	l.enter(Changes{Finished: []Finished{{Path: "/f/g"}, {Path: "/fg"}, {Path: "/h"}}})
	if len(l.putFinished) != 1 {
		t.Errorf("%d subtrees are kept", len(l.putFinished))
	}
}

// FuzzDecodeListing says that a text is that of one listing, or of none.
func FuzzDecodeListing(f *testing.F) {
	for _, entries := range listings {
		f.Add(encodeListing(entries))
	}
	f.Add([]byte("f 1 - a\nd 00 b\n"))
	f.Add([]byte("! refused\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := decodeListing(text)
		if err != nil {
			return
		}
		if again := encodeListing(entries); !bytes.Equal(again, text) {
			t.Errorf("%q becomes %q", text, again)
		}
	})
}

var listings = [][]digest.Entry{
	nil,
	{dir("a")},
	{file("f d", 0), {Name: "f 1 - x", Kind: digest.Link, Target: "f 1 - y"}, dir("f"), {Name: "size", Kind: digest.File, Size: digest.UnknownSize}},
	{{Name: "caf\xe9 \t", Kind: digest.Link}, {Name: "l", Kind: digest.Link, Target: "../\xff //"}, {Name: "x", Kind: digest.File, Size: 1<<63 - 1, Date: digest.NewDate(1, 2, 3)}},
}

// What a tree is made of comes back as it was.
func TestListingsComeBack(t *testing.T) {
	for _, entries := range listings {
		want, _ := digest.Clean(slices.Clone(entries))
		got, err := decodeListing(encodeListing(want))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	device := []digest.Entry{{Name: "null", Kind: digest.Other}, {Name: "odd", Kind: digest.Link, Target: "a\nb"}}
	if got, err := decodeListing(encodeListing(device)); err != nil || len(got) != 1 || got[0].Target != "" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"x", "d 00 a\n", "! refused\n", "f 1 - b\nf 1 - a\n", "f 1 - a", "f 1 - .a\n", "f 1 2024-13-01 a\n", "l a\n"} {
		if got, err := decodeListing([]byte(bad)); err == nil {
			t.Errorf("%q is %+v", bad, got)
		}
	}
}

// Walks are not held up while others look at much that has changed.
func BenchmarkChanges(b *testing.B) {
	const dirs, below = 1000, 100
	for b.Loop() {
		b.StopTimer()
		w := &walk{Walker: &Walker{Now: time.Now}, changed: map[*node]bool{}}
		sub := &digest.Summary{}
		for range dirs {
			n := &node{path: "/some/directory", entries: make([]digest.Entry, below)}
			for slot := range below {
				n.fresh = append(n.fresh, finishedSlot{slot, sub, time.Time{}})
			}
			w.changed[n] = true
		}
		r := &Walk{walk: w}
		b.StartTimer()
		if c := r.Changes(); len(c.Finished) != dirs*below || len(c.Open) != dirs {
			b.Fatal("something is missing")
		}
	}
}
