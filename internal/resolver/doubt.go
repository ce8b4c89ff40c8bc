package resolver

import (
	"fmt"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/human"
)

// Doubt holds the thresholds that tell a replica from an accident: small
// directories, such as a lone licence file, are equal in many unrelated places.
// A match counts if its directory reaches Files or Bytes, or holds at least one
// file and has a counterpart whose last Names directory names are equal, its
// own included. A directory without a single file never counts by itself.
type Doubt struct {
	Files int64 // files at or below the directory
	Bytes int64 // their sizes, in bytes
	Names int   // trailing directory names in common
}

// DefaultDoubt returns the thresholds that are in force unless configured: 8
// files, 1 MiB, 3 names.
func DefaultDoubt() Doubt { return Doubt{Files: 8, Bytes: 1 << 20, Names: 3} }

// counts reports whether a match of a directory with these totals counts.
func (d Doubt) counts(t digest.Totals, similarity int) bool {
	return t.Files > 0 && (t.Files >= d.Files || t.Bytes >= d.Bytes || similarity >= d.Names)
}

// Why says why the candidate was left out.
func (d *Doubtful) Why() string {
	t := d.most
	if t.Files == 0 {
		return "no file in it"
	}
	return fmt.Sprintf("only %s and %s, and %d of %d trailing names equal",
		human.Plural(t.Files, "file", "files"), human.Bytes(t.Bytes), d.names, d.doubt.Names)
}
