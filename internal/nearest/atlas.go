package nearest

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"
)

// An Atlas is what a set of databases says of addresses. It is immutable; nil says nothing.
type Atlas struct{ databases []*database }

// A database is one file, in memory: a mapped one that somebody overwrites in place
// would take the process down.
type database struct {
	path   string
	reader *maxminddb.Reader
}

// maxDatabase bounds the size of a database in bytes; the greatest that are published
// have a few hundred MiB.
const maxDatabase = 2 << 30

// open reads a database, and returns what was read of which state of the file.
func open(path string) (*database, os.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err // it names the path
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if size := info.Size(); size > maxDatabase {
		return nil, info, fmt.Errorf("%s: %d bytes are more than %d", path, size, maxDatabase)
	}
	var text bytes.Buffer
	text.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := text.ReadFrom(io.LimitReader(file, maxDatabase)); err != nil {
		return nil, info, err
	}
	d, err := parse(path, text.Bytes())
	return d, info, err
}

// parse returns the database that a file holds.
func parse(path string, text []byte) (*database, error) {
	reader, err := maxminddb.OpenBytes(text)
	if err != nil {
		return nil, fmt.Errorf("%s is no whole file in MaxMind's format: %w", path, err)
	}
	return &database{path, reader}, nil
}

// find returns what the database says of an address, and of which addresses it says the
// same; the prefix is invalid if it is not about addresses of this family.
func (d *database) find(addr netip.Addr) (Where, netip.Prefix) {
	result := d.reader.Lookup(addr)
	if result.Err() != nil {
		return Where{}, netip.Prefix{}
	}
	prefix := result.Prefix()
	if prefix.Addr().Is4() != addr.Is4() {
		prefix = netip.Prefix{}
	}
	var r record
	if !result.Found() || result.Decode(&r) != nil {
		return Where{}, prefix
	}
	return r.where(), prefix
}

// addTo adds what the databases say of an address, those that stand first before the
// others, and returns the narrowest of prefix and theirs.
func (a *Atlas) addTo(f *finding, addr netip.Addr, prefix netip.Prefix) netip.Prefix {
	if a == nil || !addr.IsValid() {
		return prefix
	}
	for _, d := range a.databases {
		w, p := d.find(addr)
		f.add(w, d.path)
		if p.IsValid() && (!prefix.IsValid() || p.Bits() > prefix.Bits()) {
			prefix = p
		}
	}
	return prefix
}
