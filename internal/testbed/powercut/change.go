package powercut

import "time"

// A change is one step of what a program did to the disk. The nodes that it speaks of are
// known by number, so that it means the same whatever of the others reached the disk.
type change struct {
	what  verb
	node  int // that was changed, got a name, or was synced
	dir   int // where it gets a name
	name  string
	from  int // where it loses one; -1: nowhere
	old   string
	at    int64 // in a file
	data  []byte
	mtime time.Time
	isDir bool
}

// A verb says what a change is.
type verb int

const (
	made    verb = iota // a node, without a name so far
	written             // data at at
	resized             // to at
	timed               // mtime
	named               // as name in dir, and no longer as old in from
	unnamed             // no longer old in from
	synced              // node
	said                // data, to whom it may concern
)

// covers reports whether a sync of a node makes a change certain.
func (c *change) covers(node int) bool {
	switch c.what {
	case written, resized, timed:
		return c.node == node
	case named: // and with it that the old name is gone: renaming is one step
		return c.dir == node
	case unnamed:
		return c.from == node
	}
	return false
}

// do does a change to nodes.
func (c *change) do(nodes map[int]*node) {
	switch c.what {
	case made:
		nodes[c.node] = &node{}
		if c.isDir {
			nodes[c.node] = newDir()
		}
	case written:
		nodes[c.node].write(c.at, c.data)
	case resized:
		nodes[c.node].resize(c.at)
	case timed:
		nodes[c.node].mtime = c.mtime
	case named:
		if c.from >= 0 && nodes[c.from].names[c.old] == nodes[c.node] {
			delete(nodes[c.from].names, c.old)
		}
		nodes[c.dir].names[c.name] = nodes[c.node]
	case unnamed:
		if nodes[c.from].names[c.old] == nodes[c.node] {
			delete(nodes[c.from].names, c.old)
		}
	}
}
