package storage

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/testbed/powercut"
)

// A step is one thing that a master has a slave do. Each is answered before the next one
// begins.
type step struct {
	receive   *reception
	duplicate *wire.Duplicate
	apply     []wire.Intent
	forget    []uint64
}

// A reception is of content, into a folder. It goes on from the beginning of keep, if that is
// set.
type reception struct {
	op      uint64
	folder  int
	content string
	keep    *wire.Ref
	first   int64
}

// A story is what a master has a slave do, and what the slave has after each step.
type story struct {
	steps []step
	after []map[wire.Path]published
	files map[wire.Path]published
	ops   map[uint64]string
	clock uint64
	last  uint64
}

type published struct {
	version uint64
	content string
}

func (st *story) tick() uint64 {
	st.clock++
	return st.clock
}

func (st *story) do(s step) {
	st.steps = append(st.steps, s)
	st.after = append(st.after, maps.Clone(st.files))
}

func (st *story) receive(folder int, content string) uint64 {
	op := st.tick()
	st.ops[op] = content
	st.do(step{receive: &reception{op: op, folder: folder, content: content}})
	return op
}

// apply numbers intents, and knows what they bring about.
func (st *story) apply(intents ...wire.Intent) {
	for i := range intents {
		in := &intents[i]
		in.Prev, in.Seq = st.last, st.tick()
		st.last = in.Seq
		switch in.Deed {
		case wire.Publish:
			in.Version, in.Size = st.tick(), int64(len(st.ops[in.Op]))
			in.ModTime = time.Unix(1e9+int64(in.Version), 0)
			st.files[in.Path] = published{in.Version, st.ops[in.Op]}
		case wire.Remove:
			in.Version = st.clock
			delete(st.files, in.Path)
		case wire.Rename:
			for p, f := range maps.Clone(st.files) {
				if rest, below := strings.CutPrefix(string(p)+"/", string(in.Path)+"/"); below {
					delete(st.files, p)
					st.files[wire.Path(strings.TrimSuffix(string(in.To)+"/"+rest, "/"))] = f
				}
			}
		}
	}
	st.do(step{apply: intents})
}

func (st *story) ref(p wire.Path) wire.Ref {
	return wire.Ref{Path: p, Version: st.files[p].version, Size: int64(len(st.files[p].content))}
}

// theStory has everything in it that a slave with two folders can be made to do.
func theStory() *story {
	st := &story{files: map[wire.Path]published{}, ops: map[uint64]string{}}
	publish := func(op uint64, p wire.Path) wire.Intent { return wire.Intent{Deed: wire.Publish, Path: p, Op: op} }
	remove := func(p wire.Path) wire.Intent { return wire.Intent{Deed: wire.Remove, Path: p} }
	rename := func(p, to wire.Path) wire.Intent { return wire.Intent{Deed: wire.Rename, Path: p, To: to} }
	st.do(step{}) // to be made
	st.apply(publish(st.receive(0, "the first"), "/a/one"))
	two, three := st.receive(0, "the second one"), st.receive(1, strings.Repeat("the third\n", 1000))
	st.apply(publish(two, "/a/two"), publish(three, "/b/three"))
	st.apply(publish(st.receive(1, "the first, again"), "/a/one")) // in another folder
	st.apply(publish(st.receive(1, "and again, for the third time"), "/a/one"))
	st.do(step{forget: []uint64{st.receive(0, "forgotten")}})
	st.apply(rename("/a/two", "/c/d/two"))
	st.apply(rename("/b/three", "/c/d/two")) // in place of what is in another folder
	four, five := st.receive(0, "the fourth"), st.receive(0, "the fifth")
	st.apply(publish(four, "/a/four"), publish(five, "/a/sub/five"))
	st.apply(rename("/a", "/z/y")) // which is in both
	st.apply(rename("/z/y/sub", "/sub"), wire.Intent{Deed: wire.RemoveDir, Path: "/z/y/sub"}, rename("/sub/five", "/z/y/four"))
	op := st.tick()
	st.ops[op] = st.files["/c/d/two"].content
	st.do(step{duplicate: &wire.Duplicate{Op: op, Ref: st.ref("/c/d/two")}})
	st.apply(publish(op, "/e/dup"), remove("/z/y/one"))
	keep, op := st.ref("/e/dup"), st.tick()
	st.ops[op] = st.files["/e/dup"].content[:100] + "resumed"
	st.do(step{receive: &reception{op: op, content: "resumed", keep: &keep, first: 100}})
	st.apply(publish(op, "/e/dup"))
	six, seven := st.receive(0, "the sixth"), st.receive(1, "the seventh")
	st.apply(publish(six, "/e/six"), publish(seven, "/e/seven"), remove("/c/d/two"), remove("/z/y/four"), remove("/e/dup"), rename("/e", "/f"), remove("/f/six"))
	return st
}

