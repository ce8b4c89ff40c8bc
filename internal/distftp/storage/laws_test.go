package storage

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mirrortracker/internal/distftp/wire"
)

// Whatever a master has a slave do, in batches of whatever size, the slave has what follows
// from it one by one, its digests are those of what it has, and a scan finds nothing else.
func TestAnyIntents(t *testing.T) {
	path := rapid.Custom(func(t *rapid.T) wire.Path {
		return wire.Path("/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 3).Draw(t, "names"), "/"))
	})
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(shm(), "storage")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		b := &bed{T: t, config: Config{Folders: []string{dir}}}
		b.init()
		b.open()
		defer b.Close()
		st := &story{files: map[wire.Path]published{}, ops: map[uint64]string{}}
		for range rapid.IntRange(1, 30).Draw(rt, "intents") {
			st.any(rt, path.Draw(rt, "path"), path.Draw(rt, "to"))
		}
		var intents []wire.Intent
		for _, s := range st.steps {
			if s.receive != nil {
				b.tell(s)
			}
			intents = append(intents, s.apply...)
		}
		for len(intents) > 0 {
			n := rapid.IntRange(1, len(intents)).Draw(rt, "batch")
			b.tell(step{apply: intents[:n]})
			intents = intents[n:]
		}
		b.holds(st.files)
		if got, err := b.Scan(t.Context(), "/"); err != nil || got != (Scanned{Files: len(st.files)}) {
			rt.Errorf("a scan found %+v, %v, of %v", got, err, slices.Sorted(maps.Keys(st.files)))
		}
		if t.Failed() {
			rt.Fatalf("after %+v", st.steps)
		}
	})
}

// any is something that a master may have a slave do.
func (st *story) any(t *rapid.T, p, to wire.Path) {
	isDir := func(p wire.Path) bool {
		for q := range st.files {
			if strings.HasPrefix(string(q), string(p)+"/") {
				return true
			}
		}
		return false
	}
	below := func(p wire.Path) bool { // a file
		return slices.ContainsFunc(lineage(p)[1:], func(q wire.Path) bool { _, is := st.files[q]; return is })
	}
	_, isFile := st.files[p]
	switch rapid.IntRange(0, 3).Draw(t, "deed") {
	case 0, 1:
		if !isDir(p) && !below(p) {
			st.apply(wire.Intent{Deed: wire.Publish, Path: p, Op: st.receive(0, fmt.Sprint("content ", st.clock))})
		}
	case 2:
		st.apply(wire.Intent{Deed: wire.Remove, Path: p})
	case 3:
		_, taken := st.files[to]
		switch {
		case isDir(to) || below(to) || isDir(p) && taken || strings.HasPrefix(string(to)+"/", string(p)+"/"):
		case isFile, isDir(p):
			st.apply(wire.Intent{Deed: wire.Rename, Path: p, To: to})
		default:
			st.apply(wire.Intent{Deed: wire.RemoveDir, Path: p})
		}
	}
}

// shm is where to sync costs nothing, or else the usual place for temporary folders.
func shm() string {
	if _, err := os.Stat("/dev/shm"); err == nil {
		return "/dev/shm"
	}
	return os.TempDir()
}

func FuzzParsePrepared(f *testing.F) {
	f.Add("12-345-0000beef")
	f.Add("18446744073709551615-9223372036854775807-ffffffff-" + strings.Repeat("0a", 32))
	f.Add("receiving-7")
	f.Add("1-2-00000003.link")
	f.Fuzz(func(t *testing.T, name string) {
		p, ok := parsePrepared(name)
		if !ok {
			return
		}
		again, ok := parsePrepared(strings.TrimPrefix((&prepared{Prepared: p}).name(), preparedDir+"/"))
		if !ok || again.Op != p.Op || again.Size != p.Size || !agree(again.Sums, p.Sums) {
			t.Errorf("%q is %+v, which is %+v", name, p, again)
		}
	})
}
