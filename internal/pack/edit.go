package pack

import (
	"bytes"
	"iter"

	"mirrortracker/internal/digest"
)

// gone is what an edit says of an entry that is no longer there.
const gone = "- "

// An edit is how a tree differs from another: the lines to put, and the names that are
// gone, in the order of names.
type edit struct {
	lines [][]byte // of the new tree, or gone and a name
	kept  int      // lines that are not said again
}

// difference returns how a tree differs from base. Both must be complete listings, or
// incomplete for the same reason, as an edit does not speak of that.
func difference(base, tree *digest.Tree) edit {
	var e edit
	old, stopOld := iter.Pull(entryLines(base))
	defer stopOld()
	is, stopNew := iter.Pull(entryLines(tree))
	defer stopNew()
	was, okOld := old()
	now, okNew := is()
	for okOld || okNew {
		order := 0
		switch {
		case !okNew:
			order = -1
		case !okOld:
			order = 1
		default:
			order = bytes.Compare(was.name, now.name)
		}
		switch {
		case order < 0:
			e.lines = append(e.lines, append([]byte(gone), was.name...))
		case order > 0 || !bytes.Equal(was.line, now.line):
			e.lines = append(e.lines, now.line)
		default:
			e.kept++
		}
		if order <= 0 {
			was, okOld = old()
		}
		if order >= 0 {
			now, okNew = is()
		}
	}
	return e
}

// A namedLine is a line of a tree and the name in it.
type namedLine struct{ line, name []byte }

// entryLines yields the lines of a tree that stand for entries.
func entryLines(t *digest.Tree) iter.Seq[namedLine] {
	return func(yield func(namedLine) bool) {
		for line := range t.Lines() {
			if line[0] == '!' {
				continue
			}
			e, _, err := digest.ParseLine(line)
			if err != nil || !yield(namedLine{line, []byte(e.Name)}) {
				return
			}
		}
	}
}
