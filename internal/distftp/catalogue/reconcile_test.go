package catalogue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// A disk is what a slave has: files by their paths. It does what intents say.
type disk struct {
	files   map[wire.Path]wire.Entry
	applied uint64
}

func (d *disk) apply(t testing.TB, c *Catalogue, s SlaveID) {
	t.Helper()
	list, err := c.Intents(t.Context(), s, d.applied, 1<<20)
	must(t, err)
	for _, i := range list {
		if i.Prev > d.applied {
			t.Fatalf("intent %d follows %d, applied is %d", i.Seq, i.Prev, d.applied)
		}
		d.applied = i.Seq
		switch i.Deed {
		case wire.Publish:
			d.clear(i.Path)
			d.files[i.Path] = wire.Entry{Kind: wire.File, Size: i.Size, Version: i.Version}
		case wire.Adopt:
			if e, ok := d.files[i.Path]; ok && e.Version == 0 && e.Size == i.Size {
				e.Version = i.Version
				d.files[i.Path] = e
			} else {
				t.Errorf("adopted %s, which is %+v", i.Path, e)
			}
		case wire.Remove:
			if e := d.files[i.Path]; e.Version != 0 && e.Version <= i.Version {
				delete(d.files, i.Path)
			}
		case wire.Rename:
			if !d.has(i.Path) {
				continue
			}
			d.clear(i.To)
			for p, e := range d.files {
				if rest, ok := strings.CutPrefix(string(p), string(i.Path)); ok && (rest == "" || rest[0] == '/') {
					delete(d.files, p)
					d.files[i.To+wire.Path(rest)] = e
				}
			}
		}
	}
}

// has reports whether there is a file, or one below.
func (d *disk) has(at wire.Path) bool {
	for p := range d.files {
		if p == at || strings.HasPrefix(string(p), string(at)+"/") {
			return true
		}
	}
	return false
}

// clear moves aside what came from elsewhere and stands where something is to come.
func (d *disk) clear(at wire.Path) {
	for p, e := range d.files {
		below, is := strings.CutPrefix(string(p), string(at))
		switch {
		case e.Version != 0:
		case is && (below == "" || below[0] == '/'):
			delete(d.files, p)
			d.files[at+".elsewhere"+wire.Path(below)] = e
		case strings.HasPrefix(string(at), string(p)+"/"):
			delete(d.files, p)
			d.files[p+".elsewhere"] = e
		}
	}
}

// list is a directory of it, as a slave lists it.
func (d *disk) list(dir mirror.Path) []wire.Entry {
	entries := map[string]wire.Entry{}
	for p, e := range d.files {
		rest, ok := strings.CutPrefix(string(p), dir.Dir())
		if !ok {
			continue
		}
		name, below, isDir := strings.Cut(rest, "/")
		if !isDir {
			e.Name = wire.Path(name)
			entries[name] = e
			continue
		}
		sub := entries[name]
		sub.Name, sub.Kind = wire.Path(name), wire.Directory
		_ = below
		entries[name] = sub
	}
	var list []wire.Entry
	for name, e := range entries {
		if e.Kind == wire.Directory {
			e.Sub = d.digest(dir.Join(name))
		}
		list = append(list, e)
	}
	return list
}

func (d *disk) digest(dir mirror.Path) (sum wire.SyncDigest) {
	for _, e := range d.list(dir) {
		sum.Add(e.Digest())
	}
	return sum
}

// compare does what a master does when a slave joins.
func (d *disk) compare(t testing.TB, c *Catalogue, s SlaveID) Reconciled {
	t.Helper()
	var all Reconciled
	for range 5 {
		d.apply(t, c, s)
		side, err := c.Side(t.Context(), s)
		must(t, err)
		if side.Root() == d.digest("/") {
			return all
		}
		d.descend(t, c, s, side, "/", &all)
	}
	t.Fatalf("it does not end: %+v", d.files)
	return all
}

