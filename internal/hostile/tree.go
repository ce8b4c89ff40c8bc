package hostile

import (
	"cmp"
	"fmt"
	"path"
	"strings"
	"time"
)

// An Entry is one name in a directory, as a server shows it.
type Entry struct {
	Kind   byte // as ls shows it: '-', 'd' or 'l'
	Name   string
	Size   string // of a file; "1" if empty
	Target string // of a link

	Modified time.Time // in UTC; [day] if zero
}

// File, Dir and Link make entries.
func File(name string) Entry         { return Entry{Kind: '-', Name: name} }
func Sized(name, size string) Entry  { return Entry{Kind: '-', Name: name, Size: size} }
func Dir(name string) Entry          { return Entry{Kind: 'd', Name: name} }
func Link(name, target string) Entry { return Entry{Kind: 'l', Name: name, Target: target} }

// A Tree says what is in the directory at a path, which begins with a slash and
// does not end in one unless it is the root; ok is false where there is none.
type Tree func(dir string) (entries []Entry, ok bool)

// Dirs is a Tree of a few directories.
func Dirs(dirs map[string][]Entry) Tree {
	return func(dir string) ([]Entry, bool) { entries, ok := dirs[dir]; return entries, ok }
}

// Honest is the tree of all behaviours that do not say another. What is done to
// them is done to Bad.
var Honest = map[string][]Entry{
	"/":           {Dir("bad"), Dir("good"), Link("latest", "good"), File("README")},
	Bad:           {File("a"), Dir("below"), File("z")},
	"/bad/below":  {Sized("c", "12345")},
	"/good":       {Sized("a", "17"), Sized("b", "0"), Dir("below")},
	"/good/below": {Sized("c", "123456")},
}

// without is the honest tree in which a directory is shown, but is not there.
func without(gone string) Tree {
	return func(dir string) ([]Entry, bool) {
		entries, ok := Honest[dir]
		return entries, ok && dir != gone && !strings.HasPrefix(dir, gone+"/")
	}
}

// Bad is the directory that is not listed as it is.
const Bad = "/bad"

// day is when all is said to have been modified that does not say otherwise.
var day = time.Date(2023, time.January, 5, 12, 0, 0, 0, time.UTC)

func (e Entry) modified() time.Time {
	if e.Modified.IsZero() {
		return day
	}
	return e.Modified
}

// factTime is how MLSD and MDTM write a time (RFC 3659, section 2.3).
const factTime = "20060102150405"

// Long writes an entry as ls -l does, with the line's end.
func (e Entry) Long() string {
	name, size := e.Name, cmp.Or(e.Size, "1")
	switch e.Kind {
	case 'd':
		size = "4096"
	case 'l':
		name, size = e.Name+" -> "+e.Target, fmt.Sprint(len(e.Target))
	}
	layout := "Jan 02  2006"
	if time.Since(e.modified()) < 100*24*time.Hour {
		layout = "Jan 02 15:04"
	}
	return fmt.Sprintf("%crwxr-xr-x    1 ftp      ftp      %12s %s %s\r\n", e.Kind, size, e.modified().Format(layout), name)
}

// Fact writes an entry as MLSD does, with the line's end.
func (e Entry) Fact() string {
	kind := "type=dir"
	switch e.Kind {
	case '-':
		kind = "type=file;size=" + cmp.Or(e.Size, "1")
	case 'l':
		kind = "type=OS.unix=slink:" + e.Target
	}
	return fmt.Sprintf("%s;modify=%s; %s\r\n", kind, e.modified().Format(factTime), e.Name)
}

// A Form is how a listing is written.
type Form int

// The forms: lines of ls -l, or facts. Entries of either form come one on a line.
const (
	Long Form = iota
	Facts
)

// Lines writes the listing of a directory, itself and its parent included.
func (f Form) Lines(entries []Entry) string {
	var b strings.Builder
	b.WriteString(f.dots())
	for _, e := range entries {
		b.WriteString(f.Line(e))
	}
	return b.String()
}

// Line writes one entry, with the line's end.
func (f Form) Line(e Entry) string {
	if f == Facts {
		return e.Fact()
	}
	return e.Long()
}

func (f Form) dots() string {
	if f == Facts {
		return strings.ReplaceAll(Dir(".").Fact(), "=dir", "=cdir") + strings.ReplaceAll(Dir("..").Fact(), "=dir", "=pdir")
	}
	return Dir(".").Long() + Dir("..").Long()
}

// at resolves a path that a client names in a directory.
func at(dir, name string) string {
	if !strings.HasPrefix(name, "/") {
		name = dir + "/" + name
	}
	return path.Clean(name)
}
