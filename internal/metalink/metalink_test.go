package metalink

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var header = Header{
	Generator: "mirrortracker <1>", Origin: "http://tracker.example/origin/gnu/?meta4&x=1",
	Published: time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC), Updated: time.Date(2026, 3, 1, 13, 0, 0, 0, time.FixedZone("", 3600)),
}

func write(t testing.TB, h Header, files ...File) string {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, h)
	for i := range files {
		if err := w.File(&files[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Comment("2 files are left out --> <x/>\xff-"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDocument(t *testing.T) {
	files := []File{
		{Name: "tar-1.35.tar.gz", Size: 4_000_000, Hashes: []Hash{{"sha-256", strings.Repeat("0f", 32)}}, URLs: []URL{
			{"http://west.example/w%20w/tar-1.35.tar.gz", "de", 1}, {"ftp://east.example:2121/x?%26", "", 2},
		}},
		{Name: "sub dir/<\"&'é>.txt", Size: -1, URLs: []URL{{"ftp://east.example/a&b", "fr", 0}}},
		{Name: "empty", URLs: []URL{{"http://h/empty", "", MaxPriority}}},
	}
	text := write(t, header, files...)
	if err := conforms(strings.NewReader(text)); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
	got, err := Read(strings.NewReader(text), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	want := &Document{Header: header, Files: files}
	want.Updated = want.Updated.UTC()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("written and read again (-want +got):\n%s", diff)
	}
	for _, part := range []string{`<origin dynamic="true">`, "<published>2026-03-01T11:00:00Z</published>", "<updated>2026-03-01T12:00:00Z</updated>", "2 files are left out - -> <x/>?-"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s in\n%s", part, text)
		}
	}
	if bare := write(t, Header{}, files[2]); strings.Contains(bare, "published") || strings.Contains(bare, "origin") {
		t.Errorf("an empty header shows in\n%s", bare)
	}
}

func TestNothingToWrite(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b, header)
	for _, name := range []string{"", "/x", "x/", "a//b", ".", "..", "../x", "a/../b", "a/.", "caf\xe9", "a\x1bb", "a\tb", "a\x7f", "\u0085", "\ufffe", "\u2028", "\u202egpj.exe", "\u2066x", `a\b`, "c:x"} {
		err := w.File(&File{Name: name, URLs: []URL{{"ftp://h/x", "", 1}}})
		if !errors.Is(err, ErrName) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if err := w.File(&File{Name: "x"}); err == nil {
		t.Error("a file without a URL is taken")
	}
	if err := errors.Join(w.Comment("nothing"), w.Close()); !errors.Is(err, ErrEmpty) || b.Len() > 0 {
		t.Errorf("closed with %v, after %q", err, b.String())
	}
}

// There is no priority beyond the worst one.
func TestPrioritiesEnd(t *testing.T) {
	text := write(t, Header{}, File{Name: "x", URLs: []URL{{"ftp://h/x", "", MaxPriority + 1}}})
	if !strings.Contains(text, `priority="999999"`) {
		t.Error(text)
	}
}

func TestReadRefuses(t *testing.T) {
	good := write(t, Header{}, File{Name: "name", URLs: []URL{{"ftp://h/x", "", 1}}})
	for what, text := range map[string]string{
		"nothing":        "",
		"no file":        `<metalink xmlns="` + Namespace + `"></metalink>`,
		"no namespace":   strings.Replace(good, Namespace, "x", 1),
		"a name outside": strings.Replace(good, `"name"`, `"../name"`, 1),
		"half of it":     good[:len(good)/2],
	} {
		if d, err := Read(strings.NewReader(text), 1<<20); err == nil {
			t.Errorf("%s: %+v", what, d)
		}
	}
	if _, err := Read(strings.NewReader(good), 20); err == nil {
		t.Error("a document beyond the limit is read")
	}
}

// FuzzDocument holds that whatever names and URLs are given, a document conforms
// and says what was written.
func FuzzDocument(f *testing.F) {
	f.Add("tar.gz", "sub/x y", "ftp://h/%00", "remark", int64(5))
	f.Add("<&>\"'", "\ufffd]]>", "http://h/?a&b#c", "--->", int64(-1))
	f.Add("a\xff", "..", "", "", int64(1)<<62)
	f.Fuzz(func(t *testing.T, one, other, address, remark string, size int64) {
		// Addresses are ours, so they are always escaped.
		if absolute(address) != nil || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return
		}
		var b bytes.Buffer
		w := NewWriter(&b, header)
		var wrote []string
		for _, name := range []string{one, other} {
			switch err := w.File(&File{Name: name, Size: size, URLs: []URL{{address, "de", 1}}}); {
			case err == nil:
				wrote = append(wrote, name)
			case !errors.Is(err, ErrName):
				t.Fatal(err)
			}
			if err := w.Comment(remark); err != nil {
				t.Fatal(err)
			}
		}
		err := w.Close()
		if len(wrote) == 0 {
			if !errors.Is(err, ErrEmpty) || b.Len() > 0 {
				t.Fatalf("closed with %v after %q", err, b.String())
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := conforms(bytes.NewReader(b.Bytes())); err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		d, err := Read(&b, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for i, file := range d.Files {
			if file.Name != wrote[i] || file.URLs[0].Address != address || file.Size != max(size, -1) {
				t.Fatalf("file %d is %+v, want %q at %q", i, file, wrote[i], address)
			}
		}
	})
}
