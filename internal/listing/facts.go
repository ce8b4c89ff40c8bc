package listing

import (
	"strings"

	"mirrortracker/internal/digest"
)

const (
	badFact = "a fact is not understood"
	badType = "the type is not known"
	noType  = "the type is not told"
)

// factLine reads a line of an MLSD.
func factLine(l *Listing, line string) string {
	var f facts
	why := f.parse(line)
	switch {
	case why != "":
	case f.self:
		l.Self, l.SelfName = true, f.entry.Name
		return ""
	case f.parent:
		l.Parent = true
		return ""
	}
	return l.add(f.entry, why)
}

// ParseMLST reads the one line of a reply to MLST that tells the facts, with or
// without the blank before it. The name is what the server makes of the path
// that it was asked for. The error is a [*LineError].
func ParseMLST(line string) (Entry, error) {
	line = chomp(line)
	var f facts
	if why := f.parse(strings.TrimPrefix(line, " ")); why != "" {
		return f.entry, &LineError{Line: 1, Text: quoted(line), Why: why}
	}
	return f.entry, nil
}

// facts are what a line of MLSD or MLST tells.
type facts struct {
	entry        Entry
	self, parent bool // type=cdir, type=pdir
}

// parse reads facts, a blank and a name (RFC 3659, section 7.2), and returns
// what is wrong with them. The name is set where it could be found.
func (f *facts) parse(line string) (why string) {
	e := &f.entry
	told := int64(digest.UnknownSize)
	rest := line
	for {
		if rest == "" {
			return noName
		}
		if rest[0] == ' ' {
			e.Name = rest[1:]
			break
		}
		key, value, next, ok := cutFact(rest)
		if !ok {
			return badFact
		}
		rest = next
		switch {
		case strings.EqualFold(key, "type"):
			why = f.setType(value)
		case strings.EqualFold(key, "size"):
			if told, ok = size(value); !ok {
				told = sizeNotUnderstood
			}
		case strings.EqualFold(key, "modify"):
			e.Stamp = modified(value)
		}
	}
	if e.Kind == 0 {
		e.Kind = digest.Other
		if why == "" {
			why = noType
		}
	}
	if e.Kind == digest.File {
		e.Size = max(told, digest.UnknownSize)
		if told == sizeNotUnderstood {
			why = badSize
		}
	}
	return why
}

const sizeNotUnderstood = digest.UnknownSize - 1

// cutFact cuts KEY=VALUE; off a line. A blank ends the value of a server that
// forgot the last semicolon, except in the type, where it is part of a link's
// target.
func cutFact(s string) (key, value, rest string, ok bool) {
	i := 0
	for i < len(s) && s[i] != '=' && s[i] != ';' && s[i] != ' ' {
		i++
	}
	if i == 0 || !at(s, i, '=') {
		return "", "", "", false
	}
	key, s = s[:i], s[i+1:]
	i = 0
	if strings.EqualFold(key, "type") {
		if n := linkType(s); n > 0 && at(s, n, ':') {
			if i = strings.IndexByte(s, ';'); i < 0 {
				return "", "", "", false
			}
		}
	}
	for i < len(s) && s[i] != ';' && s[i] != ' ' {
		i++
	}
	switch {
	case i == len(s):
		return "", "", "", false
	case s[i] == ' ':
		return key, s[:i], s[i:], true
	}
	return key, s[:i], s[i+1:], true
}

// setType reads the value of the type fact.
func (f *facts) setType(value string) (why string) {
	e := &f.entry
	switch lower := strings.ToLower(value); {
	case lower == "file":
		e.Kind = digest.File
	case lower == "dir":
		e.Kind = digest.Dir
	case lower == "cdir":
		e.Kind, f.self = digest.Dir, true
	case lower == "pdir":
		e.Kind, f.parent = digest.Dir, true
	case isSpecialType(lower):
		e.Kind = digest.Other
	default:
		n := linkType(value)
		if n == 0 || n < len(value) && value[n] != ':' {
			return badType
		}
		e.Kind = digest.Link
		_, e.Target, _ = strings.Cut(value, ":")
	}
	return ""
}

// linkTypes are what servers call a symbolic link; a colon and its target may
// follow. RFC 3659 has OS.unix=slink in an example only.
var linkTypes = [...]string{"os.unix=slink", "os.unix=symlink"}

// linkType returns the length of the link type that a value of a type fact
// begins with, or 0.
func linkType(value string) int {
	for _, t := range linkTypes {
		if len(value) >= len(t) && strings.EqualFold(value[:len(t)], t) {
			return len(t)
		}
	}
	return 0
}

// specialTypes are what servers call devices, pipes and sockets; a minus, colon
// or slash and numbers may follow. A type that is not in this list might be a
// file in all but name, so it is an error.
var specialTypes = [...]string{
	"chr", "char", "character", "chardev", "chrdev",
	"blk", "block", "blkdev", "blockdev",
	"dev", "device", "special",
	"fifo", "pipe", "sock", "socket", "door",
}

// isSpecialType reports whether the lower-case value of a type fact is that of
// something that is no file, directory or link.
func isSpecialType(value string) bool {
	value, ok := strings.CutPrefix(value, "os.unix=")
	if !ok {
		return false
	}
	if end := strings.IndexAny(value, "-:/"); end >= 0 {
		value = value[:end]
	}
	for _, t := range specialTypes {
		if value == t {
			return true
		}
	}
	return false
}
