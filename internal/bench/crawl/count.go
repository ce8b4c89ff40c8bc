package main

import (
	"bufio"
	"bytes"
	"hash/maphash"
	"io"
)

// A counter counts the directories that a client has listed by what it prints.
type counter struct {
	listed map[uint64]bool // hashes of their paths
	seed   maphash.Seed
}

func newCounter() *counter {
	return &counter{listed: map[uint64]bool{}, seed: maphash.MakeSeed()}
}

// dirs is how many they are.
func (c *counter) dirs() int64 { return int64(len(c.listed)) }

// parents counts the directories in which the printed paths are, each on a line of its
// own, perhaps after a size and a tab. A directory that was only seen does not count until
// something in it is printed; in our trees no directory is empty.
func (c *counter) parents(r io.Reader) error {
	return lines(r, func(line []byte) {
		line = line[bytes.IndexByte(line, '\t')+1:]
		line = bytes.TrimSuffix(bytes.TrimPrefix(line, []byte("./")), []byte("/"))
		if len(line) == 0 || string(line) == "." {
			return // the root is in no directory
		}
		parent := line[:max(0, bytes.LastIndexByte(line, '/'))]
		c.listed[maphash.Bytes(c.seed, parent)] = true
	})
}

// headings counts the headings of an ls -lR, which are paths and a colon. The listing
// of the directory that was asked for has none on some servers.
func (c *counter) headings(r io.Reader) error {
	c.listed[0] = true
	return lines(r, func(line []byte) {
		path, found := bytes.CutSuffix(bytes.TrimSuffix(line, []byte("\r")), []byte(":"))
		if found && len(bytes.Trim(path, "./")) > 0 {
			c.listed[maphash.Bytes(c.seed, path)] = true
		}
	})
}

func lines(r io.Reader, fn func(line []byte)) error {
	in := bufio.NewScanner(bufio.NewReaderSize(r, 256<<10))
	for in.Scan() {
		fn(in.Bytes())
	}
	return in.Err()
}
