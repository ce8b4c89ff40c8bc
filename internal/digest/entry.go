package digest

import (
	"slices"
	"strings"
)

// A Kind says what an entry is, as far as digests care.
type Kind uint8

// The kinds of entries. Other stands for devices, sockets and pipes: their
// names must be sound like all names, and beyond that they do not count.
const (
	File Kind = iota + 1
	Dir
	Link
	Other
)

// String names the kind for messages.
func (k Kind) String() string {
	switch k {
	case File:
		return "file"
	case Dir:
		return "directory"
	case Link:
		return "link"
	case Other:
		return "other"
	}
	return "unknown"
}

// UnknownSize is the size of a file whose source does not tell it exactly.
const UnknownSize = -1

// An Entry is one name in a directory, as its source told it.
type Entry struct {
	Name   string // raw bytes, not necessarily UTF-8
	Kind   Kind
	Size   int64  // of a file, in bytes, or UnknownSize
	Date   Date   // of a file, in UTC
	Target string // of a link, raw bytes as the source gives it; "" if not known

	// Sub is what the directory below this entry amounts to. It must be set
	// for every directory before a tree is made.
	Sub *Summary
}

// Clean makes a listing fit for digesting and for walking: it drops hidden
// names (all that begin with a dot, `.` and `..` among them), names that break
// the rules, and names that occur more than once, and sorts the rest by the raw
// bytes of their names. It works in place and returns the part that remains.
//
// Sound is false where a name that counts broke the rules, which makes the
// directory incomplete ([Unparsable]). All entries of a repeated name are
// dropped, so that the result does not depend on the order of the listing.
func Clean(entries []Entry) (kept []Entry, sound bool) {
	sound = true
	kept = entries[:0]
	for _, e := range entries {
		switch {
		case Hidden(e.Name):
		case !SoundName(e.Name):
			sound = false
		default:
			kept = append(kept, e)
		}
	}
	clear(entries[len(kept):])
	if !slices.IsSortedFunc(kept, byName) {
		slices.SortFunc(kept, byName)
	}
	unique := kept[:0]
	for i := 0; i < len(kept); {
		next := i + 1
		for next < len(kept) && kept[next].Name == kept[i].Name {
			next++
		}
		if next == i+1 {
			unique = append(unique, kept[i])
		} else {
			sound = false
		}
		i = next
	}
	clear(kept[len(unique):])
	return unique, sound
}

func byName(a, b Entry) int { return strings.Compare(a.Name, b.Name) }

// Hidden reports whether a name is left out of digests and trees because
// whether a server shows it is configuration: it begins with a dot.
func Hidden(name string) bool { return strings.HasPrefix(name, ".") }

// SoundName reports whether a name may stand in a listing at all: it is not
// empty and holds no NUL, LF, CR or slash.
func SoundName(name string) bool {
	return name != "" && !strings.ContainsAny(name, "\x00\n\r/")
}
