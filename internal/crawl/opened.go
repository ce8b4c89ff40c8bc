package crawl

import (
	"bytes"
	"errors"

	"mirrortracker/internal/digest"
)

// encodeListing writes the entries of a directory, cleaned, as the text of a tree
// (docs/tree-v1.md) whose subdirectories have no identity yet: first the lines of
// directories and links, then those of files. What does not count is left out.
func encodeListing(entries []digest.Entry) []byte {
	nothing := &digest.Summary{}
	bare := make([]digest.Entry, len(entries))
	for i := range entries {
		e := &entries[i] // without its Sub, which a walk may be about to set
		bare[i] = digest.Entry{Name: e.Name, Kind: e.Kind, Size: e.Size, Date: e.Date, Target: e.Target, Sub: nothing}
	}
	tree := digest.NewDigester().Tree(bare, digest.Complete)
	return append(tree.Branches, tree.Leaves...)
}

var errListing = errors.New("the text is not that of a listing")

// decodeListing is the reverse of encodeListing.
func decodeListing(text []byte) ([]digest.Entry, error) {
	tree := &digest.Tree{Branches: text}
	if i := leavesAt(text); i >= 0 {
		tree.Branches, tree.Leaves = text[:i], text[i:]
	}
	var entries []digest.Entry
	for c := range tree.Children() {
		entries = append(entries, digest.Entry{Name: c.Name, Kind: digest.Dir})
	}
	for l := range tree.Links() {
		entries = append(entries, digest.Entry{Name: l.Name, Kind: digest.Link, Target: l.Target})
	}
	for f := range tree.Files() {
		entries = append(entries, digest.Entry{Name: f.Name, Kind: digest.File, Size: f.Size, Date: f.Date})
	}
	entries, sound := digest.Clean(entries)
	if !sound || !bytes.Equal(encodeListing(entries), text) {
		return nil, errListing
	}
	return entries, nil
}

// leavesAt returns where the lines of files begin, or -1.
func leavesAt(text []byte) int {
	if bytes.HasPrefix(text, []byte("f ")) {
		return 0
	}
	if i := bytes.Index(text, []byte("\nf ")); i >= 0 {
		return i + 1
	}
	return -1
}
