package control

import (
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mirrortracker/internal/mirror"
)

func TestParse(t *testing.T) {
	tests := []struct {
		line, verb, arg string
		bad             bool
	}{
		{line: "quit", verb: "QUIT"},
		{line: "CWD a b ", verb: "CWD", arg: "a b "},
		{line: "CWD  a", verb: "CWD", arg: " a"},
		{line: "CWD\ta"},
		{line: "CWD ", verb: "CWD"},
		{line: "XSHA256 f", verb: "XSHA256", arg: "f"},
		{line: ""},
		{line: " CWD a"},
		{line: "CW\xc4 a"},
		{line: "ABCDEFGHIJKLM a"},
		{line: "CWD a\x00b", verb: "CWD", arg: "a\x00b", bad: true},
		{line: "CWD a\rb", verb: "CWD", arg: "a\rb", bad: true},
	}
	for _, tt := range tests {
		verb, arg, err := parse([]byte(tt.line))
		if verb != tt.verb || arg != tt.arg || (err != nil) != tt.bad {
			t.Errorf("%q: %q, %q, %v", tt.line, verb, arg, err)
		}
	}
}

func TestResolve(t *testing.T) {
	tests := []struct{ cwd, arg, want string }{
		{"/", "", "/"},
		{"/a", "", "/a"},
		{"/a", "b", "/a/b"},
		{"/a", "/b", "/b"},
		{"/a", "..", "/"},
		{"/a", "../../..", "/"},
		{"/a/b", "../c//./d/", "/a/c/d"},
		{"/a", " b ", "/a/ b "},
		{"/a", "...", "/a/..."},
		{"/a", "\xff\xe9", "/a/\xff\xe9"},
		{"/a", "~", "/a/~"},
		{"/a", "b\x00", "error"},
		{"/a", "b\n", "error"},
		{"/" + strings.Repeat("a/", 2000) + "a", strings.Repeat("b", 93), "/" + strings.Repeat("a/", 2001) + strings.Repeat("b", 93)},
		{"/" + strings.Repeat("a/", 2000) + "a", strings.Repeat("b", 94), "error"},
	}
	for _, tt := range tests {
		got, err := resolve(mirror.Path(tt.cwd), tt.arg)
		if err != nil {
			got = "error"
		}
		if string(got) != tt.want {
			t.Errorf("%q in %q: %q (%v), want %q", tt.arg, tt.cwd, got, err, tt.want)
		}
	}
}

// resolve is path.Join without the file system, and does not touch the path that it
// starts from.
func TestResolveLaw(t *testing.T) {
	step := rapid.SampledFrom([]string{"a", "b c", "..", ".", "", "...", "\xe9"})
	rapid.Check(t, func(t *rapid.T) {
		cwd := mirror.Path(path.Join("/", strings.Join(rapid.SliceOf(step).Draw(t, "cwd"), "/")))
		arg := strings.Join(rapid.SliceOf(step).Draw(t, "arg"), "/")
		want := path.Join(string(cwd), arg)
		if strings.HasPrefix(arg, "/") {
			want = path.Clean(arg)
		}
		if got, err := resolve(cwd, arg); err != nil || string(got) != want {
			t.Fatalf("%q in %q: %q, %v, want %q", arg, cwd, got, err, want)
		}
	})
}

func TestLsOptions(t *testing.T) {
	tests := []struct {
		arg  string
		all  bool
		path string
	}{
		{"", false, ""},
		{"-a", true, ""},
		{"-la", true, ""},
		{"-l", false, ""},
		{"-l -a", true, ""},
		{"-l  a b ", false, " a b "},
		{"-- -a", false, "-a"},
		{"-R --all -x y", false, "y"},
		{"a -a", false, "a -a"},
		{"./-a", false, "./-a"},
	}
	for _, tt := range tests {
		if o, path := parseLsOptions(tt.arg); o.dots != tt.all || o.hidden != tt.all || path != tt.path {
			t.Errorf("%q: %v, %q", tt.arg, o.dots, path)
		}
	}
}
