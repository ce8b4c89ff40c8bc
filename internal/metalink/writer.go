package metalink

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// ErrEmpty says that a document would have no file, which none may.
var ErrEmpty = errors.New("no file for a Metalink")

// A Header is what a document says of itself.
type Header struct {
	Generator string
	Origin    string    // where this document is had anew; "" if nowhere
	Published time.Time // when what it describes was first seen; zero if not known
	Updated   time.Time // when it was seen last; zero if not known
}

// A File is one file of a document.
type File struct {
	Name   string // relative; see CheckName
	Size   int64  // in bytes; negative where it is not known
	Hashes []Hash // of the whole file
	URLs   []URL  // at least one
}

// A Hash is a digest of a file's content.
type Hash struct {
	Type string // as IANA's registry of hash functions names it, such as "sha-256"
	Hex  string // lower case
}

// A URL is one place of a file.
type URL struct {
	Address  string
	Country  string // ISO 3166-1 alpha-2 code, lower case; "" if not known
	Priority int    // from 1, the best, to MaxPriority; 0 for none
}

// A Writer writes one document, and nothing at all before its first file.
type Writer struct {
	to     io.Writer
	xml    *xml.Encoder
	header Header
	open   bool
}

// NewWriter returns a writer of a document. Close must be called at its end.
func NewWriter(w io.Writer, h Header) *Writer {
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	return &Writer{to: w, xml: e, header: h}
}

// root is the outermost element.
var root = xml.StartElement{
	Name: xml.Name{Local: "metalink"},
	Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: Namespace}},
}

type originXML struct {
	Dynamic bool   `xml:"dynamic,attr"`
	Address string `xml:",chardata"`
}

type fileXML struct {
	XMLName xml.Name  `xml:"file"`
	Name    string    `xml:"name,attr"`
	Size    *int64    `xml:"size"`
	Hashes  []hashXML `xml:"hash"`
	URLs    []urlXML  `xml:"url"`
}

type hashXML struct {
	Type string `xml:"type,attr"`
	Hex  string `xml:",chardata"`
}

type urlXML struct {
	Priority int    `xml:"priority,attr,omitempty"`
	Country  string `xml:"location,attr,omitempty"`
	Address  string `xml:",chardata"`
}

// File adds a file. A name that no document can hold is refused with an error
// that wraps [ErrName], and leaves the document as it was.
func (w *Writer) File(f *File) error {
	if err := CheckName(f.Name); err != nil {
		return err
	}
	if len(f.URLs) == 0 {
		return fmt.Errorf("file %q of a Metalink has no URL", f.Name)
	}
	if err := w.begin(); err != nil {
		return err
	}
	out := fileXML{Name: f.Name}
	if f.Size >= 0 {
		out.Size = &f.Size
	}
	for _, h := range f.Hashes {
		out.Hashes = append(out.Hashes, hashXML(h))
	}
	for _, u := range f.URLs {
		out.URLs = append(out.URLs, urlXML{min(u.Priority, MaxPriority), u.Country, u.Address})
	}
	return w.xml.Encode(out)
}

// Comment adds a remark for people, below the files that were added so far; a
// document without any gets none.
func (w *Writer) Comment(text string) error {
	if !w.open {
		return nil
	}
	return w.xml.EncodeToken(xml.Comment(" " + harmless(text) + " "))
}

// harmless makes a text such as a comment can hold: no characters that XML does
// not have, and no two dashes.
func harmless(text string) string {
	text = strings.Map(func(r rune) rune {
		if !inName(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	for strings.Contains(text, "--") {
		text = strings.ReplaceAll(text, "--", "- -")
	}
	return text
}

// Close ends the document. Without a file it is [ErrEmpty], and nothing was
// written.
func (w *Writer) Close() error {
	if !w.open {
		return ErrEmpty
	}
	if err := w.xml.EncodeToken(root.End()); err != nil {
		return err
	}
	if err := w.xml.Close(); err != nil {
		return err
	}
	_, err := io.WriteString(w.to, "\n")
	return err
}

// begin writes what stands before the first file, once.
func (w *Writer) begin() error {
	if w.open {
		return nil
	}
	w.open = true
	if _, err := io.WriteString(w.to, xml.Header); err != nil {
		return err
	}
	if err := w.xml.EncodeToken(root); err != nil {
		return err
	}
	for _, e := range []struct {
		name  string
		value any
		given bool
	}{
		{"generator", w.header.Generator, w.header.Generator != ""},
		{"origin", originXML{true, w.header.Origin}, w.header.Origin != ""},
		{"published", stamp(w.header.Published), !w.header.Published.IsZero()},
		{"updated", stamp(w.header.Updated), !w.header.Updated.IsZero()},
	} {
		if !e.given {
			continue
		}
		if err := w.xml.EncodeElement(e.value, xml.StartElement{Name: xml.Name{Local: e.name}}); err != nil {
			return err
		}
	}
	return nil
}

// stamp writes a time as RFC 5854, section 3.3, wants it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
