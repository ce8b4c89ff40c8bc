package listing

import (
	"errors"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	const line = "-rw-r--r-- 1 root root 1 Jan  5  2023 "
	text := "total 12\r\n\r\n" + // nothing
		"drwxr-xr-x 2 root root 4096 Jan  5  2023 .\r\n" +
		"drwxr-xr-x 2 root root 4096 Jan  5  2023 ..\r\n" +
		line + "crlf\r\n" +
		line + "lf\n" +
		line + "cr\r\r\n" +
		"  " + line + "indented\r\n" +
		line + "last"
	l, err := ParseList([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names(l), ","); got != "crlf,lf,cr\r,indented,last" {
		t.Errorf("names %q", got)
	}
	if !l.Self || !l.Parent {
		t.Errorf("self %v, parent %v", l.Self, l.Parent)
	}
}

func TestNothing(t *testing.T) {
	for _, text := range []string{"", "\r\n", "total 0\n", "\n\n\n", "  \r\n"} {
		if l, err := ParseList([]byte(text)); err != nil || l.Self || len(l.Entries) > 0 {
			t.Errorf("%q: %+v, %v", text, l, err)
		}
	}
}

// One bad line does not hide the others, and is named.
func TestBadLinesAreNamed(t *testing.T) {
	const line = "-rw-r--r-- 1 root root 1 Jan  5  2023 "
	l, err := ParseList([]byte(line + "a\r\nls: b: Permission denied\r\n" + line + "c\r\nwhat?\r\ntotal x\r\n"))
	if got := strings.Join(names(l), ","); got != "a,c" {
		t.Errorf("names %q", got)
	}
	const want = `line 2: the mode is not understood: "ls: b: Permission denied" (and 2 more lines)`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	_, err = ParseList([]byte(strings.Repeat("x", 1000)))
	if err == nil || len(err.Error()) > 300 {
		t.Errorf("a long line is quoted in full: %v", err)
	}
}

func names(l Listing) (names []string) {
	for _, e := range l.Entries {
		names = append(names, e.Name)
	}
	return names
}

// The one line that vsftpd sends instead of a directory that may not be read.
func TestARefusalCanBeTold(t *testing.T) {
	l, err := ParseList([]byte("d-wx--x--x    2 0        0            4096 Jan 05 12:34 secret\r\n"))
	secret := dir("secret", recent)
	secret.Closed = true
	if err != nil || l.Self || len(l.Entries) != 1 || l.Entries[0] != secret {
		t.Errorf("%+v, %v", l, err)
	}
}

// A listing of too many entries is given up at the first that is too many, in
// memory that follows the bound and not the text.
func TestListingUpTo(t *testing.T) {
	const file, fact = "-rw-r--r-- 1 root root 1 Jan  5  2023 %d%d\n", "type=file;size=%d; %d\n"
	for name, c := range map[string]struct {
		text  []byte
		parse func([]byte, int) (Listing, error)
	}{
		"LIST": {text(100_000, file), ParseListUpTo},
		"MLSD": {text(100_000, fact), ParseMLSDUpTo},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := c.parse(c.text, 3)
			limit := (*LimitError)(nil)
			if !errors.As(err, &limit) || *limit != (LimitError{Line: 4, What: "entries", Max: 3}) || len(l.Entries) != 3 || cap(l.Entries) > 4 {
				t.Errorf("%d entries, room for %d, %v", len(l.Entries), cap(l.Entries), err)
			}
			if l, err := c.parse(c.text, 100_000); err != nil || len(l.Entries) != 100_000 {
				t.Errorf("%d entries, %v", len(l.Entries), err)
			}
		})
	}
	// Neither what is no entry nor what is not understood counts.
	l, err := ParseListUpTo([]byte("total 1\nd--------- 1 a 1 Jan  1  2020 .\nwhat?\n-rw-r--r-- 1 a 1 Jan  1  2020 x\n\n"), 1)
	if bad := (*LineError)(nil); !errors.As(err, &bad) || !l.Self || len(l.Entries) != 1 {
		t.Errorf("%+v, %v", l, err)
	}
}
