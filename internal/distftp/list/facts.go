package list

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"mirrortracker/internal/distftp/vfs"
)

// Facts is a choice among the facts of RFC 3659, section 7.5, in the order in
// which they are written.
type Facts uint8

// The facts that the server knows.
const (
	Type Facts = 1 << iota
	Size
	Modify
	Perm
	Unique
	UnixMode

	AllFacts = Type | Size | Modify | Perm | Unique | UnixMode
)

var factNames = []struct {
	fact Facts
	name string
}{
	{Type, "type"},
	{Size, "size"},
	{Modify, "modify"},
	{Perm, "perm"},
	{Unique, "unique"},
	{UnixMode, "UNIX.mode"},
}

// ParseFacts reads the argument of OPTS MLST, names each followed by a
// semicolon. Unknown names are passed over and case does not matter (RFC 3659, 7.9).
func ParseFacts(arg string) Facts {
	var chosen Facts
	for name := range strings.SplitSeq(arg, ";") {
		for _, f := range factNames {
			if strings.EqualFold(name, f.name) {
				chosen |= f.fact
			}
		}
	}
	return chosen
}

// String writes the chosen facts as OPTS MLST answers them: "type;size;".
func (f Facts) String() string {
	var b strings.Builder
	for _, known := range factNames {
		if f&known.fact != 0 {
			b.WriteString(known.name + ";")
		}
	}
	return b.String()
}

// Feature writes all facts as FEAT shows them, the chosen ones marked with an
// asterisk: "type*;size;" (RFC 3659, 7.8).
func (f Facts) Feature() string {
	var b strings.Builder
	for _, known := range factNames {
		b.WriteString(known.name)
		if f&known.fact != 0 {
			b.WriteByte('*')
		}
		b.WriteByte(';')
	}
	return b.String()
}

// Role says what an entry is to the directory that is listed.
type Role uint8

// An entry in the directory, the directory itself, the one above it.
const (
	Member Role = iota
	Current
	Parent
)

// AppendFacts appends the entry's line as MLSD and MLST show it, with name in
// place of the entry's own (MLST gives the path). What perm has is up to the caller, who
// knows for whom the line is (RFC 3659, 7.5.5).
func AppendFacts(b []byte, e vfs.Entry, role Role, name string, perm []byte, facts Facts) []byte {
	if facts&Type != 0 {
		b = append(b, "type="...)
		b = append(b, typeFact(e, role)...)
		b = append(b, ';')
	}
	if facts&Size != 0 && e.Kind == vfs.File {
		b = append(b, "size="...)
		b = strconv.AppendInt(b, e.Size, 10)
		b = append(b, ';')
	}
	// The fact has exactly four digits for the year; another date is not known.
	if t := e.ModTime.UTC(); facts&Modify != 0 && !t.IsZero() && t.Year() >= 0 && t.Year() <= 9999 {
		b = append(b, "modify="...)
		b = AppendTime(b, t)
		b = append(b, ';')
	}
	if facts&Perm != 0 {
		b = append(b, "perm="...)
		b = append(b, perm...)
		b = append(b, ';')
	}
	if facts&Unique != 0 && e.Unique != "" {
		b = append(b, "unique="...)
		b = append(b, e.Unique...)
		b = append(b, ';')
	}
	if facts&UnixMode != 0 {
		b = fmt.Appendf(b, "UNIX.mode=0%03o;", unixMode(e.Mode))
	}
	b = append(b, ' ')
	b = append(b, name...)
	return append(b, '\r', '\n')
}

// AppendTime writes a time as MDTM and the modify fact do (RFC 3659, 2.3).
func AppendTime(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, "20060102150405")
}

func typeFact(e vfs.Entry, role Role) string {
	switch {
	case role == Current:
		return "cdir"
	case role == Parent:
		return "pdir"
	}
	switch e.Kind {
	case vfs.File:
		return "file"
	case vfs.Directory:
		return "dir"
	case vfs.Link:
		if e.Target == "" || strings.ContainsFunc(e.Target, endsFact) {
			return "OS.unix=symlink"
		}
		return "OS.unix=slink:" + e.Target
	}
	switch typeLetter(e) {
	case 'p':
		return "OS.unix=pipe"
	case 's':
		return "OS.unix=socket"
	case 'c':
		return "OS.unix=chr"
	}
	return "OS.unix=blk"
}

// endsFact reports whether a byte in a fact's value would end it.
func endsFact(r rune) bool { return r <= ' ' || r == ';' || r == 0x7f }

// unixMode turns Go's special bits back into the numbers of chmod(1).
func unixMode(mode fs.FileMode) uint32 {
	n := uint32(mode.Perm())
	if mode&fs.ModeSetuid != 0 {
		n |= 0o4000
	}
	if mode&fs.ModeSetgid != 0 {
		n |= 0o2000
	}
	if mode&fs.ModeSticky != 0 {
		n |= 0o1000
	}
	return n
}
