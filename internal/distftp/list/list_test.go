package list

import (
	"io/fs"
	"testing"
	"time"

	"mirrortracker/internal/distftp/vfs"
)

var now = time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)

func entry(change func(*vfs.Entry)) vfs.Entry {
	e := vfs.Entry{
		Name: "name", Mode: 0o644, Size: 1234, Links: 1, Owner: "ftp", Group: "ftp",
		ModTime: time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC), Unique: "1U2",
	}
	if change != nil {
		change(&e)
	}
	return e
}

func TestLong(t *testing.T) {
	half := now.Add(-15778476 * time.Second)
	tests := []struct {
		name   string
		change func(*vfs.Entry)
		want   string
	}{
		{"file", nil, "-rw-r--r--    1 ftp      ftp              1234 Feb  3 04:05 name"},
		{"14 GiB", func(e *vfs.Entry) { e.Size = 14 << 30 }, "-rw-r--r--    1 ftp      ftp       15032385536 Feb  3 04:05 name"},
		{"largest", func(e *vfs.Entry) { e.Size = 1<<63 - 1 }, "-rw-r--r--    1 ftp      ftp      9223372036854775807 Feb  3 04:05 name"},
		{"directory", func(e *vfs.Entry) {
			e.Kind, e.Mode, e.Links = vfs.Directory, fs.ModeDir|fs.ModeSticky|0o1777, 12345
		}, "drwxrwxrwt 12345 ftp      ftp              1234 Feb  3 04:05 name"},
		{"link", func(e *vfs.Entry) { e.Kind, e.Mode, e.Target = vfs.Link, fs.ModeSymlink|0o777, "a -> b" },
			"lrwxrwxrwx    1 ftp      ftp              1234 Feb  3 04:05 name -> a -> b"},
		{"link that would forge a line", func(e *vfs.Entry) { e.Kind, e.Target = vfs.Link, "a\r\nb\x00" },
			"lrw-r--r--    1 ftp      ftp              1234 Feb  3 04:05 name -> a??b?"},
		{"special bits", func(e *vfs.Entry) { e.Mode = fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky | 0o700 },
			"-rws--S--T    1 ftp      ftp              1234 Feb  3 04:05 name"},
		{"pipe", func(e *vfs.Entry) { e.Kind, e.Mode = vfs.Other, fs.ModeNamedPipe|0o600 },
			"prw-------    1 ftp      ftp              1234 Feb  3 04:05 name"},
		{"device", func(e *vfs.Entry) { e.Kind, e.Mode = vfs.Other, fs.ModeDevice|fs.ModeCharDevice },
			"c---------    1 ftp      ftp              1234 Feb  3 04:05 name"},
		{"just recent", func(e *vfs.Entry) { e.ModTime = half.Add(time.Second) }, "-rw-r--r--    1 ftp      ftp              1234 Aug 31 21:05 name"},
		{"just old", func(e *vfs.Entry) { e.ModTime = half }, "-rw-r--r--    1 ftp      ftp              1234 Aug 31  2023 name"},
		{"now", func(e *vfs.Entry) { e.ModTime = now }, "-rw-r--r--    1 ftp      ftp              1234 Mar  1 12:00 name"},
		{"future", func(e *vfs.Entry) { e.ModTime = now.Add(time.Second) }, "-rw-r--r--    1 ftp      ftp              1234 Mar  1  2024 name"},
		{"not known", func(e *vfs.Entry) { e.ModTime = time.Time{} }, "-rw-r--r--    1 ftp      ftp              1234 Jan  1  1970 name"},
		{"other zone", func(e *vfs.Entry) { e.ModTime = e.ModTime.In(time.FixedZone("", 5*3600)) },
			"-rw-r--r--    1 ftp      ftp              1234 Feb  3 04:05 name"},
		{"not UTF-8", func(e *vfs.Entry) { e.Name = " caf\xe9 " }, "-rw-r--r--    1 ftp      ftp              1234 Feb  3 04:05  caf\xe9 "},
	}
	for _, tt := range tests {
		if got := string(AppendLong(nil, entry(tt.change), now)); got != tt.want+"\r\n" {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestFacts(t *testing.T) {
	tests := []struct {
		name   string
		change func(*vfs.Entry)
		role   Role
		facts  Facts
		want   string
	}{
		{"file", nil, Member, AllFacts, "type=file;size=1234;modify=20240203040506;perm=el;unique=1U2;UNIX.mode=0644; name"},
		{"none", nil, Member, 0, " name"},
		{"two", nil, Member, Size | Modify, "size=1234;modify=20240203040506; name"},
		{"directory", func(e *vfs.Entry) { e.Kind, e.Mode = vfs.Directory, fs.ModeDir|fs.ModeSetgid|0o2755 }, Member, AllFacts,
			"type=dir;modify=20240203040506;perm=el;unique=1U2;UNIX.mode=02755; name"},
		{"itself", func(e *vfs.Entry) { e.Kind = vfs.Directory }, Current, Type, "type=cdir; name"},
		{"above", func(e *vfs.Entry) { e.Kind = vfs.Directory }, Parent, Type, "type=pdir; name"},
		{"link", func(e *vfs.Entry) { e.Kind, e.Target = vfs.Link, "../x" }, Member, Type | Size, "type=OS.unix=slink:../x; name"},
		{"link with blank", func(e *vfs.Entry) { e.Kind, e.Target = vfs.Link, "a b" }, Member, Type, "type=OS.unix=symlink; name"},
		{"link with semicolon", func(e *vfs.Entry) { e.Kind, e.Target = vfs.Link, "a;size=1" }, Member, Type, "type=OS.unix=symlink; name"},
		{"link with LF", func(e *vfs.Entry) { e.Kind, e.Target = vfs.Link, "a\nb" }, Member, Type, "type=OS.unix=symlink; name"},
		{"link to Latin-1", func(e *vfs.Entry) { e.Kind, e.Target = vfs.Link, "caf\xe9" }, Member, Type, "type=OS.unix=slink:caf\xe9; name"},
		{"socket", func(e *vfs.Entry) { e.Kind, e.Mode = vfs.Other, fs.ModeSocket }, Member, Type, "type=OS.unix=socket; name"},
		{"no date", func(e *vfs.Entry) { e.ModTime = time.Time{} }, Member, Type | Modify, "type=file; name"},
		{"year 10000", func(e *vfs.Entry) { e.ModTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, Member, Type | Modify, "type=file; name"},
	}
	for _, tt := range tests {
		e := entry(tt.change)
		if got := string(AppendFacts(nil, e, tt.role, e.Name, []byte("el"), tt.facts)); got != tt.want+"\r\n" {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestParseFacts(t *testing.T) {
	for arg, want := range map[string]string{
		"":                         "",
		"type;size;":               "type;size;",
		"UNIX.MODE;Type":           "type;UNIX.mode;",
		"bogus;size;;create;":      "size;",
		"size;modify;type;unique;": "type;size;modify;unique;",
	} {
		if got := ParseFacts(arg).String(); got != want {
			t.Errorf("%q: %q, want %q", arg, got, want)
		}
	}
	if got := (Type | Perm).Feature(); got != "type*;size;modify;perm*;unique;UNIX.mode;" {
		t.Errorf("Feature: %q", got)
	}
}

func TestName(t *testing.T) {
	for dir, want := range map[string]string{"": "n\r\n", "d": "d/n\r\n", "d/": "d/n\r\n", "/": "/n\r\n"} {
		if got := string(AppendName(nil, dir, "n")); got != want {
			t.Errorf("%q: %q", dir, got)
		}
	}
	for name, want := range map[string]bool{"a": true, " ": true, "\xff": true, "": false, "a\nb": false, "\r": false, "\x00": false, "a/b": false} {
		if Showable(name) != want {
			t.Errorf("Showable(%q) is %v", name, !want)
		}
	}
}
