package catalogue

import (
	"io/fs"
	"strconv"
	"time"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// A node is one name in the file system, as the database has it. Nodes are never changed
// once they were read.
type node struct {
	Parent  uint64 `db:"parent"` // the id of the directory
	Name    []byte `db:"name"`
	ID      uint64 `db:"id"`
	Kind    int64  `db:"kind"`
	Size    int64  `db:"size"`
	ModTime int64  `db:"mtime"` // Unix nanoseconds
	Mode    uint32 `db:"mode"`  // permission bits
	Owner   string `db:"owner"`
	Target  []byte `db:"target"`  // of a link
	Version uint64 `db:"version"` // of a file's content
	CRC32   int64  `db:"crc32"`   // likewise; noSum where it is not known
	SHA256  []byte `db:"sha256"`  // likewise; empty where it is not known
}

// The columns of a node, in an order that [node.fields] and [node.values] have too: of a
// table that is called n, and as they are written.
const (
	columns     = `n.parent, n.name, n.id, n.kind, n.size, n.mtime, n.mode, n.owner, n.target, n.version, n.crc32, n.sha256`
	nodeColumns = `parent, name, id, kind, size, mtime, mode, owner, target, version, crc32, sha256`
)

// fields are where the columns of a row go.
func (n *node) fields() []any {
	return []any{&n.Parent, &n.Name, &n.ID, &n.Kind, &n.Size, &n.ModTime, &n.Mode, &n.Owner, &n.Target, &n.Version, &n.CRC32, &n.SHA256}
}

// values are what is written into the columns.
func (n *node) values() []any {
	return []any{n.Parent, notNil(n.Name), n.ID, n.Kind, n.Size, n.ModTime, n.Mode, n.Owner, notNil(n.Target), n.Version, n.CRC32, notNil(n.SHA256)}
}

// notNil makes bytes fit for a column that cannot be NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// The kinds of nodes.
const (
	fileKind      = int64(vfs.File)
	directoryKind = int64(vfs.Directory)
	linkKind      = int64(vfs.Link)
)

// noSum stands for a checksum that is not known.
const noSum = -1

// rootID is the number of the root, which has no row.
const rootID = 0

// root is the directory in which all others are.
var root = &node{ID: rootID, Kind: directoryKind, Mode: 0o755, Owner: group}

// group is what all entries belong to.
const group = "ftp"

// entry describes a node to the control connection.
func (n *node) entry() vfs.Entry {
	e := vfs.Entry{
		Name: string(n.Name), Kind: vfs.Kind(n.Kind), Size: n.Size, ModTime: n.modTime(),
		Mode: fs.FileMode(n.Mode).Perm(), Links: 1, Owner: n.Owner, Group: group,
		Unique: strconv.FormatUint(n.ID, 16),
	}
	switch n.Kind {
	case directoryKind:
		e.Mode |= fs.ModeDir
	case linkKind:
		e.Mode |= fs.ModeSymlink
		e.Target, e.Size = string(n.Target), int64(len(n.Target))
	}
	return e
}

// modTime is when it was modified; zero for the root, of which that is not known.
func (n *node) modTime() time.Time { return fromNano(n.ModTime) }

// usage is what a node takes of a quota; n may be nil.
func (n *node) usage() vfs.Usage {
	if n == nil || n.Kind != fileKind {
		return vfs.Usage{}
	}
	return vfs.Usage{Bytes: n.Size, Files: 1}
}

// file describes a plain file.
func (n *node) file(p mirror.Path, holders []Holder) File {
	f := File{
		Node: n.ID, Ref: wire.Ref{Path: wire.Path(p), Version: n.Version, Size: n.Size},
		ModTime: n.modTime(), Owner: n.Owner, Holders: holders,
	}
	if n.CRC32 != noSum {
		f.Summed = true
		f.Sums.CRC32 = uint32(n.CRC32)
	}
	if len(n.SHA256) > 0 {
		f.Sums.SHA256 = n.SHA256
	}
	return f
}

// unixNano and fromNano convert times; the zero time is 0.
func unixNano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNano(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}
