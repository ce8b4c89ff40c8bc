package digest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// cutLine splits off the first line, with its LF.
func cutLine(text []byte) (line, rest []byte) {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1], text[i+1:]
	}
	return text, nil
}

// lines yields the lines without their LF. An empty line is yielded as a blank,
// which is of no known kind.
func lines(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(text) > 0 {
			var line []byte
			line, text = cutLine(text)
			line = bytes.TrimSuffix(line, []byte("\n"))
			if len(line) == 0 {
				line = []byte(" ")
			}
			if !yield(line) {
				return
			}
		}
	}
}

// merged yields the lines of both parts of a tree, each with its LF, in the
// order of the tree's text.
func merged(branches, leaves []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(branches)+len(leaves) > 0 {
			branch, restBranches := cutLine(branches)
			leaf, restLeaves := cutLine(leaves)
			line := leaf
			if len(leaf) == 0 || len(branch) > 0 && bytes.Compare(nameOf(branch), nameOf(leaf)) <= 0 {
				line, branches = branch, restBranches
			} else {
				leaves = restLeaves
			}
			if !yield(line) {
				return
			}
		}
	}
}

// nameOf returns the name in a line of a tree; the "!" line has none, and so
// stands before all others.
func nameOf(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	if len(line) < 2 {
		return nil
	}
	rest := line[2:]
	switch line[0] {
	case 'd':
		_, name, _ := bytes.Cut(rest, []byte(" "))
		return name
	case 'l':
		name, _, _ := bytes.Cut(rest, []byte{0})
		return name
	case 'f':
		_, rest, _ = bytes.Cut(rest, []byte(" "))
		_, name, _ := bytes.Cut(rest, []byte(" "))
		return name
	}
	return nil
}

func parseChild(line []byte) (Child, error) {
	const prefix = len("d ") + 2*len(ID{}) + len(" ")
	if len(line) <= prefix || line[1] != ' ' || line[prefix-1] != ' ' {
		return Child{}, fmt.Errorf("line %q is not \"d IDENTITY NAME\"", line)
	}
	id := line[2 : prefix-1]
	c := Child{Name: string(line[prefix:])}
	if _, err := hex.Decode(c.ID[:], id); err != nil || bytes.ContainsAny(id, "ABCDEF") {
		return Child{}, fmt.Errorf("line %q: the identity is not of 64 lower-case hex digits", line)
	}
	return c, nil
}

func parseLink(line []byte) (Symlink, error) {
	rest, isLink := strings.CutPrefix(string(line), "l ")
	name, target, ok := strings.Cut(rest, "\x00")
	if !isLink || !ok || strings.ContainsRune(target, 0) {
		return Symlink{}, fmt.Errorf("line %q is not \"l NAME\\0TARGET\"", line)
	}
	return Symlink{Name: name, Target: target}, nil
}

func parseLeaf(line []byte) (Leaf, error) {
	rest, isFile := strings.CutPrefix(string(line), "f ")
	sizeText, rest, _ := strings.Cut(rest, " ")
	dateText, name, ok := strings.Cut(rest, " ")
	size, sizeOK := parseSize(sizeText)
	date, err := ParseDate(dateText)
	if !isFile || !ok || !sizeOK || err != nil {
		return Leaf{}, fmt.Errorf("line %q is not \"f SIZE DATE NAME\"", line)
	}
	return Leaf{Name: name, Size: size, Date: date}, nil
}

func parseSize(text string) (size int64, ok bool) {
	if text == "-" {
		return UnknownSize, true
	}
	size, err := strconv.ParseInt(text, 10, 64)
	return size, err == nil && size >= 0 && strconv.FormatInt(size, 10) == text
}
