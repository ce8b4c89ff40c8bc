package control

import (
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/mirror"
)

func TestTwoPaths(t *testing.T) {
	tests := []struct {
		arg, first, second string
		ok                 bool
	}{
		{`a b`, `a`, `b`, true},
		{`a b c`, `a`, `b c`, true},
		{`a  b`, `a`, ` b`, true},
		{`"a b" c`, `a b`, `c`, true},
		{`"a b" c d`, `a b`, `c d`, true},
		{`"a b" "c d"`, `a b`, `c d`, true},
		{`a "c ""d"`, `a`, `c "d`, true},
		{`"""" x`, `"`, `x`, true},
		{`a b"c`, `a`, `b"c`, true},
		{`a"b c`, `a"b`, `c`, true},
		{``, ``, ``, false},
		{`a`, ``, ``, false},
		{`a `, ``, ``, false},
		{` b`, ``, ``, false},
		{`"a`, ``, ``, false},
		{`"a"`, ``, ``, false},
		{`"a"b`, ``, ``, false},
		{`"" b`, ``, ``, false},
		{`a "b`, ``, ``, false},
		{`a "b" c`, ``, ``, false},
		{`a ""`, ``, ``, false},
	}
	for _, tt := range tests {
		first, second, ok := twoPaths(tt.arg)
		if ok != tt.ok || ok && (first != tt.first || second != tt.second) {
			t.Errorf("%s: %q, %q, %v", tt.arg, first, second, ok)
		}
	}
}

// Whatever two paths there are, quoted they are read as they were.
func FuzzTwoPaths(f *testing.F) {
	f.Add("a", `b "c"`, `"x y`)
	f.Add(`"`, `""`, ` `)
	f.Fuzz(func(t *testing.T, first, second, any string) {
		quoted := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
		a, b, ok := twoPaths(quoted(first) + " " + quoted(second))
		if ok != (first != "" && second != "") || ok && (a != first || b != second) {
			t.Errorf("%q, %q read as %q, %q, %v", first, second, a, b, ok)
		}
		if a, b, ok := twoPaths(any); ok && (a == "" || b == "") {
			t.Errorf("%q read as %q, %q", any, a, b)
		}
	})
}

func TestRelative(t *testing.T) {
	for _, tt := range []struct{ dir, to, want string }{
		{"/", "/a", "a"}, {"/", "/", "."}, {"/a", "/", ".."}, {"/a", "/a", "."}, {"/a", "/a/b", "b"},
		{"/a/b", "/a/c/d", "../c/d"}, {"/a/b/c", "/x y", "../../../x y"},
	} {
		if got := relative(mirror.Path(tt.dir), mirror.Path(tt.to)); got != tt.want {
			t.Errorf("from %s to %s: %q, want %q", tt.dir, tt.to, got, tt.want)
		}
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		"20200229010203":     time.Date(2020, 2, 29, 1, 2, 3, 0, time.UTC),
		"20200229010203.250": time.Date(2020, 2, 29, 1, 2, 3, 250e6, time.UTC),
		"202002290102":       time.Date(2020, 2, 29, 1, 2, 0, 0, time.UTC),
		"19700101000000":     time.Unix(0, 0),
		"20200230010203":     {}, "2020022901020": {}, "": {}, "never": {}, "-2020229010203": {}, "20200229010203Z": {},
	} {
		if got, err := parseTime(text); !got.Equal(want) || (err != nil) != want.IsZero() {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
