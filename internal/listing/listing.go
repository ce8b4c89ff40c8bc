package listing

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"unsafe"

	"mirrortracker/internal/digest"
)

// An Entry is what one line says.
//
// There may be very many of them: the names and targets of one directory share
// one string that holds nothing else, and the fields lie so that none is padded.
type Entry struct {
	Name   string // raw bytes, not necessarily UTF-8
	Target string // of a link, raw bytes as printed; "" if not told
	Size   int64  // of a file, in bytes; digest.UnknownSize where it is not told
	Stamp  Stamp  // when it was modified, as printed
	Kind   digest.Kind

	// Closed says of a directory that its mode keeps others than its owner and group
	// from listing or entering it. It is false where there is no mode.
	Closed bool
}

// A Listing is what a server told about one directory. Whether it is complete
// is for the caller to judge: docs/digest-v1.md, "Refusals that look like
// answers".
type Listing struct {
	Entries []Entry // in the order of the lines, without "." and ".."

	Self   bool // there was a line for the directory itself: ".", or type=cdir
	Parent bool // there was a line for its parent: "..", or type=pdir

	// SelfName is the name on a type=cdir line: ".", or a path.
	SelfName string

	// HidesLinks is true where a line was of a form (Windows, EPLF) in which a
	// link may look like the file or directory that it points to. It is never
	// true of MLSD, where that depends on the server.
	HidesLinks bool
}

// A LineError is the first line of a listing that could not be understood.
type LineError struct {
	Line int    // counted from 1
	Text string // the line, cut after [maxQuoted] bytes
	Why  string // what is wrong with it
	More int    // how many other lines were not understood either
}

// maxQuoted is how much of a bad line its error keeps.
const maxQuoted = 200

func (e *LineError) Error() string {
	more := ""
	if e.More > 0 {
		more = fmt.Sprintf(" (and %d more lines)", e.More)
	}
	return fmt.Sprintf("line %d: %s: %q%s", e.Line, e.Why, e.Text, more)
}

// ParseList reads the text of a LIST, or the lines between the first and the
// last of a reply to STAT. The error is a [*LineError]; the listing then holds
// all the other lines.
//
// A last line without a line end is a line like others: that a listing was cut
// off is for the connection to notice.
func ParseList(text []byte) (Listing, error) { return ParseListUpTo(text, math.MaxInt) }

// ParseListUpTo is ParseList of what a stranger sent: it stops with a
// [*LimitError] at the line that would be one entry too many, so that memory is
// bounded by that number as well as by the length of the text.
func ParseListUpTo(text []byte, entries int) (Listing, error) { return parse(text, entries, listLine) }

// ParseMLSD reads the text of an MLSD. The error is a [*LineError]; the listing
// then holds all the other lines.
func ParseMLSD(text []byte) (Listing, error) { return ParseMLSDUpTo(text, math.MaxInt) }

// ParseMLSDUpTo is to ParseMLSD what ParseListUpTo is to ParseList.
func ParseMLSDUpTo(text []byte, entries int) (Listing, error) { return parse(text, entries, factLine) }

// A form reads one line that is not empty, and returns what is wrong with it.
type form func(l *Listing, line string) (why string)

// shortestLine is less than the bytes of nearly all lines, and shortestRest what
// stands on nearly all lines beside the name. They keep odd texts from reserving
// many times their own size.
const (
	shortestLine = 24
	shortestRest = 40
)

// parse reads all lines, or stops at the entry that is one too many.
func parse(text []byte, most int, read form) (Listing, error) {
	lines := min(bytes.Count(text, []byte{'\n'})+1, len(text)/shortestLine)
	p := parser{most: most}
	p.listing.Entries = make([]Entry, 0, min(lines-1, most)+1)
	p.names = make([]byte, 0, max(len(text)-lines*shortestRest, 0))
	n := 0
	for line := range strings.Lines(view(text)) {
		n++
		if line = chomp(line); line == "" {
			continue
		}
		if err := p.line(n, line, read); err != nil {
			return p.keep(p.listing.Entries), err
		}
	}
	return p.result(p.listing.Entries)
}

// chomp cuts off the end of a line: one LF, and one CR before it.
func chomp(line string) string {
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
}

// view returns bytes as a string without copying them. It is good until the
// bytes change; whatever lasts longer is a copy.
func view(text []byte) string { return unsafe.String(unsafe.SliceData(text), len(text)) }

// A parser collects the lines of one directory. Its lines are views: of a name
// or a target in listing.Entries only the length counts, the bytes are in names.
type parser struct {
	listing Listing
	names   []byte // names and targets in the order of the entries
	most    int    // entries
	bad     *LineError
}

// line reads the nth line. The error is a [*LimitError].
func (p *parser) line(n int, line string, read form) error {
	l := &p.listing
	before := len(l.Entries)
	why := read(l, line)
	switch {
	case why != "" && p.bad != nil:
		p.bad.More++
	case why != "":
		p.bad = &LineError{Line: n, Text: quoted(line), Why: why}
	case before == len(l.Entries):
	case before == p.most:
		l.Entries = l.Entries[:before]
		return &LimitError{Line: n, What: "entries", Max: p.most}
	default:
		p.names = append(append(p.names, l.Entries[before].Name...), l.Entries[before].Target...)
	}
	return nil
}

func quoted(line string) string { return strings.Clone(line[:min(len(line), maxQuoted)]) }

// result returns the listing, with the given entries as its own, and what is
// wrong with it.
func (p *parser) result(entries []Entry) (Listing, error) {
	if p.bad != nil {
		return p.keep(entries), p.bad
	}
	return p.keep(entries), nil
}

// keep returns the listing as it lasts.
func (p *parser) keep(entries []Entry) Listing {
	names := string(p.names)
	for i := range entries {
		e := &entries[i]
		e.Name, names = names[:len(e.Name)], names[len(e.Name):]
		e.Target, names = names[:len(e.Target)], names[len(e.Target):]
	}
	l := p.listing
	l.Entries, l.SelfName = entries, strings.Clone(l.SelfName)
	return l
}

// add files an entry that was read from a line, of which why is what was wrong.
// It returns what remains wrong: nothing where the name is hidden.
func (l *Listing) add(e Entry, why string) string {
	switch {
	case e.Name == ".":
		l.Self = true
	case e.Name == "..":
		l.Parent = true
	case why != "" && !digest.Hidden(e.Name):
		return why
	default:
		l.Entries = append(l.Entries, e)
	}
	return ""
}

// listLine reads a line of a LIST, whatever its form.
func listLine(l *Listing, line string) string {
	line = line[blanks(line, 0):]
	switch {
	case line == "" || isTotal(line):
		return ""
	case line[0] == '+':
		l.HidesLinks = true
		return l.add(eplfLine(line))
	case isDOS(line):
		l.HidesLinks = true
		return l.add(dosLine(line))
	}
	return l.add(unixLine(line))
}
