package digest

import (
	"crypto/sha256"
	"errors"
	"fmt"
)

// Verify checks a tree that came from somewhere else: that every line is well
// formed, sound and in its place, and that its identity is that of its text. It
// does not check digests and totals, which need the trees below.
func (t *Tree) Verify() error {
	if err := verifyText(t.Branches, t.Leaves); err != nil {
		return fmt.Errorf("tree %s: %w", t.ID, err)
	}
	if got := identity(t.Branches, t.Leaves); got != t.ID {
		return fmt.Errorf("tree %s: its text has the identity %s", t.ID, got)
	}
	return nil
}

func verifyText(branches, leaves []byte) error {
	for _, part := range [][]byte{branches, leaves} {
		if len(part) > 0 && part[len(part)-1] != '\n' {
			return errors.New("the last line does not end")
		}
	}
	for line := range lines(branches) {
		if line[0] == 'f' {
			return fmt.Errorf("line %q stands among the branches", line)
		}
	}
	for line := range lines(leaves) {
		if line[0] != 'f' {
			return fmt.Errorf("line %q stands among the leaves", line)
		}
	}
	last, first := "", true
	for line := range merged(branches, leaves) {
		name, err := verifyLine(line[:len(line)-1], first)
		if err != nil {
			return err
		}
		if last != "" && name <= last {
			return fmt.Errorf("name %q stands after %q", name, last)
		}
		last, first = name, false
	}
	return nil
}

// verifyLine checks one line on its own and returns the name in it, which the
// "!" line does not have.
func verifyLine(line []byte, first bool) (name string, err error) {
	if len(line) == 0 {
		return "", errors.New("a line is empty")
	}
	if line[0] == '!' {
		if !first {
			return "", fmt.Errorf("line %q does not belong there", line)
		}
		_, err := ParseReason(line)
		return "", err
	}
	e, _, err := ParseLine(line)
	return e.Name, err
}

// identity hashes the two parts of a tree as the one sorted text that they are.
func identity(branches, leaves []byte) (id ID) {
	h := sha256.New()
	for line := range merged(branches, leaves) {
		h.Write(line)
	}
	h.Sum(id[:0])
	return id
}
