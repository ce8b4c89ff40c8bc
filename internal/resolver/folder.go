package resolver

import (
	"iter"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/resolver/segment"
)

// A Folder is a directory of the index and all that is in it. The zero Folder is
// one of which nothing is known.
type Folder struct {
	trees  *segment.Stack
	number segment.Number
}

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
	if a.at == nil {
		return Folder{}
	}
	return Folder{a.Index.trees, a.at.tree}
}

// Known reports whether anything is known of the folder.
func (f Folder) Known() bool { return f.trees != nil }

func (f Folder) tree() segment.Tree { return f.trees.Tree(f.number) }

// Summary returns what the folder amounts to.
func (f Folder) Summary() digest.Summary {
	if !f.Known() {
		return digest.Summary{}
	}
	return f.tree().Summary()
}

// Reason returns why the folder's own listing is incomplete.
func (f Folder) Reason() digest.Reason {
	if !f.Known() {
		return digest.Complete
	}
	return f.tree().Reason()
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
		if !f.Known() {
			return
		}
		tree := f.tree()
		children, links, files := tree.AllChildren(nil), tree.AllLinks(nil), tree.AllFiles(nil)
		child, link, file := children.Next(), links.Next(), files.Next()
		for child || link || file {
			var e Entry
			if child {
				e = Entry{Name: string(children.Name()), Kind: digest.Dir, Folder: Folder{f.trees, children.Number()}}
			}
			if link && (e.Kind == 0 || string(links.Name()) < e.Name) {
				e = Entry{Name: string(links.Name()), Kind: digest.Link, Target: string(links.Target())}
			}
			if file && (e.Kind == 0 || string(files.Name()) < e.Name) {
				e = Entry{Name: string(files.Name()), Kind: digest.File, Size: files.Size(), Date: files.Date()}
			}
			switch e.Kind {
			case digest.Dir:
				child = children.Next()
			case digest.Link:
				link = links.Next()
			default:
				file = files.Next()
			}
			if e.Name > after && !yield(e) {
				return
			}
		}
	}
}
