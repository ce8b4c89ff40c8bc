package segment

import (
	"runtime"

	"mirrortracker/internal/digest"
)

// An entries goes over the names of one kind in a tree, in their order. It
// allocates nothing as long as names fit into the buffer that it was given.
type entries struct {
	tree     Tree
	list     list
	cursor   cursor
	position int
	name     []byte
}

func (t Tree) entries(k kind, buf []byte) entries {
	return entries{tree: t, list: t.list(k), position: -1, name: buf[:0]}
}

// Next goes to the next entry, the first one at first, and reports whether
// there is one.
func (e *entries) Next() bool {
	if e.position+1 >= e.list.count {
		return false
	}
	e.position++
	if e.position%blockSize == 0 {
		e.cursor = e.list.block(e.position / blockSize)
	}
	ok := e.cursor.next()
	if ok {
		e.name = e.cursor.appendTo(e.name)
	} else {
		e.position = e.list.count
	}
	runtime.KeepAlive(e.tree.segment)
	return ok
}

// Name returns the name of the entry, which is good until the next one.
func (e *entries) Name() []byte { return e.name }

// Position returns the position of the entry among those of its kind.
func (e *entries) Position() int { return e.position }

// ChildEntries goes over the subdirectories of a tree.
type ChildEntries struct{ entries }

// AllChildren goes over the subdirectories in the order of their names, which
// it puts together in buf.
func (t Tree) AllChildren(buf []byte) ChildEntries { return ChildEntries{t.entries(children, buf)} }

// Number returns the number of the subdirectory.
func (e *ChildEntries) Number() Number { return e.tree.ChildAt(e.position) }

// LinkEntries goes over the symbolic links of a tree.
type LinkEntries struct {
	entries
	target []byte
}

// AllLinks goes over the symbolic links in the order of their names, which it
// puts together in buf.
func (t Tree) AllLinks(buf []byte) LinkEntries { return LinkEntries{entries: t.entries(links, buf)} }

// Target returns the target of the link, which is good until the next one. It
// is empty where it is not known or longer than any path.
func (e *LinkEntries) Target() []byte {
	e.target = append(e.target[:0], e.cursor.payload().target...)
	runtime.KeepAlive(e.tree.segment)
	return e.target
}

// FileEntries goes over the files of a tree.
type FileEntries struct{ entries }

// AllFiles goes over the files in the order of their names, which it puts
// together in buf.
func (t Tree) AllFiles(buf []byte) FileEntries { return FileEntries{t.entries(files, buf)} }

// Size returns the size of the file, which may be [digest.UnknownSize].
func (e *FileEntries) Size() int64 {
	p := e.cursor.payload()
	runtime.KeepAlive(e.tree.segment)
	return p.size
}

// Date returns the date of the file.
func (e *FileEntries) Date() digest.Date {
	p := e.cursor.payload()
	runtime.KeepAlive(e.tree.segment)
	return dateOf(p.days)
}
