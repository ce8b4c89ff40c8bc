package listing

import (
	"bytes"
	"fmt"
	"strings"

	"mirrortracker/internal/digest"
)

// An Entry is what one line says.
type Entry struct {
	Name   string // raw bytes, not necessarily UTF-8
	Kind   digest.Kind
	Size   int64  // of a file, in bytes; digest.UnknownSize where it is not told
	Target string // of a link, raw bytes as printed; "" if not told
	Stamp  Stamp  // when it was modified, as printed
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
func ParseList(text []byte) (Listing, error) { return parse(text, listLine) }

// ParseMLSD reads the text of an MLSD. The error is a [*LineError]; the listing
// then holds all the other lines.
func ParseMLSD(text []byte) (Listing, error) { return parse(text, factLine) }

// A form reads one line that is not empty, and returns what is wrong with it.
type form func(l *Listing, line string) (why string)

// shortestLine is less than the bytes of nearly all lines. It keeps a text of
// empty lines from reserving many times its own size.
const shortestLine = 24

// parse reads all lines from one copy of the text, of which all names are parts.
func parse(text []byte, read form) (Listing, error) {
	var p parser
	p.listing.Entries = make([]Entry, 0, min(bytes.Count(text, []byte{'\n'}), len(text)/shortestLine))
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if line = chomp(line); line != "" {
			p.line(n, line, read)
		}
	}
	return p.result()
}

// chomp cuts off the end of a line: one LF, and one CR before it.
func chomp(line string) string {
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
}

// A parser collects the lines of one directory.
type parser struct {
	listing Listing
	bad     *LineError
}

// line reads the nth line.
func (p *parser) line(n int, line string, read form) {
	why := read(&p.listing, line)
	switch {
	case why == "":
	case p.bad == nil:
		p.bad = &LineError{Line: n, Text: quoted(line), Why: why}
	default:
		p.bad.More++
	}
}

func quoted(line string) string { return strings.Clone(line[:min(len(line), maxQuoted)]) }

func (p *parser) result() (Listing, error) {
	if p.bad != nil {
		return p.listing, p.bad
	}
	return p.listing, nil
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