func (d *disk) descend(t testing.TB, c *Catalogue, s SlaveID, side *Side, dir mirror.Path, all *Reconciled) {
	list, applied := d.list(dir), d.applied
	r, err := c.Reconcile(t.Context(), s, dir, applied, list)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	if len(r.Unsummed) > 0 {
		d.apply(t, c, s)
		list = d.list(dir)
		for i, e := range list {
			if slices.Contains(r.Unsummed, string(e.Name)) {
				list[i].Sums = &wire.Sums{CRC32: 7}
			}
		}
		more, err := c.Reconcile(t.Context(), s, dir, d.applied, list)
		must(t, err)
		r.Adopted, r.Copies, r.Collided = r.Adopted+more.Adopted, r.Copies+more.Copies, r.Collided+more.Collided
	}
	all.Adopted, all.Copies, all.Collided = all.Adopted+r.Adopted, all.Copies+r.Copies, all.Collided+r.Collided
	all.Removed, all.Missing = all.Removed+r.Removed, all.Missing+r.Missing
	below := side.Below(dir)
	for _, e := range list {
		if e.Kind == wire.Directory && below[string(e.Name)] != e.Sub {
			below[string(e.Name)] = wire.SyncDigest{}
			d.apply(t, c, s)
			d.descend(t, c, s, side, dir.Join(string(e.Name)), all)
		}
	}
	for name := range below {
		if len(d.list(dir.Join(name))) == 0 {
			d.apply(t, c, s)
			d.descend(t, c, s, side, dir.Join(name), all)
		}
	}
}

func foreign(size int64) wire.Entry {
	return wire.Entry{Kind: wire.File, Size: size, ModTime: time.Unix(1, 0)}
}

func slavesAreCompared(t *testing.T, url string) {
	c, ctx := open(t, url, func(c *Config) { c.Settle = func(mirror.Path) bool { return true } }), t.Context()
	a, b := slave(t, c, "a"), slave(t, c, "b")
	da, db := &disk{files: map[wire.Path]wire.Entry{}}, &disk{files: map[wire.Path]wire.Entry{}}
	must(t, c.MakeDir(ctx, "/d"))
	upload(t, c, a, "/d/stays", 1)
	upload(t, c, a, "/d/lost", 2)
	upload(t, c, a, "/d/equal", 3)
	upload(t, c, a, "/d/other", 4)
	upload(t, c, a, "/file", 5)
	late := upload(t, c, b, "/d/late", 6)
	if r := da.compare(t, c, a); r.Missing+r.Adopted+r.Copies+r.Collided+r.Removed != 0 {
		t.Errorf("nothing was different, but %+v", r)
	}
	db.apply(t, c, b)

	delete(da.files, "/d/lost")
	da.files["/d/e/new\xff"] = foreign(7)
	if r := da.compare(t, c, a); r.Missing != 1 || r.Adopted != 1 || r.Copies+r.Collided+r.Removed != 0 {
		t.Errorf("got %+v", r)
	}
	f, err := c.File(ctx, "/d/lost")
	if err != nil || len(f.Holders) != 0 {
		t.Errorf("got %+v, %v", f, err)
	}
	f, err = c.File(ctx, "/d/e/new\xff")
	if err != nil || len(f.Holders) != 1 || f.Ref.Size != 7 || !f.ModTime.Equal(time.Unix(1, 0)) || f.Summed {
		t.Errorf("got %+v, %v", f, err)
	}

	// The other slave comes with a tree of its own, of which some is equal.
	db.files["/d/equal"] = foreign(3)
	db.files["/d/other"] = foreign(40)
	db.files["/file/below"] = foreign(8)
	must(t, func() error { _, err := c.DropCopy(ctx, b, late.File.Node, late.File.Ref.Version, 0); return err }())
	if r := db.compare(t, c, b); r.Missing != 0 || r.Adopted != 1 || r.Copies != 1 || r.Collided != 2 || r.Removed != 0 {
		t.Errorf("got %+v", r)
	}
	for p, holders := range map[mirror.Path]int{"/d/equal": 2, "/d/other": 1, "/d/other.collision.b": 1, "/file.collision.b/below": 1, "/file": 1, "/d/late": 1} {
		f, err := c.File(ctx, p)
		if err != nil || len(f.Holders) != holders {
			t.Errorf("%s: %+v, %v", p, f, err)
		}
	}

	// What the database does not give it goes; what it has again counts again.
	old := db.files["/d/late"]
	must(t, c.LoseCopy(ctx, b, late.File.Node, late.File.Ref.Version))
	upload(t, c, b, "/d/gone", 9)
	db.apply(t, c, b)
	_, err = c.Remove(ctx, "/d/gone")
	must(t, err)
	gone := db.files["/d/gone"]
	db.apply(t, c, b)
	db.files["/d/gone"], db.files["/d/late"] = gone, old
	must(t, c.InSync(ctx, b, db.applied, wire.SyncDigest{}))
	if r := db.compare(t, c, b); r.Copies != 1 || r.Removed != 1 || r.Missing+r.Adopted+r.Collided != 0 {
		t.Errorf("got %+v", r)
	}

	// A listing from before a change is no reason to do anything.
	before, applied := da.list("/d"), da.applied
	upload(t, c, a, "/d/later", 1)
	_, err = c.Reconcile(ctx, a, "/d", applied, before)
	want(t, "a change is on its way", err, ErrPending)
	_, err = c.Reconcile(ctx, a, "/", applied, da.list("/"))
	must(t, err)
	_, err = c.Reconcile(ctx, a, "/", c.Last(a)+1, da.list("/"))
	want(t, "an older database", err, ErrAhead)
	before = []wire.Entry{{Name: "f", Kind: wire.File, Version: 1 << 40}}
	_, err = c.Reconcile(ctx, a, "/x", c.Last(a), before)
	want(t, "an older database", err, ErrAhead)

	expected, err := c.Expected(ctx, b, "/d")
	if err != nil || len(expected) != 3 {
		t.Errorf("got %+v, %v", expected, err)
	}
}

