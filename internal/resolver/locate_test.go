package resolver

import (
	"errors"
	"strings"
	"testing"

	"mirrortracker/internal/mirror"
)

func TestLocate(t *testing.T) {
	w := newWorld()
	w.add("whole", "ftp://one.example/", nil)
	w.add("pub", "ftp://one.example/pub/", nil)
	w.add("ported", "ftp://one.example:2121/", nil)
	w.add("six", "ftp://[2001:db8::1]/a b/", nil)
	w.add("alias", "ftp://two.example/x/", nil)
	w.add("z.alias", "ftp://three.example/", nil)
	w.add("odd", "ftp://odd.example/x/", nil)
	w.change("alias", func(s *mirror.Site) {
		for _, text := range []string{"https://one.example/pub/x/", "http://two.example:8080/", "https://odd.example/x/"} {
			u, err := mirror.ParseURL(text)
			if err != nil {
				t.Fatal(err)
			}
			s.Serving = append(s.Serving, u)
		}
	})
	x := w.index(t, Options{})
	const unknown = "unknown"
	for _, test := range []struct{ text, site, path string }{
		{"ftp://one.example/f", "whole", "/f"},
		{"ftp://one.example", "whole", "/"},
		{"FTP://ONE.example:21/f", "whole", "/f"},
		{"ftp://one.example/pub", "pub", "/"},
		{"ftp://one.example/pub/", "pub", "/"},
		{"ftp://one.example/pub/a%20b/%E9%23", "pub", "/a b/\xe9#"},
		{"ftp://one.example/public/a", "whole", "/public/a"},
		{"ftp://one.example/pub/x/y", "pub", "/x/y"},
		{"https://one.example/pub/x/y", "alias", "/y"},
		{"https://one.example/pub/y", unknown, ""},
		{"http://one.example/pub/x/y", unknown, ""},
		{"ftp://one.example:2121/pub/f", "ported", "/pub/f"},
		{"ftp://one.example:2122/pub/f", unknown, ""},
		{"http://two.example:8080/x/f", "alias", "/x/f"},
		{"ftp://two.example/x/f", "alias", "/f"},
		{"ftp://two.example/f", unknown, ""},
		{"ftp://[2001:DB8::1]/a%20b/c", "six", "/c"},

		{"whole", "whole", "/"},
		{"/whole/f", "whole", "/f"},
		{"pub/pub/f", "pub", "/pub/f"},
		{"z.alias/f", "z.alias", "/f"},
		{"pub/a%20b", "pub", "/a%20b"},

		{"one.example/pub/f", "pub", "/f"},
		{"one.example/pub/x/f", "alias", "/f"},
		{"/One.Example//pub///f/", "pub", "/f"},
		{"one.example:21/pub/f", "pub", "/f"},
		{"one.example:443/pub/x/f", "alias", "/f"},
		{"one.example:443/pub/f", unknown, ""},
		{"one.example:2121/pub/f", "ported", "/pub/f"},
		{"two.example/x/f", "alias", "/f"},
		{"two.example/f", unknown, ""},
		{"two.example:8080/x/f", "alias", "/x/f"},
		{"[2001:db8::1]/a b/c", "six", "/c"},
		{"[2001:db8::1]:21/a b/c", "six", "/c"},
		{"odd.example/x/f", "alias", "/f"}, // two sites fit equally well
		{"none.example/f", unknown, ""},
		{"2001:db8::1/f", unknown, ""},
		{"", unknown, ""},
	} {
		site, p, err := x.Locate(test.text)
		if test.site == unknown {
			if !errors.Is(err, ErrUnknownSite) {
				t.Errorf("%q: %v, %q, %v", test.text, site, p, err)
			}
			continue
		}
		if err != nil || x.Site(site).Name != test.site || string(p) != test.path {
			t.Errorf("%q: %v, %q, %v; want %s, %q", test.text, site, p, err, test.site, test.path)
		}
	}
	for _, text := range []string{
		"gopher://one.example/f", "ftp:///f", "ftp://one.example/a?b", "ftp://one.example/a/../b", "ftp://me:secret@one.example/",
		"whole/../f", "whole/a\nb", "one.example:0/f", "one.example:99999/f", "one.example:x/f",
	} {
		site, p, err := x.Locate(text)
		if err == nil || errors.Is(err, ErrUnknownSite) {
			t.Errorf("%q: %v, %q, %v; want another error", text, site, p, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Whatever the text, what is found lies on a tracked site, at a clean path.
func FuzzLocate(f *testing.F) {
	for _, seed := range []string{"ftp://one.example/pub/f%20x", "one/f", "one.example:21//x/", "[2001:db8::1]/x", "ftp://one.example/%2e%2e/x", "a/..", ":/", "[", "//"} {
		f.Add(seed)
	}
	w := newWorld()
	w.add("one", "ftp://one.example/pub/", dir{"f x": 1})
	w.add("six", "ftp://[2001:db8::1]/", dir{"x": dir{}})
	x := w.index(f, Options{})
	f.Fuzz(func(t *testing.T, text string) {
		site, p, err := x.Locate(text)
		if err != nil {
			return
		}
		if again, err := mirror.ParsePath(string(p)); err != nil || again != p {
			t.Errorf("%q: path %q, %v", text, p, err)
		}
		if a := resolve(x, *x.Site(site), p); a.Known && a.Dir == "" {
			t.Errorf("%q: %+v", text, a)
		}
	})
}
