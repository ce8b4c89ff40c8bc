package wire

import (
	"net/netip"
	"time"
)

// A Path is an absolute, clean path, in raw bytes. As text, bytes that JSON cannot hold are
// escaped as in URLs.
type Path string

// A Ref names the content of a file: two files with one path and one version are equal.
type Ref struct {
	Path    Path   `json:"path"`
	Version uint64 `json:"version"` // from the master's clock; greater is newer
	Size    int64  `json:"size"`
}

// Sums are checksums of whole contents.
type Sums struct {
	CRC32  uint32 `json:"crc32"`            // IEEE
	SHA256 []byte `json:"sha256,omitempty"` // nil where the slave is not to compute it
}

// Prepared is content that is on the slave's disk for good, under no name yet.
type Prepared struct {
	Op   uint64 `json:"op"`
	Size int64  `json:"size"`
	Sums
}

// A Deed is what an intent does.
type Deed string

// The deeds. All but Publish and Adopt are done where there is nothing to do.
const (
	Publish   Deed = "publish"   // give the content prepared by Op the path and the version, in place of what is there
	Remove    Deed = "remove"    // the file at Path, if its version is at most Version, and directories that become empty by it
	Rename    Deed = "rename"    // file or directory at Path to To, in place of a file there
	RemoveDir Deed = "removedir" // the directory at Path, if it is empty
	Adopt     Deed = "adopt"     // the file at Path that came from elsewhere, of size Size, has Version from now on
)

// An Intent is one change of a slave's names.
type Intent struct {
	Seq     uint64    `json:"seq"`
	Prev    uint64    `json:"prev"` // the Seq before, for this slave; a slave that has not applied that refuses
	Deed    Deed      `json:"deed"`
	Path    Path      `json:"path"`
	To      Path      `json:"to,omitempty"`
	Op      uint64    `json:"op,omitempty"`
	Version uint64    `json:"version,omitempty"`
	Size    int64     `json:"size,omitempty"`
	ModTime time.Time `json:"mtime,omitzero"` // of what is published
}

// A Kind says what an entry of a slave's directory is.
type Kind string

// The kinds.
const (
	File      Kind = "file"
	Directory Kind = "dir"
)

// A SyncDigest is over the names below a directory, with kinds, sizes and versions, so that
// master and slave can compare without sending them. The digest of a directory is the sum,
// as a number of 256 bits without carry out of the last, of SHA-256 over each entry: see
// [Entry.Digest]. So one change is one subtraction and one addition, whatever the directory
// holds. It guards against faults, not against slaves that lie.
type SyncDigest [32]byte

// An Entry is one name in a slave's directory. Directories without any file below them are
// not told of.
type Entry struct {
	Name    Path       `json:"name"` // one component
	Kind    Kind       `json:"kind"`
	Size    int64      `json:"size,omitempty"`
	Version uint64     `json:"version,omitempty"` // 0: it came from elsewhere, and was not adopted yet
	Sub     SyncDigest `json:"sub,omitzero"`      // of a directory
	Sums    *Sums      `json:"sums,omitempty"`    // of a file, where they are known
	ModTime time.Time  `json:"mtime,omitzero"`    // of a file that was not adopted yet
}

// A State is how a slave is, told when it joins, when the master asks, and every second
// while something changes.
type State struct {
	Storage string     `json:"storage"` // the random identity of its storage folders
	Applied uint64     `json:"applied"` // the last intent
	Digest  SyncDigest `json:"digest"`  // of the root
	Files   int64      `json:"files"`
	Bytes   int64      `json:"bytes"`
	Free    int64      `json:"free"`
	Total   int64      `json:"total"`

	Receiving, Sending int    // transfers under way
	In, Out            int64  // bytes a second, over the last ten seconds
	Fault              string `json:"fault,omitempty"` // why it cannot take uploads: "disk is full", "read-only"

	Ports    [2]uint16        `json:"ports"`          // for data connections
	Data     []netip.Addr     `json:"data"`           // at which clients reach it, at most one for each family
	Relay    []netip.AddrPort `json:"relay"`          // where masters and slaves fetch and bring bytes
	Rack     string           `json:"rack,omitempty"` // two slaves with one label fail together
	Software string           `json:"software"`
}