// A database that was lost, or is an older copy, is filled from the slaves, once they are
// bound to it.
func databasesAreFilledFromSlaves(t *testing.T, url string) {
	lost, ctx := open(t, freshSQLite(t)), t.Context()
	disks := map[string]*disk{}
	for _, name := range []string{"a", "b"} {
		disks[name] = &disk{files: map[wire.Path]wire.Entry{}}
		s := slave(t, lost, name)
		must(t, lost.Bind(ctx, s, name, 0))
		for i := range 3 {
			upload(t, lost, s, mirror.Path(fmt.Sprintf("/%s%d", name, i)), int64(i))
		}
		upload(t, lost, s, "/both", 9)
		disks[name].apply(t, lost, s)
	}
	disks["a"].files["/copy"] = wire.Entry{Kind: wire.File, Size: 4, Version: 7}
	disks["b"].files["/copy"] = wire.Entry{Kind: wire.File, Size: 4, Version: 7}

	c := open(t, url)
	for _, name := range []string{"a", "b"} {
		d, s := disks[name], slave(t, c, name)
		must(t, c.Bind(ctx, s, name, d.applied))
		r := d.compare(t, c, s)
		if r.Removed+r.Missing != 0 {
			t.Errorf("%s: %+v", name, r)
		}
		for p, e := range d.files {
			f, err := c.File(ctx, mirror.Path(p))
			if err != nil || f.Ref.Version != e.Version || len(f.Holders) == 0 {
				t.Errorf("%s: %+v, %v", p, f, err)
			}
		}
		upload(t, c, s, "/new", 1)
		d.apply(t, c, s)
		if _, there := d.files["/new"]; !there {
			t.Errorf("%s passes over what is new", name)
		}
	}
	if f, err := c.File(ctx, "/copy"); err != nil || len(f.Holders) != 2 {
		t.Errorf("got %+v, %v", f, err)
	}
}

