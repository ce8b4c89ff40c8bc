package resolver

import (
	"fmt"
	"testing"

	"mirrortracker/internal/mirror"
)

// chainOf returns n links, each leading to the one before and the first to
// "end".
func chainOf(n int) dir {
	d := dir{"end": dir{"f": 1}}
	before := "end"
	for i := range n {
		name := fmt.Sprintf("l%d", i+1)
		d[name] = before
		before = name
	}
	return d
}

func TestLinks(t *testing.T) {
	const nowhere = ""
	content := dir{
		"real": dir{
			"sub":      dir{"f": 1, "up": "..", "up2": "../..", "up3": "../../..", "out-and-in": "../../../pub/real", "abs": "/pub/real/sub/f"},
			"sideways": "../other/./sub//",
		},
		"other":       dir{"sub": dir{"g": 1, "file-link": "g"}},
		"self":        "self",
		"ping":        "pong",
		"pong":        "ping",
		"here":        ".",
		"deep":        "real/sub/up/sub/up/sub",
		"dangling":    "real/nothing",
		"into-file":   "real/sub/f/x",
		"file-slash":  "real/sub/f/",
		"file":        "real/sub/f",
		"file2":       "file",
		"empty":       "",
		"root":        "/",
		"pub":         "/pub",
		"pub-dots":    "/pub/../pub/./other",
		"abs-outside": "/other",
		"abs-else":    "/etc/passwd",
		"abs-above":   "/../pub/other",
		"through":     "pub/real/sideways",
		"via-loop":    "ping/x",
		"hidden":      "real/.sub",
	}
	for _, test := range []struct {
		base, path, real string
	}{
		{"/pub/", "/real/sub/up", "/real"},
		{"/pub/", "/real/sub/up2", "/"},
		{"/pub/", "/real/sub/up3", nowhere},
		{"/pub/", "/real/sub/up3/pub/other", nowhere},
		{"/pub/", "/real/sub/out-and-in", "/real"},
		{"/", "/real/sub/out-and-in", nowhere},
		{"/pub/", "/real/sub/abs", "/real/sub/f"},
		{"/", "/real/sub/abs", nowhere},
		{"/pub/", "/real/sideways", "/other/sub"},
		{"/pub/", "/real/sideways/g", "/other/sub/g"},
		{"/pub/", "/real/sideways/file-link", "/other/sub/g"},
		{"/pub/", "/self", nowhere},
		{"/pub/", "/ping", nowhere},
		{"/pub/", "/via-loop", nowhere},
		{"/pub/", "/here", "/"},
		{"/pub/", "/here/here/here/real/sub/f", "/real/sub/f"},
		{"/pub/", "/deep", "/real/sub"},
		{"/pub/", "/deep/up/sub/f", "/real/sub/f"},
		{"/pub/", "/dangling", nowhere},
		{"/pub/", "/into-file", nowhere},
		{"/pub/", "/file-slash", nowhere},
		{"/pub/", "/file", "/real/sub/f"},
		{"/pub/", "/file2", "/real/sub/f"},
		{"/pub/", "/file2/x", nowhere},
		{"/pub/", "/empty", nowhere},
		{"/pub/", "/root", nowhere},
		{"/", "/root", "/"},
		{"/pub/", "/pub", "/"},
		{"/pub/", "/pub/pub/real", "/real"},
		{"/", "/pub", nowhere}, // it leads to itself
		{"/pub/", "/pub-dots", "/other"},
		{"/pub/", "/abs-outside", nowhere},
		{"/", "/abs-outside", "/other"},
		{"/pub/", "/abs-else", nowhere},
		{"/pub/", "/abs-above", nowhere},
		{"/pub/", "/through/g", "/other/sub/g"},
		{"/pub/", "/hidden", nowhere},
		{"/very/deep/", "/root", nowhere},
		{"/very/deep/", "/real/sub/up3", nowhere},
	} {
		w := newWorld()
		site := w.add("s", "ftp://s.example"+test.base, content)
		a := resolve(w.index(t, Options{}), site, mirror.Path(test.path))
		if string(a.Real()) != test.real || a.Known != (test.real != nowhere) {
			t.Errorf("base %s, %s: is %q, want %q", test.base, test.path, a.Real(), test.real)
		}
	}
}

// A link may pass above the site's root on its way, by way of another link too.
func TestALinkThroughTheServersRoot(t *testing.T) {
	w := newWorld()
	w.add("s", "ftp://s.example/a/b/", dir{"up": "..", "down": "up/b/x", "x": dir{"f": 1}})
	x := w.index(t, Options{})
	if a := ask(t, x, "s", "/down/f"); a.Real() != "/x/f" {
		t.Errorf("is %q", a.Real())
	}
	if a := ask(t, x, "s", "/up"); a.Known {
		t.Errorf("outside of the site: is %q", a.Real())
	}
}

func TestFortyLinksAreFollowed(t *testing.T) {
	w := newWorld()
	w.add("s", "ftp://s.example/", chainOf(45))
	x := w.index(t, Options{})
	for n := 1; n <= 45; n++ {
		a := ask(t, x, "s", mirror.Path(fmt.Sprintf("/l%d/f", n)))
		if a.Known != (n <= 40) {
			t.Errorf("over %d links: known is %t", n, a.Known)
		}
	}
}

// A tree with links can stand in many places; each has its own table entries.
func TestSharedTreesResolveLinksInTheirPlace(t *testing.T) {
	shared := dir{"l": "../x", "l2": "../../x"}
	w := newWorld()
	w.add("s", "ftp://s.example/", dir{
		"x": dir{"0": 1},
		"a": dir{"in": shared, "x": dir{"1": 1}},
		"b": dir{"in": shared, "x": dir{"2": 1}, "c": dir{"in": shared}},
	})
	x := w.index(t, Options{})
	for path, real := range map[mirror.Path]mirror.Path{
		"/a/in/l/1": "/a/x/1", "/b/in/l/2": "/b/x/2", "/b/c/in/l": "",
		"/a/in/l2/0": "/x/0", "/b/c/in/l2/2": "/b/x/2",
	} {
		if a := ask(t, x, "s", path); a.Real() != real {
			t.Errorf("%s is %q, want %q", path, a.Real(), real)
		}
	}
}
