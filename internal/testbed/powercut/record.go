package powercut

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mirrortracker/internal/testbed"
)

// calls are the system calls that change a disk, as far as they are understood here.
const calls = "open,openat,write,pwrite64,copy_file_range,ftruncate,rename,renameat,renameat2,linkat,unlink,unlinkat,mkdir,mkdirat," +
	"fsync,fdatasync,utimensat"

// A Recording is what one process did to folders, and said on its standard output.
type Recording struct {
	folders []string
	start   []*node // as they were
	changes []change
}

// Record runs a command, of one process, under strace to its end, and records what it does to
// folders.
func Record(t testing.TB, cmd *exec.Cmd, folders ...string) *Recording {
	t.Helper()
	r := &Recording{folders: folders}
	for _, folder := range folders {
		r.start = append(r.start, load(t, folder))
	}
	trace := filepath.Join(t.TempDir(), "trace")
	strace := testbed.Need(t, "strace")
	cmd.Args = append([]string{strace, "-f", "-y", "-xx", "-s", "4194304", "-o", trace, "-e", "trace=" + calls, "-e", "signal=none", "--"}, cmd.Args...)
	cmd.Path = strace
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	text, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	if err := r.read(text); err != nil {
		t.Fatal(err)
	}
	return r
}

// Moments is how many steps were recorded: the machine can die before each, and after
// the last.
func (r *Recording) Moments() int { return len(r.changes) }

// Syncs returns the moments at which something was about to be made certain.
func (r *Recording) Syncs() []int {
	var all []int
	for i, c := range r.changes {
		if c.what == synced {
			all = append(all, i)
		}
	}
	return all
}

// Leave makes in empty folders what is there after the machine died at a moment: what is
// certain by then, and of the rest what keep says, or everything if that is nil, as when
// only the process died. It returns what the process had said.
func (r *Recording) Leave(t testing.TB, moment int, keep func() bool, folders ...string) (output string) {
	t.Helper()
	nodes := map[int]*node{}
	for i, start := range r.start {
		number(clone(start), numbers(i), nodes)
	}
	for i := range r.changes[:moment] {
		c := &r.changes[i]
		if c.what == said {
			output += string(c.data)
		}
		if c.what == made || keep == nil || r.certain(i, moment) || keep() {
			c.do(nodes)
		}
	}
	for i, folder := range folders {
		nodes[i*firstNumber].save(t, folder, map[*node]string{})
	}
	return output
}

// certain reports whether a change was made to last before a moment.
func (r *Recording) certain(i, moment int) bool {
	for j := i + 1; j < moment; j++ {
		if c := &r.changes[j]; c.what == synced && r.changes[i].covers(c.node) {
			return true
		}
	}
	return false
}

// firstNumber is how far the numbers of the folders' nodes, as they were at the start, are
// apart.
const firstNumber = 1 << 20

// numbers counts from that of a folder on.
func numbers(folder int) func() int {
	next := folder*firstNumber - 1
	return func() int {
		next++
		return next
	}
}

// number gives a directory and all below it numbers, always the same ones.
func number(n *node, next func() int, into map[int]*node) {
	into[next()] = n
	for _, name := range sorted(n.names) {
		number(n.names[name], next, into)
	}
}

func clone(n *node) *node {
	c := &node{data: append([]byte(nil), n.data...), mtime: n.mtime}
	if n.names != nil {
		c.names = maps.Clone(n.names)
		for name, below := range c.names {
			c.names[name] = clone(below)
		}
	}
	return c
}
