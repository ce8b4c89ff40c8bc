package resolver

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A directory that no site has is found by what it amounts to, wherever its equals stand.
func TestCounterparts(t *testing.T) {
	games := dir{"chess": files("c", 5), "go": files("g", 5)}
	w := newWorld()
	w.add("east", "ftp://east.example/pub/", dir{"games": games, "copy": dir{"games": games}})
	w.add("north", "ftp://north.example/", games)
	w.add("old", "ftp://old.example/", games.later().at("/stuff/games"))
	w.add("partial", "ftp://partial.example/", games.with(dir{"go": files("g", 4)}).at("/games"))
	w.add("small", "ftp://small.example/pub/", dir{"stuff": dir{"tiny": files("t", 2)}, "tiny": files("t", 2), "none": dir{}})
	x := w.index(t, Options{})
	find := func(d dir, at mirror.Path) (got []string, capped bool) {
		t.Helper()
		all, capped := x.Counterparts(w.put(d).Summary, at)
		for _, c := range all {
			got = append(got, fmt.Sprint(c.Class, " ", x.Site(c.Site).Name, " ", c.Path))
		}
		return got, capped
	}
	for _, c := range []struct {
		name string
		of   dir
		at   mirror.Path
		want []string
	}{
		{"under any name", games, "/", []string{"exact east /copy/games", "exact east /games", "exact north /", "blind old /stuff/games"}},
		{"with other dates", games.later(), "/stuff/games", []string{"exact old /stuff/games", "blind east /copy/games", "blind east /games", "blind north /"}},
		{"nowhere", files("n", 20), "/games", nil},
		{"too small to count by itself", files("t", 2), "/a/tiny", nil},
		{"too small, and of that name", files("t", 2), "/pub/stuff/tiny", []string{"exact small /stuff/tiny"}},
		{"empty", dir{}, "/pub/none", nil},
		{"incomplete", dir{"!": "refused", "a": 1}, "/games", nil},
	} {
		got, capped := find(c.of, c.at)
		if diff := cmp.Diff(c.want, got); diff != "" || capped {
			t.Errorf("%s (-want +got), capped %v:\n%s", c.name, capped, diff)
		}
	}
	if all, _ := x.Counterparts(digest.Summary{}, "/"); all != nil {
		t.Errorf("nothing has %v", all)
	}
}

// However often a directory stands somewhere, the search ends.
func TestCounterpartsAreBounded(t *testing.T) {
	many, d := dir{}, files("f", 20)
	for i := range 100 {
		many[fmt.Sprint("d", i)] = dir{"x": d}
	}
	w := newWorld()
	w.add("many", "ftp://many.example/", many)
	x := w.index(t, Options{MaxSteps: 50})
	all, capped := x.Counterparts(w.put(d).Summary, "/")
	if !capped || len(all) == 0 || len(all) >= 50 {
		t.Errorf("%d found, capped %v", len(all), capped)
	}
}
