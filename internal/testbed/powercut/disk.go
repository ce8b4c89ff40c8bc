package powercut

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A node is a file or a directory, whatever names it has.
type node struct {
	names map[string]*node // of a directory; nil: a file
	data  []byte
	mtime time.Time
}

func newDir() *node { return &node{names: map[string]*node{}} }

// find follows a path below the node, which is nil where it leads nowhere.
func (n *node) find(path string) *node {
	for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if n == nil {
			return nil
		}
		if name != "" {
			n = n.names[name]
		}
	}
	return n
}

// load reads a folder as it is.
func load(t testing.TB, folder string) *node {
	t.Helper()
	n := newDir()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if e.IsDir() {
			n.names[e.Name()] = load(t, path)
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		n.names[e.Name()] = &node{data: data, mtime: info.ModTime()}
	}
	return n
}

// save writes a directory's content to an empty folder. Files with several names are
// linked.
func (n *node) save(t testing.TB, folder string, written map[*node]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		below, path := n.names[name], filepath.Join(folder, name)
		var err error
		switch first, again := written[below]; {
		case below.names != nil:
			if err = os.Mkdir(path, 0o700); err == nil {
				below.save(t, path, written)
			}
		case again:
			err = os.Link(first, path)
		default:
			written[below] = path
			if err = os.WriteFile(path, below.data, 0o600); err == nil && !below.mtime.IsZero() {
				err = os.Chtimes(path, below.mtime, below.mtime)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// write puts bytes into a file, and makes it longer where it ends before them.
func (n *node) write(at int64, b []byte) {
	if end := at + int64(len(b)); end > int64(len(n.data)) {
		n.resize(end)
	}
	copy(n.data[at:], b)
}

func (n *node) resize(size int64) {
	if size <= int64(len(n.data)) {
		n.data = n.data[:size:size]
		return
	}
	n.data = append(n.data[:len(n.data):len(n.data)], make([]byte, size-int64(len(n.data)))...)
}
