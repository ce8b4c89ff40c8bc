package resolver

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/resolver/segment"
	"mirrortracker/internal/store"
)

// What nobody holds any more goes when all segments are merged, and links lead
// where they led.
func TestMergedSegmentsAnswerAlike(t *testing.T) {
	w := newWorld()
	w.add("a", "ftp://a.example/", deep(50).with(dir{"l": "d7/sub"}))
	w.add("b", "ftp://b.example/", deep(50).at("/x"))
	x := w.index(t, Options{})
	for i := range 5 {
		w.add("a", "ftp://a.example/", deep(50).with(dir{"l": "d7/sub", "new": files("n", i)}))
		var err error
		if x, err = Build(t.Context(), w, x, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	if x.trees.Segments() != 6 {
		t.Errorf("%d segments", x.trees.Segments())
	}
	for from := range 6 {
		trees, numbers, err := segment.Merge(t.Context(), x.trees, from, x.allRoots(), segment.Options{})
		if err != nil {
			t.Fatal(err)
		}
		merged, err := x.renumbered(t.Context(), trees, numbers)
		if err != nil {
			t.Fatal(err)
		}
		if trees.Segments() != from+1 || from == 0 && trees.Len() != 101+2+1 {
			t.Errorf("%d trees in %d segments", trees.Len(), trees.Segments())
		}
		for path := range map[string]bool{"a/l/s7-001": true, "a/new/n002": true, "b/x/d3/sub": true} {
			site, p, err := x.Locate(path)
			if err != nil {
				t.Fatal(err)
			}
			before, after := resolve(x, *x.Site(site), p), resolve(merged, *x.Site(site), p)
			if got := brief(after); !after.Known || !slices.Equal(got, brief(before)) {
				t.Errorf("%s: %v, before %v", path, got, brief(before))
			}
		}
	}
}

// Segments remain few and trees that nobody holds go, however often there is
// something new.
func TestLiveTendsToItsSegments(t *testing.T) {
	w := newWorld()
	base := deep(100).with(dir{"big": files("f", 20)})
	w.add("a", "ftp://a.example/", base)
	w.add("b", "ftp://b.example/", base)
	live(t, w, func(l *Live) {
		for i := range 60 {
			w.add("a", "ftp://a.example/", base.with(dir{"new": deep(10).with(dir{fmt.Sprint(i): i})}))
			w.add("b", "ftp://b.example/", base.with(dir{"own": files(fmt.Sprint("b", i), 20).at("/x/y/z")}))
			pass(2)
			s := l.Status()
			if s.Segments > maxSegments || s.Trees > 400 || s.Err != nil {
				t.Errorf("after %d snapshots: %+v", i, s)
			}
			if a := ask(t, l.Index(), "a", "/big/f001"); len(a.Set.Members) != 2 || a.Snapshot().Seq != int64(3+2*i) {
				t.Errorf("after %d snapshots: %v of snapshot %d", i, brief(a), a.Snapshot().Seq)
			}
			check(t, ask(t, l.Index(), "a", "/new/d3/up/d4/up"), "exact a /new *")
		}
	})
}

// A slow world is a source that takes its time.
type slow struct{ *world }

func (s slow) Trees(ctx context.Context, ids []digest.ID, parts store.Parts, fn func(*digest.Tree) error) error {
	time.Sleep(6 * time.Second)
	return s.world.Trees(ctx, ids, parts, fn)
}

// Sites that are loaded do not wait for all others, and none loses what it has.
func TestSitesGoIntoForceOneByOne(t *testing.T) {
	w := newWorld()
	for _, name := range []string{"a", "b", "c", "d"} {
		w.add(name, "ftp://"+name+".example/", dir{name: dir{name: 1}})
	}
	synctest.Test(t, func(t *testing.T) {
		log := &journal{}
		l := NewLive(slow{w}, Options{}, slog.New(slog.NewTextHandler(log, nil)))
		known := func() (all string) {
			if x := l.Index(); x != nil {
				for _, t := range x.Sites() {
					if t.Snapshot.Seq != 0 {
						all += fmt.Sprint(t.Name, t.Snapshot.Seq, " ")
					}
				}
			}
			return all
		}
		done := make(chan error, 1)
		check := func() { done <- l.Check(t.Context()) }
		go check()
		for _, step := range []struct {
			after time.Duration
			known string
		}{{13 * time.Second, "a1 "}, {12 * time.Second, "a1 "}, {12 * time.Second, "a1 b2 c3 "}} {
			time.Sleep(step.after)
			synctest.Wait()
			if p := l.Status().Loading; known() != step.known || p == nil || p.Sites != 4 {
				t.Errorf("known %q, want %q; progress %+v", known(), step.known, p)
			}
		}
		if err := <-done; err != nil || known() != "a1 b2 c3 d4 " || l.Status().Loading != nil || !log.has("loading the index") {
			t.Errorf("known %q, %v", known(), err)
		}
		w.add("a", "ftp://a.example/", dir{"a": dir{"a": 2}})
		w.add("d", "ftp://d.example/", dir{"d": dir{"d": 2}})
		go check()
		time.Sleep(13 * time.Second)
		synctest.Wait()
		if known() != "a5 b2 c3 d4 " {
			t.Errorf("known %q", known())
		}
		if err := <-done; err != nil || known() != "a5 b2 c3 d6 " {
			t.Errorf("known %q, %v", known(), err)
		}
	})
}

// What became new while segments were merged is not lost, whether the source is
// there to load it again or not.
func TestASnapshotDuringAMerge(t *testing.T) {
	for _, away := range []bool{false, true} {
		w := newWorld()
		w.add("a", "ftp://a.example/", deep(20))
		l := NewLive(w, Options{}, slog.New(slog.DiscardHandler))
		for i := range 3 {
			w.add("a", "ftp://a.example/", deep(20).with(dir{"new": i}))
			if err := l.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		x := l.Index()
		w.add("a", "ftp://a.example/", deep(20).with(dir{"newest": 1}))
		if err := l.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if away {
			w.fail(errGone)
		}
		if _, err := l.merge(t.Context(), x, 0); (err != nil) != away {
			t.Errorf("away is %t: %v", away, err)
		}
		a := ask(t, l.Index(), "a", "/newest")
		if segments := l.Index().trees.Segments(); !a.Known || len(l.Index().Problems()) != 0 || (segments == 2) == away {
			t.Errorf("away is %t: known is %t in %d segments, %v", away, a.Known, segments, l.Index().Problems())
		}
	}
}
