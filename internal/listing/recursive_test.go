package listing

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// blocksOf writes what ParseRecursive yields, one directory a line.
func blocksOf(text io.Reader, limits Limits) (got []string) {
	for d, err := range ParseRecursive(text, limits) {
		s := d.Path + ":" + strings.Join(names(d.Listing), ",")
		if err != nil {
			s += " (" + err.Error() + ")"
		}
		got = append(got, s)
	}
	return got
}

func TestRecursive(t *testing.T) {
	const f, d = "-rw-r--r-- 1 root root 1 Jan  5  2023 ", "drwxr-xr-x 2 root root 4096 Jan  5  2023 "
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"blank", "\n\n", nil},
		{"GNU", ".:\ntotal 4\n" + d + "sub\n" + f + "a:\n\n./sub:\ntotal 0\n\n./last:\ntotal 4\n" + f + "x", []string{".:sub,a:", "./sub:", "./last:x"}},
		{"CRLF", ".:\r\n" + d + "sub\r\n\r\n./sub:\r\n" + f + "cr\r\r\n", []string{".:sub", "./sub:cr\r"}},
		{"a CR among LF", ".:\n" + f + "cr\r\n", []string{".:cr\r"}},
		{"no first heading", "total 4\n" + d + "sub\n\nsub:\ntotal 0\n", []string{":sub", "sub:"}},
		{"empty line after the heading", "\r\n.:\r\n\r\n" + d + "sub:\r\n" + d + "b\r\n\r\n\r\n./sub::\r\n\r\n", []string{".:sub:,b", "./sub::"}},
		{"a name like a heading", ".:\n\n" + f + "a:\n", []string{".:a:"}},
		{"a heading like a name", f + "x\n\n" + f + "a:\n", []string{":x", f + "a:"}},
		{"either", "x:\n\n" + f + "a:\n", []string{`x: (line 3: it may be an entry or the heading of a directory: "` + f + `a:")`}},
		{"a name over two lines", ".:\n" + f + "a\n\n" + f + "b\n", []string{`.:a (line 4: an empty line is not followed by a heading: "` + f + `b")`}},
		{"a bad line", ".:\n" + f + "a\nls: x:\n" + f + "b\n\n./c:\nwhat\n", []string{
			`.:a,b (line 3: the mode is not understood: "ls: x:")`,
			`./c: (line 7: not a line of a listing: "what")`}},
		{"text instead", "No such directory\n", []string{`: (line 1: not a line of a listing: "No such directory")`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := blocksOf(strings.NewReader(c.text), Limits{}); !slices.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
			if got := blocksOf(iotest.OneByteReader(strings.NewReader(c.text)), Limits{}); !slices.Equal(got, c.want) {
				t.Errorf("byte by byte: got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestRecursiveStops(t *testing.T) {
	const line = "-rw-r--r-- 1 root root 1 Jan  5  2023 "
	text := "a:\n" + line + "1\n" + line + "2\n\nb:\n" + line + "3\n"
	lost := errors.New("connection lost")
	for _, c := range []struct {
		name   string
		text   io.Reader
		limits Limits
		want   []string
		err    string
	}{
		{"line", strings.NewReader(text + line + "too long\n"), Limits{Line: len(line) + 3}, []string{"a:1,2", "b:3"}, `line 7: more than 41 bytes of a line in directory "b"`},
		{"entries", strings.NewReader(text), Limits{Entries: 1}, []string{"a:1"}, `line 3: more than 1 entries in directory "a"`},
		{"bytes", strings.NewReader(text), Limits{Bytes: 2*len(line) + 1}, []string{"a:1"}, `line 3: more than 77 bytes in directory "a"`},
		{"empty lines", strings.NewReader(text + strings.Repeat("\n", 200)), Limits{Bytes: 100}, []string{"a:1,2", "b:3"}, `line 68: more than 100 bytes in directory "b"`},
		{"reading", io.MultiReader(strings.NewReader(text), iotest.ErrReader(lost)), Limits{}, []string{"a:1,2", "b:3"}, "read line 7: connection lost"},
		{"at once", iotest.ErrReader(lost), Limits{}, []string{":"}, "read line 1: connection lost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			var last error
			for d, err := range ParseRecursive(c.text, c.limits) {
				if last != nil {
					t.Error("something follows the error")
				}
				got, last = append(got, d.Path+":"+strings.Join(names(d.Listing), ",")), err
			}
			limit := (*LimitError)(nil)
			if !slices.Equal(got, c.want) || fmt.Sprint(last) != c.err || errors.As(last, &limit) == errors.Is(last, lost) {
				t.Errorf("got %q and %v, want %q and %v", got, last, c.want, c.err)
			}
		})
	}
}

func TestRecursiveCanBeLeft(t *testing.T) {
	for d := range ParseRecursive(strings.NewReader("a:\n\nb:\n\nc:\n"), Limits{}) {
		if d.Path == "b" {
			return
		}
	}
	t.Error("there was no b")
}

// endless is the recursive listing of a tree that never ends.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	e.n++
	return copy(p, fmt.Sprintf("./%09d:\n-rw-r--r-- 1 root root 1 Jan  5  2023 name\n\n", e.n)), nil
}

// Directories come as soon as they are read, not when the text has ended.
func TestRecursiveStreams(t *testing.T) {
	n := 0
	for d, err := range ParseRecursive(&endless{}, Limits{}) {
		if err != nil || len(d.Entries) != 1 {
			t.Fatal(d, err)
		}
		if n++; n == 10000 {
			return
		}
	}
}
