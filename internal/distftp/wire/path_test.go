package wire

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPathsAsText(t *testing.T) {
	for p, want := range map[Path]string{
		"/":             "/",
		"/pub/a b":      "/pub/a b",
		"/100%":         "/100%25",
		"/\xff\xfe":     "/%FF%FE",
		"/é\xc3":        "/é%C3",
		"/\ufffd\x00\n": "/\ufffd\x00\n",
	} {
		text, err := p.MarshalText()
		if err != nil || string(text) != want {
			t.Errorf("%q is written %q, %v; want %q", p, text, err, want)
		}
	}
	for _, text := range []string{"/%", "/%4", "/%GG", "/%ff", "/a%1"} {
		if err := new(Path).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestPathsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Path(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		line, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Path
		if err := json.Unmarshal(line, &got); err != nil || got != want {
			t.Fatalf("%q came back as %q, %v", want, got, err)
		}
	})
}

func TestPathsThatAreNone(t *testing.T) {
	for _, p := range []Path{"/", "/a", "/a/b", "/...", "/ ", Path("/" + strings.Repeat("n", MaxName))} {
		if err := p.Check(); err != nil {
			t.Error(err)
		}
	}
	for _, p := range []Path{
		"", "a", "//", "/a/", "/a//b", "/.", "/..", "/a/../b", "/a\x00b", Path("/" + strings.Repeat("n", MaxName+1)),
		Path(strings.Repeat("/n", MaxPath)),
	} {
		if err := p.Check(); err == nil {
			t.Errorf("%.20q is a path", p)
		}
	}
}
