package resolver

import (
	"slices"
	"testing"

	"mirrortracker/internal/resolver/segment"
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
