package account

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrortracker/internal/mirror"
)

func TestPattern(t *testing.T) {
	const home = "/home/ann"
	tests := []struct {
		pattern string
		yes, no string // paths, with blanks between
	}{
		{"/", "/", "/a /a/b"},
		{"/pub", "/pub", "/ /Pub /pub/a /pubs /a/pub"},
		{"/pub/*", "/pub/a /pub/...", "/pub /pub/a/b"},
		{"/pub/**", "/pub /pub/a /pub/a/b/c", "/ /pubs /a/pub"},
		{"/**", "/ /a /a/b", ""},
		{"/**/a", "/a /b/a /b/c/a", "/ /a/b /ba"},
		{"/a/**/b/**/c", "/a/b/c /a/x/b/y/z/c /a/b/b/c/c", "/a/c /a/b /a/c/b /x/a/b/c"},
		{"/*/incoming/**", "/x/incoming /x/incoming/y", "/incoming /x/y/incoming"},
		{"/?a*.i??", "/ba.iso /xa.y.img /xa.i12", "/a.iso /ba.isos /ba/.iso"},
		{"/*a*b*c*", "/abc /xaxbxcx", "/acb /ab"},
		{"/**/*.tmp", "/x.tmp /a/b/.tmp", "/x.tmp/y /tmp"},
		{`/\*\?\\/\**`, `/*?\/*x`, `/a?\/*x /*?\/x`},
		{"~", home, "/ /home /home/ann/x"},
		{"~/**", home + " " + home + "/x/y", "/home /home/anna"},
		{"~/*/pub", home + "/x/pub", home + "/pub"},
		{"/~", "/~", home},
		{"/caf?", "/caf\xe9", "/café"},
	}
	for _, tt := range tests {
		p, err := ParsePattern(tt.pattern)
		if err != nil {
			t.Error(err)
			continue
		}
		if p.String() != tt.pattern {
			t.Errorf("%s is written as %s", tt.pattern, p)
		}
		for want, paths := range map[bool]string{true: tt.yes, false: tt.no} {
			for path := range strings.FieldsSeq(paths) {
				if got := p.at(home).matches(mirror.Path(path)); got != want {
					t.Errorf("%s with %s: got %v", tt.pattern, path, got)
				}
			}
		}
	}
}

func TestPatternOfTheRootAsHome(t *testing.T) {
	p, err := ParsePattern("~/**")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []mirror.Path{"/", "/a/b"} {
		if !p.at(mirror.Root).matches(path) {
			t.Errorf("%s does not match", path)
		}
	}
}

func TestPatternRefused(t *testing.T) {
	for text, why := range map[string]string{
		"":                                    "begin with a slash",
		"pub":                                 "begin with a slash",
		"~ann/x":                              "begin with a slash",
		"/pub/":                               "slash",
		"~/":                                  "slash",
		"//":                                  "two slashes",
		"/a/../b":                             `".."`,
		"/.":                                  `"."`,
		"/a**":                                "stand alone",
		"/***":                                "stand alone",
		`/a\`:                                 "nothing",
		`/a\/b`:                               "nothing",
		"/a\nb":                               "control character",
		"/a\xff":                              "UTF-8",
		"/" + strings.Repeat("a", maxPattern): "at most",
	} {
		if _, err := ParsePattern(text); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Patterns and paths of few letters, so that they often have something to do with
// each other.
var (
	drawPart = rapid.OneOf(rapid.Just("**"), rapid.StringMatching(`[ab]{1,2}|[ab]?\*[ab]?|\?[ab]?|[ab]?\*[ab]\*|\\\*|\\a`))
	drawPath = rapid.Custom(func(t *rapid.T) mirror.Path {
		return mirror.FromNames(rapid.SliceOfN(rapid.StringMatching(`[ab]{1,4}|\*`), 0, 6).Draw(t, "names"))
	})
	drawPattern = rapid.Custom(func(t *rapid.T) string {
		return "/" + strings.Join(rapid.SliceOfN(drawPart, 1, 6).Draw(t, "parts"), "/")
	})
)

// reference matches by a regular expression that says what the documentation does.
func reference(pattern string, path mirror.Path) bool {
	var b strings.Builder
	for component := range strings.SplitSeq(pattern[1:], "/") {
		if component == "**" {
			b.WriteString(`(/[^/]+)*`)
			continue
		}
		b.WriteByte('/')
		for i := 0; i < len(component); i++ {
			switch component[i] {
			case '*':
				b.WriteString(`[^/]*`)
			case '?':
				b.WriteString(`[^/]`)
			case '\\':
				i++
				fallthrough
			default:
				b.WriteString(regexp.QuoteMeta(component[i : i+1]))
			}
		}
	}
	text := string(path)
	if path == mirror.Root {
		text = ""
	}
	return regexp.MustCompile(`\A` + b.String() + `\z`).MatchString(text)
}

func TestPatternMatchesAsARegularExpressionDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, path := drawPattern.Draw(t, "pattern"), drawPath.Draw(t, "path")
		p, err := ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := p.matches(path), reference(text, path); got != want {
			t.Errorf("%s with %s: got %v", text, path, got)
		}
	})
}

// A pattern is an administrator's, but paths are a client's: no path may take long.
func TestPatternIsFast(t *testing.T) {
	slow, err := ParsePattern("/" + strings.Repeat("**/*a*a*a*a*b/", 20) + "c")
	if err != nil {
		t.Fatal(err)
	}
	path := mirror.Path(strings.Repeat("/"+strings.Repeat("a", 30), 100))
	begin := time.Now()
	if slow.matches(path) {
		t.Error("it matches")
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add("allow all ~/**", "/home/ann/x")
	f.Add(`deny list,read /pub/\*/a?c/**`, "/pub/*/abc")
	f.Fuzz(func(t *testing.T, text, path string) {
		r, err := ParseRule(text)
		if err != nil {
			return
		}
		again, err := ParseRule(r.String())
		if err != nil || again.String() != r.String() || again.Verbs != r.Verbs || again.Allow != r.Allow {
			t.Errorf("%q is written as %q and read as %q, %v", text, r, again, err)
		}
		if p, err := mirror.ParsePath(path); err == nil {
			r.at("/home/ann").decides(p, Read)
		}
	})
}
