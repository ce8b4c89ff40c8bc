// Package vfs is the vocabulary that the FTP server's parts share about names:
// what one entry of the file system is, and how a directory is read. It knows
// neither FTP nor disks, so that the local folder of today and the file system in
// a database of tomorrow can speak to the same control connection.
//
// Paths are [mirrortracker/internal/mirror.Path] values: absolute, clean, raw
// bytes. Names are raw bytes too; nothing here is decoded or normalised.
package vfs

import (
	"errors"
	"io/fs"
	"strings"
	"time"
)

// Errors that a file system reports besides [fs.ErrNotExist], [fs.ErrExist] and
// [fs.ErrPermission]. Anything else counts as a fault of the machine, which the
// client may try again.
var (
	ErrNotDir     = errors.New("not a directory")
	ErrNotRegular = errors.New("not a plain file")
	ErrNotEmpty   = errors.New("directory not empty")
	ErrName       = errors.New("name not possible")      // too long for the disk, say
	ErrPlace      = errors.New("cannot be moved there")  // into itself, or to another disk
	ErrSpace      = errors.New("no space left")          // or a quota of the disk is used up
	ErrQuota      = errors.New("quota used up")          // of the user
	ErrChanged    = errors.New("file changed meanwhile") // what was to be resumed or appended to
)

// A MirroredError says that nothing is stored in a mirrored directory, as the draw was another
// site than the local one, whose files would differ then.
type MirroredError struct {
	Site string // what it is called
}

// Error says whom the draw gave.
func (e *MirroredError) Error() string { return "mirrored directory: " + e.Site + " was drawn" }

// A Kind says what an entry is.
type Kind uint8

// The kinds. Other is everything that has neither content that may be fetched
// nor entries below it: devices, sockets, pipes.
const (
	File Kind = iota
	Directory
	Link
	Other
)

// An Entry describes one name in a directory.
type Entry struct {
	Name    string      // raw bytes; the last component of the path
	Kind    Kind        // file, directory, link or other
	Size    int64       // in bytes; of a link, the length of its target
	ModTime time.Time   // zero if not known
	Mode    fs.FileMode // type, permission, setuid, setgid and sticky bits
	Links   uint64      // hard links
	Owner   string      // a name, or a number in decimal; without blanks
	Group   string      // likewise
	Target  string      // of a link: where it points, raw bytes
	Unique  string      // equal for two names of one file; empty if not known
	Bars    Bars        // what the server itself cannot do with it; none where that is not known
}

// Bars are what the machine keeps the server from, whatever its users may do.
type Bars uint8

// The bars: it cannot be read; nothing in it can be added, renamed or removed; nothing in
// it can be reached.
const (
	NoRead Bars = 1 << iota
	NoWrite
	NoSearch
)

// Hidden reports whether a listing leaves the entry out unless asked.
func (e Entry) Hidden() bool { return strings.HasPrefix(e.Name, ".") }

// A Dir is a directory that is being read.
//
// Next returns the entries one by one, in any order, each once, without "." and
// "..", and [io.EOF] after the last. After any other error the directory counts as
// not read to its end. Dirs are not safe for concurrent use.
type Dir interface {
	Next() (Entry, error)
	Close() error
}
