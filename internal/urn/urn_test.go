package urn

import (
	"errors"
	"strings"
	"testing"

	"mirrortracker/internal/mirror"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"urn:mirror:gnu/tar/tar-1.35.tar.gz": "urn:mirror:gnu/tar/tar-1.35.tar.gz",
		"URN:Mirror:gnu/Tar":                 "urn:mirror:gnu/Tar",
		"urn:ab:x":                           "urn:ab:x",
		"urn:a-b:c%2Fd%fe":                   "urn:a-b:c%2Fd%fe",
		"urn:mirror:gnu?+r?more?=q/x?y#f/?":  "urn:mirror:gnu",
		"urn:mirror:gnu?=q":                  "urn:mirror:gnu",
		"urn:mirror:gnu#":                    "urn:mirror:gnu",
		"urn:mirror:ftp://ftp.example:21/x":  "urn:mirror:ftp://ftp.example:21/x",
		"urn:mirror:a@b:c!$&'()*+,;=~_.-":    "urn:mirror:a@b:c!$&'()*+,;=~_.-",
	} {
		u, err := Parse(text)
		if err != nil || u.String() != want {
			t.Errorf("%s: %s, %v, want %s", text, u, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "urn:", "urn:mirror", "urn:mirror:", "urn:m:x", "urn:-m:x", "urn:m-:x", "urn:tracker.foo.net:x", "urn:" + strings.Repeat("n", 33) + ":x",
		"url:mirror:x", "urn:mirror:/x", "urn:mirror:a b", "urn:mirror:a%", "urn:mirror:a%2", "urn:mirror:a%zz", "urn:mirror:caf\xe9", "urn:mirror:é",
		"urn:mirror:a?b", "urn:mirror:a?", "urn:mirror:a?+", "urn:mirror:a?=", "urn:mirror:a?+/r", "urn:mirror:a?+r?=", "urn:mirror:a#b#c", "urn:mirror:a\x00",
		"urn:mirror:a\\b", "urn:mirror:a[1]", "urn:mirror:\"", "urn:mirror:" + strings.Repeat("x", MaxLength),
	} {
		if u, err := Parse(text); err == nil {
			t.Errorf("%.60q is taken for %s", text, u)
		}
	}
}

func names(t testing.TB) *Names {
	t.Helper()
	n, err := NewNames("", []Archive{
		{"gnu", "origin", "/pub/gnu"}, {"gnu-tar", "origin", "/pub/gnu/tar"}, {"all", "other", mirror.Root},
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPlace(t *testing.T) {
	for text, want := range map[string]string{
		"urn:mirror:gnu/tar/x":          "/origin/pub/gnu/tar/x",
		"urn:mirror:gnu":                "/origin/pub/gnu/",
		"urn:mirror:gnu/":               "/origin/pub/gnu/",
		"urn:mirror:gnu//a%20b%FF/":     "/origin/pub/gnu/a b\xff/",
		"urn:mirror:all/x":              "/other/x",
		"urn:mirror:all":                "/other/",
		"urn:mirror:all/a://b":          "/other/a:/b",
		"urn:mirror:ftp://ftp.gnu.org/": "ftp://ftp.gnu.org/",
	} {
		if got, err := names(t).Place(text); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]error{
		"urn:isbn:123":         ErrNamespace,
		"urn:mirror:nothing/x": ErrArchive,
		"urn:mirror:GNU/x":     ErrArchive,
	} {
		if got, err := names(t).Place(text); !errors.Is(err, want) {
			t.Errorf("%s: %q, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"urn:mirror:gnu/../x", "urn:mirror:gnu/%2e%2E/x", "urn:mirror:gnu/a%2Fb", "urn:mirror:gnu/a%0d", "urn:mirror:gnu/%00"} {
		if got, err := names(t).Place(text); err == nil {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestOf(t *testing.T) {
	for _, c := range []struct {
		site string
		path mirror.Path
		dir  bool
		want string
	}{
		{"origin", "/pub/gnu/tar/a b", false, "urn:mirror:gnu-tar/a%20b urn:mirror:gnu/tar/a%20b"},
		{"origin", "/pub/gnu", true, "urn:mirror:gnu"},
		{"origin", "/pub/gnu/sed", true, "urn:mirror:gnu/sed/"},
		{"origin", "/pub/gnu-more", true, ""},
		{"other", "/", true, "urn:mirror:all"},
		{"other", "/\xff", false, "urn:mirror:all/%FF"},
		{"nobody", "/pub/gnu", true, ""},
	} {
		if got := strings.Join(names(t).Of(c.site, c.path, c.dir), " "); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.site, c.path, got, c.want)
		}
	}
}

func TestNewNamesRefuses(t *testing.T) {
	for _, c := range []struct {
		nid     string
		archive []Archive
	}{
		{"x", nil},
		{"tracker.example", nil},
		{"", []Archive{{"", "origin", "/"}}},
		{"", []Archive{{"A", "origin", "/"}}},
		{"", []Archive{{"a", "", "/"}}},
		{"", []Archive{{"a", "metrics", "/"}}},
		{"", []Archive{{"a", "origin", "pub"}}},
		{"", []Archive{{"a", "origin", "/pub/"}}},
		{"", []Archive{{"a", "origin", "/../pub"}}},
		{"", []Archive{{"a", "origin", "/"}, {"a", "other", "/"}}},
	} {
		if _, err := NewNames(c.nid, c.archive); err == nil {
			t.Errorf("%q %v is taken", c.nid, c.archive)
		}
	}
	var none *Names
	if _, err := none.Place("urn:mirror:x/y"); !errors.Is(err, ErrArchive) {
		t.Errorf("no names: %v", err)
	}
}

// FuzzParse holds that a name that is taken is written and read again as the
// same, and that it names no place outside its archive; and that the name of a
// place leads back to it.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"urn:mirror:gnu/tar/x", "URN:MIRROR:gnu?+r?=q#f", "urn:mirror:gnu/%2e%2e/x", "urn:mirror:all/%FF%25", "urn:mirror:ftp://h/p", "urn:a:b", "urn:mirror:gnu//",
	} {
		f.Add(text)
	}
	n := names(f)
	f.Fuzz(func(t *testing.T, text string) {
		u, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(u.String()); err != nil || again != u {
			t.Fatalf("%q: %v, %v", u, again, err)
		}
		place, err := n.Place(text)
		if err != nil || strings.Contains(place, "://") {
			return
		}
		site, rest, _ := strings.Cut(strings.TrimPrefix(place, "/"), "/")
		path, err := mirror.ParsePath(rest)
		if err != nil {
			t.Fatalf("%q leads to %q: %v", text, place, err)
		}
		if site != "other" && path != "/pub/gnu" && !strings.HasPrefix(string(path), "/pub/gnu/") {
			t.Fatalf("%q leads out to %q", text, place)
		}
		dir := strings.HasSuffix(place, "/")
		for _, name := range n.Of(site, path, dir) {
			back, err := n.Place(name)
			if err != nil || strings.TrimSuffix(back, "/") != strings.TrimSuffix(place, "/") {
				t.Fatalf("%q: name %s leads to %q, %v", place, name, back, err)
			}
		}
	})
}
