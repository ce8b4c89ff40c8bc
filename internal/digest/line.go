package digest

import (
	"fmt"
	"iter"
	"strings"
)

// Lines yields the lines of the tree's text in their order, without their LF.
func (t *Tree) Lines() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range merged(t.Branches, t.Leaves) {
			if !yield(line[:len(line)-1]) {
				return
			}
		}
	}
}

// ParseLine reads a line of a tree that stands for an entry, without its LF. Of a
// directory it returns the tree's identity, too. A name that must not stand in a tree
// is an error.
func ParseLine(line []byte) (e Entry, id ID, err error) {
	kind := byte(0)
	if len(line) > 0 {
		kind = line[0]
	}
	switch kind {
	case 'd':
		var c Child
		c, err = parseChild(line)
		e, id = Entry{Name: c.Name, Kind: Dir}, c.ID
	case 'l':
		var l Symlink
		l, err = parseLink(line)
		e = Entry{Name: l.Name, Kind: Link, Target: l.Target}
	case 'f':
		var f Leaf
		f, err = parseLeaf(line)
		e = Entry{Name: f.Name, Kind: File, Size: f.Size, Date: f.Date}
	default:
		err = fmt.Errorf("line %q is of no known kind", line)
	}
	if err == nil && (Hidden(e.Name) || !SoundName(e.Name)) {
		err = fmt.Errorf("name %q breaks the rules", e.Name)
	}
	return e, id, err
}

// ParseReason reads the line with which the tree of an incomplete directory begins.
func ParseReason(line []byte) (Reason, error) {
	reason, ok := strings.CutPrefix(string(line), "! ")
	if !ok || reason == "" || !Reason(reason).known() {
		return "", fmt.Errorf("line %q gives no known reason", line)
	}
	return Reason(reason), nil
}
