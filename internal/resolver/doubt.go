package resolver

import (
	"fmt"

	"mirrortracker/internal/digest"
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
		count(t.Files, "file"), size(t.Bytes), d.names, d.doubt.Names)
}

func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// size writes a number of bytes with two digits or three, in decimal units.
func size(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	value, unit := float64(bytes)/1000, 0
	for ; value >= 999.5 && unit < len(units)-1; unit++ {
		value /= 1000
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %s", value, units[unit])
	}
	return fmt.Sprintf("%.0f %s", value, units[unit])
}

var units = []string{"kB", "MB", "GB", "TB", "PB", "EB"}
