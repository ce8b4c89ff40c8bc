package resolver

import (
	"iter"
	"strings"

	"mirrortracker/internal/digest"
)

// A Folder is a directory of the index and all that is in it. The zero Folder is
// one of which nothing is known.
type Folder struct{ node *node }

// An Entry is one name in a folder.
type Entry struct {
	Name   string // raw bytes
	Kind   digest.Kind
	Size   int64       // of a file, in bytes, or digest.UnknownSize
	Date   digest.Date // of a file
	Target string      // of a link; "" if it is not known
	Folder Folder      // of a directory
}

// Folder returns the directory that was found: Dir.
func (a *Answer) Folder() Folder {
	if len(a.chain) == 0 {
		return Folder{}
	}
	return Folder{a.chain[len(a.chain)-1]}
}

// Known reports whether anything is known of the folder.
func (f Folder) Known() bool { return f.node != nil }

// Summary returns what the folder amounts to.
func (f Folder) Summary() digest.Summary {
	if f.node == nil {
		return digest.Summary{}
	}
	return f.node.Summary
}

// Reason returns why the folder's own listing is incomplete.
func (f Folder) Reason() digest.Reason {
	if f.node == nil {
		return digest.Complete
	}
	return f.node.reason
}

// Incomplete says in a word why the folder has no digests, as [Answer.Incomplete]
// does.
func (f Folder) Incomplete() string {
	s := f.Summary()
	switch {
	case f.Reason() != digest.Complete:
		return string(f.Reason())
	case s.Blind.Absent() && !s.ID.IsZero():
		return "below"
	}
	return ""
}

// Entries yields the entries whose names come after a name, in the order of the
// bytes of their names.
func (f Folder) Entries(after string) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		if f.node == nil {
			return
		}
		children, links, files := f.node.children, f.node.links, f.node.files
		for len(children)+len(links)+len(files) > 0 {
			var e Entry
			if len(children) > 0 {
				e = Entry{Name: children[0].name, Kind: digest.Dir, Folder: Folder{children[0].node}}
			}
			if len(links) > 0 && (e.Kind == 0 || links[0].Name < e.Name) {
				e = Entry{Name: links[0].Name, Kind: digest.Link, Target: links[0].Target}
			}
			line, rest, _ := strings.Cut(files, "\n")
			if len(files) > 0 && (e.Kind == 0 || nameIn(line) < e.Name) {
				leaf := parseFile(line)
				e = Entry{Name: leaf.Name, Kind: digest.File, Size: leaf.Size, Date: leaf.Date}
			}
			switch e.Kind {
			case digest.Dir:
				children = children[1:]
			case digest.Link:
				links = links[1:]
			default:
				files = rest
			}
			if e.Name > after && !yield(e) {
				return
			}
		}
	}
}
