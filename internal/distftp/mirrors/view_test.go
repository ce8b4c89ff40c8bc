package mirrors

import (
	"fmt"
	"slices"
	"testing"

	"mirrortracker/internal/mirror"
)

// TestViewFindsTheDeepest looks paths up in a view with aliases and bindings inside each
// other.
func TestViewFindsTheDeepest(t *testing.T) {
	far, near := &Alias{Path: "/pub/far", Root: "/"}, &Alias{Path: "/pub/far/near", Root: "/mnt"}
	high := &Alias{Path: "/x/y/z", Root: "/"}
	entry := &Entry{ID: 1, Members: []*Member{{Weight: 60, Default: true}, {Alias: far, Weight: 40}}}
	v := newView(7, []*Alias{far, near, high}, []*Entry{entry}, []*Binding{
		{Dir: "/pub", Entry: entry},
		{Dir: "/pub/own/deep", URL: "ftp://h/"},
	})
	for _, c := range []struct{ path, alias, rest, bound string }{
		{"/", "", "", ""},
		{"/pub", "", "", "/pub"},
		{"/pub/far", "/pub/far", "/", ""},
		{"/pub/far/x", "/pub/far", "/x", ""},
		{"/pub/farther", "", "", "/pub"},
		{"/pub/far/near/x/y", "/pub/far/near", "/x/y", ""},
		{"/pub/own/deep/f", "", "", "/pub/own/deep"},
		{"/pub/own/f", "", "", "/pub"},
		{"/x/y", "", "", ""},
		{"/x/y/z", "/x/y/z", "/", ""},
	} {
		a, rest, ok := v.Alias(mirror.Path(c.path))
		if ok != (c.alias != "") || ok && (string(a.Path) != c.alias || string(rest) != c.rest) {
			t.Errorf("alias of %s: %v, %q, %v", c.path, a, rest, ok)
		}
		b, ok := v.Binding(mirror.Path(c.path))
		if ok != (c.bound != "") || ok && string(b.Dir) != c.bound {
			t.Errorf("binding of %s: %v, %v", c.path, b, ok)
		}
	}
	for dir, want := range map[mirror.Path][]string{"/": {"pub", "x"}, "/pub": {"far"}, "/pub/far": {"near"}, "/x": {"y"}, "/x/y": {"z"}, "/x/y/z": nil} {
		if got := v.Below(dir); !slices.Equal(got, want) {
			t.Errorf("below %s: %q, want %q", dir, got, want)
		}
	}
	if got := near.Linked("/a/b") + " " + near.Linked("/") + " " + near.Mirrored("/pub/f") + " " + far.Mirrored("/pub/f"); got != "/mnt/a/b /mnt /mnt/pub/f /pub/f" {
		t.Errorf("paths on the server: %s", got)
	}
	if got := fmt.Sprintln(len(v.Aliases()), v.Entries()[0].Default().Name(), len(v.Bindings())); got != "3 LOCAL 2\n" {
		t.Errorf("all of it: %s", got)
	}
	if _, ok := newView(0, nil, nil, []*Binding{{Dir: mirror.Root}}).Binding("/a"); !ok {
		t.Error("the root is not bound")
	}
}