// Many files at once are taken in by several transactions.
func largeDirectoriesAreCompared(t *testing.T, url string) {
	c := open(t, url)
	s := slave(t, c, "s")
	d := &disk{files: map[wire.Path]wire.Entry{}}
	const n = 3*reconcileStep + 1
	for i := range n {
		d.files[wire.Path(fmt.Sprintf("/d/%d", i))] = foreign(int64(i))
	}
	if r := d.compare(t, c, s); r.Adopted != n {
		t.Errorf("got %+v", r)
	}
	if got := len(names(t, c, "/d")); got != n {
		t.Errorf("%d names", got)
	}
	others := &disk{files: map[wire.Path]wire.Entry{}}
	for i := range n {
		others.files[wire.Path(fmt.Sprintf("/d/%d", i))] = foreign(int64(n + i))
	}
	if r := others.compare(t, c, slave(t, c, "other")); r.Collided != n || r.Missing != 0 {
		t.Errorf("got %+v", r)
	}
	for i := range n - 1 {
		delete(d.files, wire.Path(fmt.Sprintf("/d/%d", i)))
	}
	if r := d.compare(t, c, s); r.Missing != n-1 {
		t.Errorf("got %+v", r)
	}
}

// Whatever happens to names and to disks, comparing makes both sides equal, and loses
// nothing that only the disk has.
func TestComparingEnds(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		c := open(t, freshSQLite(t))
		ctx := t.Context()
		slaves := []SlaveID{slave(t, c, "a"), slave(t, c, "b")}
		disks := []*disk{{files: map[wire.Path]wire.Entry{}}, {files: map[wire.Path]wire.Entry{}}}
		path := func() mirror.Path {
			p := mirror.Root
			for range 1 + rnd.IntN(3) {
				p = p.Join(string(rune('a' + rnd.IntN(3))))
			}
			return p
		}
		for range 60 {
			i := rnd.IntN(2)
			switch rnd.IntN(8) {
			case 0:
				_ = c.MakeDir(ctx, path())
			case 1, 2:
				commitSome(ctx, c, slaves[i], path())
			case 3:
				_, _ = c.Rename(ctx, path(), path())
			case 4:
				_, _ = c.Remove(ctx, path())
				_ = c.RemoveDir(ctx, path())
			case 5:
				disks[i].apply(t, c, slaves[i])
			case 6:
				for p := range disks[i].files {
					delete(disks[i].files, p)
					break
				}
			case 7:
				disks[i].apply(t, c, slaves[i])
				p := wire.Path(path())
				free := !slices.ContainsFunc([]string{string(p), string(mirror.Path(p).Parent())}, func(q string) bool { _, is := disks[i].files[wire.Path(q)]; return is })
				if free && len(disks[i].list(mirror.Path(p))) == 0 && len(mirror.Path(p).Names()) < 3 {
					disks[i].files[p] = foreign(int64(rnd.IntN(3)))
				}
			}
		}
		for i, d := range disks {
			d.compare(t, c, slaves[i])
		}
		for i, d := range disks {
			d.compare(t, c, slaves[i])
			for p, e := range d.files {
				f, err := c.File(ctx, mirror.Path(p))
				if err != nil || f.Ref.Version != e.Version || !slices.ContainsFunc(f.Holders, func(h Holder) bool { return h.Slave == slaves[i] }) {
					t.Errorf("seed %d: slave %d has %s %+v, the catalogue %+v, %v", seed, i, p, e, f, err)
				}
			}
		}
	}
}

func commitSome(ctx context.Context, c *Catalogue, s SlaveID, p mirror.Path) {
	op, err := c.Op(ctx)
	if err == nil {
		_, err = c.Commit(ctx, Arrival{Path: p, Slave: s, Prepared: wire.Prepared{Op: op, Size: 1, Sums: wire.Sums{CRC32: 7}}}, nil)
	}
	_ = err // there may be no such directory
}
