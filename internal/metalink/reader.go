package metalink

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// A Document is a whole document in memory.
type Document struct {
	Header
	Files []File
}

type documentXML struct {
	XMLName   xml.Name   `xml:"urn:ietf:params:xml:ns:metalink metalink"`
	Generator string     `xml:"generator"`
	Origin    string     `xml:"origin"`
	Published *time.Time `xml:"published"`
	Updated   *time.Time `xml:"updated"`
	Files     []fileXML  `xml:"file"`
}

// Read reads a document, at most limit bytes of it. Files whose names lead out
// of the folder of a download make it an error.
func Read(r io.Reader, limit int64) (*Document, error) {
	var in documentXML
	if err := xml.NewDecoder(io.LimitReader(r, limit)).Decode(&in); err != nil {
		return nil, fmt.Errorf("read Metalink: %w", err)
	}
	d := &Document{Header: Header{Generator: in.Generator, Origin: in.Origin}}
	if in.Published != nil {
		d.Published = *in.Published
	}
	if in.Updated != nil {
		d.Updated = *in.Updated
	}
	for _, f := range in.Files {
		if err := CheckName(f.Name); err != nil {
			return nil, fmt.Errorf("read Metalink: %w", err)
		}
		file := File{Name: f.Name, Size: -1}
		if f.Size != nil {
			file.Size = *f.Size
		}
		for _, h := range f.Hashes {
			file.Hashes = append(file.Hashes, Hash(h))
		}
		for _, u := range f.URLs {
			file.URLs = append(file.URLs, URL{u.Address, u.Country, u.Priority})
		}
		d.Files = append(d.Files, file)
	}
	if len(d.Files) == 0 {
		return nil, fmt.Errorf("read Metalink: %w", ErrEmpty)
	}
	return d, nil
}
