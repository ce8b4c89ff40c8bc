package redirect

import (
	"strings"
	"testing"
)

// What is looked at is bounded, and dates count unless they are left out of account.
func TestComparison(t *testing.T) {
	w := newWorld()
	w.site(t, "a", 100, dir{"d": dir{"dated": file{1, 1}, "grown": file{1, 1}, "same": file{1, 1}, "gone": file{1, 1}}}, "ftp://a.example/")
	w.site(t, "b", 100, dir{"d": dir{"dated": file{1, 2}, "grown": file{2, 1}, "same": file{1, 1}, "new": dir{}}}, "ftp://b.example/")
	r := New(Config{Source: w.hold(t)})
	a, err := r.resolve(&Question{Text: "/a/d"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.resolve(&Question{Text: "/b/d"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		blind      bool
		left, most int
		want       string
		complete   bool
	}{
		{false, 5, 4, "dated gone grown new", true},
		{true, 5, 3, "gone grown new", true},
		{false, 4, 4, "dated gone grown new", false}, // "same" was not looked at
		{false, 1, 4, "dated", false},
		{false, 5, 3, "dated gone grown", false},
	} {
		d := comparison{Blind: c.blind, Complete: true, left: c.left, most: c.most}
		d.folders(a.Folder(), b.Folder(), "")
		var paths []string
		for _, difference := range d.Differences {
			paths = append(paths, difference.Path)
		}
		if got := strings.Join(paths, " "); got != c.want || d.Complete != c.complete {
			t.Errorf("%+v: %q, complete %t", c, got, d.Complete)
		}
	}
}