// tell has the slave do a step.
func (b *bed) tell(s step) {
	b.Helper()
	switch {
	case s.receive != nil:
		b.receive(s.receive)
	case s.duplicate != nil:
		if _, err := b.Duplicate(b.Context(), *s.duplicate); err != nil {
			b.Fatal(err)
		}
	case s.apply != nil:
		if applied, err := b.Apply(b.Context(), s.apply); err != nil || applied < s.apply[len(s.apply)-1].Seq {
			b.Fatalf("%v: applied %d, %v", s.apply, applied, err)
		}
	case s.forget != nil:
		if err := b.Forget(b.Context(), s.forget); err != nil {
			b.Fatal(err)
		}
	}
}

func (b *bed) receive(r *reception) {
	b.Helper()
	var c *Content
	var err error
	if r.keep != nil {
		c, err = b.Prepare(b.Context(), r.op, r.keep, r.first, 0)
	} else {
		c, err = b.receiveIn(b.folders[r.folder], r.op)
	}
	if err == nil {
		defer c.Close()
		err = c.Begin(b.Context())
	}
	if err == nil {
		_, err = io.WriteString(c, r.content)
	}
	if err == nil {
		_, err = c.Commit(b.Context(), nil)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// TestSlaveProcess is a slave to whom the story happens. It says when each step is done.
func TestSlaveProcess(t *testing.T) {
	folders := os.Getenv("STORAGE_TEST_FOLDERS")
	if folders == "" {
		return
	}
	inodes = false
	b := &bed{T: t, config: Config{Folders: strings.Split(folders, ":")}}
	for i, s := range theStory().steps {
		if i == 0 {
			b.init()
			b.open()
		}
		b.tell(s)
		os.Stdout.WriteString("done ")
	}
	// Killed: nothing is closed.
}

// The machine of a slave dies at some moment, and whatever it had synced, and any part of
// the rest, is there afterwards. The slave goes on from there, loses nothing that it had
// told the master, and has nothing half.
func TestPowerCuts(t *testing.T) {
	inodes = false
	defer func() { inodes = true }()
	folders := []string{t.TempDir(), t.TempDir()}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestSlaveProcess$")
	cmd.Env = append(os.Environ(), "STORAGE_TEST_FOLDERS="+strings.Join(folders, ":"))
	r := powercut.Record(t, cmd, folders...)
	t.Setenv("TMPDIR", shm())
	random := rand.New(rand.NewPCG(1, 2))
	coin := func() bool { return random.IntN(2) == 0 }
	never := func() bool { return false }
	var cuts int
	try := func(moment int, how string, keep func() bool) {
		cuts++
		t.Run(fmt.Sprintf("%d,%s", moment, how), func(t *testing.T) { recoverFrom(t, r, moment, keep) })
	}
	for i, moment := range append(r.Syncs(), r.Moments()) {
		try(moment, "certain", never)
		if i%3 == 0 {
			try(moment, "any", coin)
		}
	}
	for moment := 0; moment < r.Moments(); moment += 16 {
		try(moment, "all", nil) // as if only the process had died
	}
	t.Logf("%d steps of %d system calls, %d of them syncs, cut %d times", len(theStory().steps), r.Moments(), len(r.Syncs()), cuts)
}

// recoverFrom starts a slave with what is left at one moment.
func recoverFrom(t *testing.T, r *powercut.Recording, moment int, keep func() bool) {
	b := &bed{T: t, config: Config{Folders: []string{t.TempDir(), t.TempDir()}}}
	done := strings.Count(r.Leave(t, moment, keep, b.config.Folders...), "done ")
	st := theStory()
	if done == 0 {
		b.init()
		done = 1
	}
	b.open()
	defer b.Close()

	// The master delivers what is not applied: also of the step that was under way.
	under := min(done, len(st.steps)-1)
	needed := map[uint64]string{}
	for _, s := range st.steps[:done] {
		if s.receive != nil {
			needed[s.receive.op] = st.ops[s.receive.op]
		}
		if s.duplicate != nil {
			needed[s.duplicate.Op] = st.ops[s.duplicate.Op]
		}
		for _, in := range s.apply {
			delete(needed, in.Op)
		}
		for _, op := range s.forget {
			delete(needed, op)
		}
	}
	for _, op := range st.steps[under].forget {
		delete(needed, op)
	}
	for _, in := range st.steps[under].apply {
		if in.Seq <= b.applied.Load() {
			delete(needed, in.Op)
		}
	}
	ops, err := b.Operations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for op, content := range needed {
		if !slices.ContainsFunc(ops, func(p wire.Prepared) bool { return p.Op == op && p.Size == int64(len(content)) }) {
			t.Fatalf("operation %d was prepared, and is lost; there are %v", op, ops)
		}
	}
	for _, p := range ops {
		if _, is := needed[p.Op]; !is {
			if err := b.Forget(t.Context(), []uint64{p.Op}); err != nil {
				t.Fatal(err)
			}
		}
	}
	has := st.after[done-1]
	if s := st.steps[under]; s.apply != nil {
		b.tell(s)
		has = st.after[under]
		done = under + 1
	}
	b.holds(has)
	for i := done; i < len(st.steps); i++ {
		b.tell(st.steps[i])
	}
	b.holds(st.after[len(st.after)-1])
	b.nothingPrepared()
}

// holds checks everything that the slave has.
func (b *bed) holds(files map[wire.Path]published) {
	b.Helper()
	var want, disk []string
	for p, f := range files {
		want = append(want, fmt.Sprintf("%s %d %d", p[1:], f.version, len(f.content)))
		disk = append(disk, string(p[1:]))
		file, err := b.Open(b.Context(), wire.Ref{Path: p, Version: f.version, Size: int64(len(f.content))}, 0)
		if err != nil {
			b.Error(err)
			continue
		}
		text, err := io.ReadAll(file)
		file.Close()
		if string(text) != f.content || err != nil {
			b.Errorf("%s holds %.50q, %v", p, text, err)
		}
	}
	got := slices.DeleteFunc(b.entries(), func(line string) bool { return strings.HasSuffix(line, "/") })
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		b.Errorf("it has %q, want %q", got, want)
	}
	slices.Sort(disk)
	there := slices.DeleteFunc(b.onDisk(), func(name string) bool { return strings.HasSuffix(name, "/") })
	if !slices.Equal(there, disk) {
		b.Errorf("on the disk are %q, want %q", there, disk)
	}
	for _, folder := range b.config.Folders {
		if left, err := os.ReadDir(filepath.Join(folder, damagedDir)); len(left) > 0 || err != nil {
			b.Errorf("damaged are %v, %v", left, err)
		}
	}
	if found, _, err := b.Damaged(b.Context(), 0); len(found) > 0 || err != nil {
		b.Errorf("damage is told: %v, %v", found, err)
	}
}
