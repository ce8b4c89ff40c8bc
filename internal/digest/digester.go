package digest

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
)

// A Digester makes trees. It keeps its buffers from one directory to the next,
// so that the number of allocations does not grow with the number of entries.
// It must not be used by two goroutines at a time.
type Digester struct {
	blind, exact, id   hash.Hash
	line               []byte // the line being written
	branches, leaves   []byte
	hasBlind, hasExact bool
}

// NewDigester returns a Digester.
func NewDigester() *Digester {
	return &Digester{blind: md5.New(), exact: md5.New(), id: sha256.New()}
}

// Tree makes the tree of a directory from what [Clean] returned, in which every
// directory has its Sub. Reason is [Complete] or says why the listing is not.
// The tree shares nothing with the entries.
func (d *Digester) Tree(entries []Entry, reason Reason) *Tree {
	d.reset()
	if reason != Complete {
		d.hasBlind, d.hasExact = false, false
		d.branches = append(d.branches, "! "+string(reason)+"\n"...)
		d.id.Write(d.branches)
	}
	var totals Totals
	for i := range entries {
		switch e := &entries[i]; e.Kind {
		case File:
			d.file(e)
			totals.Add(Totals{Files: 1, Bytes: max(e.Size, 0)})
		case Dir:
			if e.Sub == nil {
				panic("digest: internal error: no summary for directory " + strconv.Quote(e.Name))
			}
			d.dir(e)
			totals.Add(e.Sub.Totals)
			totals.Add(Totals{Dirs: 1})
		case Link:
			d.link(e)
		}
	}
	t := &Tree{
		Summary:  Summary{Totals: totals},
		Branches: bytes.Clone(d.branches),
		Leaves:   bytes.Clone(d.leaves),
	}
	d.id.Sum(t.ID[:0])
	if d.hasBlind {
		d.blind.Sum(t.Blind[:0])
	}
	if d.hasExact {
		d.exact.Sum(t.Exact[:0])
	}
	return t
}

func (d *Digester) reset() {
	d.blind.Reset()
	d.exact.Reset()
	d.id.Reset()
	d.branches, d.leaves = d.branches[:0], d.leaves[:0]
	d.hasBlind, d.hasExact = true, true
}

func (d *Digester) file(e *Entry) {
	if e.Size < 0 {
		d.hasBlind, d.hasExact = false, false
	}
	if !e.Date.Known() {
		d.hasExact = false
	}
	d.line = append(d.line[:0], "f "...)
	if e.Size < 0 {
		d.line = append(d.line, '-')
	} else {
		d.line = strconv.AppendInt(d.line, e.Size, 10)
	}
	d.line = append(d.line, ' ')
	date := len(d.line)
	d.line = e.Date.append(d.line)
	d.line = append(d.line, ' ')
	name := len(d.line)
	d.line = append(d.line, e.Name...)
	d.line = append(d.line, '\n')

	d.id.Write(d.line)
	d.leaves = append(d.leaves, d.line...)
	if d.hasExact {
		d.exact.Write(d.line)
	}
	if d.hasBlind {
		d.line = append(d.line[:date], d.line[name:]...)
		d.blind.Write(d.line)
	}
}

func (d *Digester) dir(e *Entry) {
	d.dirLine(e.Sub.ID[:], e.Name)
	d.id.Write(d.line)
	d.branches = append(d.branches, d.line...)
	if d.hasExact = d.hasExact && !e.Sub.Exact.Absent(); d.hasExact {
		d.dirLine(e.Sub.Exact[:], e.Name)
		d.exact.Write(d.line)
	}
	if d.hasBlind = d.hasBlind && !e.Sub.Blind.Absent(); d.hasBlind {
		d.dirLine(e.Sub.Blind[:], e.Name)
		d.blind.Write(d.line)
	}
}

func (d *Digester) dirLine(hash []byte, name string) {
	d.line = append(d.line[:0], "d "...)
	d.line = hex.AppendEncode(d.line, hash)
	d.line = append(d.line, ' ')
	d.line = append(d.line, name...)
	d.line = append(d.line, '\n')
}

// link writes the line of a symbolic link. A target that could not stand in a
// line is left out, as if the server had not told it.
func (d *Digester) link(e *Entry) {
	target := e.Target
	if strings.ContainsAny(target, "\x00\n") {
		target = ""
	}
	d.line = append(d.line[:0], "l "...)
	d.line = append(d.line, e.Name...)
	d.line = append(d.line, 0)
	d.line = append(d.line, target...)
	d.line = append(d.line, '\n')
	d.id.Write(d.line)
	d.branches = append(d.branches, d.line...)
}
