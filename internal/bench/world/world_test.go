package world

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

var small = Params{Dirs: 20 * 300, Sites: 20, Seed: 1}

// written writes a world into a database.
func written(t *testing.T, p Params) (*store.Store, Written) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "tracker.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	done, err := p.Write(t.Context(), db, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	return db, done
}

// The world is as large as asked for, much of it is there more than once, and all of it
// has digests.
func TestWrite(t *testing.T) {
	db, done := written(t, small)
	if off := done.Places - int64(small.Dirs); off < -100 || off > 100 {
		t.Errorf("%d directories instead of %d", done.Places, small.Dirs)
	}
	if done.Distinct < done.Places/5 || done.Distinct > done.Places*3/4 {
		t.Errorf("%d of %d directories are distinct", done.Distinct, done.Places)
	}
	if each := float64(done.Files) / float64(done.Places); each < 8 || each > 12 {
		t.Errorf("%.1f files in a directory", each)
	}
	if _, distinct := written(t, Params{Dirs: small.Dirs, Sites: small.Sites, Distinct: true}); distinct.Distinct < distinct.Places*9/10 {
		t.Errorf("%d of %d directories are distinct where all should be", distinct.Distinct, distinct.Places)
	}
	roots := map[digest.ID]int{}
	for _, snap := range current(t, db) {
		roots[snap.Root]++
		err := db.Trees(t.Context(), []digest.ID{snap.Root}, store.Branches, func(root *digest.Tree) error {
			if root.Exact.Absent() {
				t.Errorf("the root of %s has no digest: %s", snap.Site, root.Reason())
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if len(roots) < small.Sites/2 || len(roots) == small.Sites {
		t.Errorf("%d sites have %d roots", small.Sites, len(roots))
	}
}

// The same parameters give the same world, and another seed another.
func TestWriteAgain(t *testing.T) {
	one, _ := written(t, small)
	again, _ := written(t, small)
	other := small
	other.Seed++
	different, _ := written(t, other)
	for i, snap := range current(t, one) {
		if current(t, again)[i].Root != snap.Root {
			t.Errorf("site %d has another root when it is written again", i)
		}
		if current(t, different)[i].Root == snap.Root {
			t.Errorf("site %d has the same root in another world", i)
		}
	}
}

func current(t *testing.T, db *store.Store) []store.Snapshot {
	t.Helper()
	all, err := db.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Paths lead to what is there, except for those that do not.
func TestPaths(t *testing.T) {
	db, _ := written(t, small)
	roots := map[mirror.SiteID]digest.ID{}
	for _, snap := range current(t, db) {
		roots[snap.Site] = snap.Root
	}
	sites := small.Tracked()
	unknown := 0
	for _, path := range append(small.Paths(500), small.Archive(100)...) {
		if !path.Known {
			unknown++
		}
		if found := find(t, db, roots[sites[path.Site].ID()], path.Path); found != path.Known {
			t.Errorf("%s%s: found %t, known %t", sites[path.Site].URL, path.Path, found, path.Known)
		}
	}
	if unknown < 10 || unknown > 50 {
		t.Errorf("%d of 600 paths are unknown", unknown)
	}
}

// find looks for a file below a root.
func find(t *testing.T, db *store.Store, dir digest.ID, path mirror.Path) (found bool) {
	t.Helper()
	names := path.Names()
	for i, name := range names {
		var next digest.ID
		if err := db.Trees(t.Context(), []digest.ID{dir}, store.Branches|store.Leaves, func(tree *digest.Tree) error {
			for c := range tree.Children() {
				if c.Name == name {
					next = c.ID
				}
			}
			for f := range tree.Files() {
				found = found || i == len(names)-1 && f.Name == name
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		dir = next
	}
	return found
}

// A change puts new files into the site, and only it.
func TestChange(t *testing.T) {
	db, _ := written(t, small)
	before := current(t, db)
	const site = 3
	for number := 1; number <= 2; number++ {
		change, err := small.Change(site, number, 0.01)
		if err != nil {
			t.Fatal(err)
		}
		if err := change.Publish(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		fresh := change.Fresh
		for i, snap := range current(t, db) {
			is := snap.Site == small.site(site).ID()
			if changed := snap.Root != before[i].Root; changed != is {
				t.Errorf("site %d: changed %t", i, changed)
			}
			if is && (!find(t, db, snap.Root, fresh.Path) || find(t, db, before[i].Root, fresh.Path)) {
				t.Errorf("%s is not new", fresh.Path)
			}
		}
		before = current(t, db)
	}
}

// A twin holds the same.
func TestTwin(t *testing.T) {
	db, _ := written(t, small)
	if err := small.Twin(t.Context(), db, small.Sites, 2); err != nil {
		t.Fatal(err)
	}
	roots := map[mirror.SiteID]digest.ID{}
	for _, snap := range current(t, db) {
		roots[snap.Site] = snap.Root
	}
	if len(roots) != small.Sites+1 || roots[small.site(small.Sites).ID()] != roots[small.site(2).ID()] {
		t.Errorf("%d sites, or other roots", len(roots))
	}
}

// The databases of places can be written.
func TestGeo(t *testing.T) {
	clients := small.Clients(100, 20)
	prefixes := map[string]bool{}
	for _, c := range clients {
		prefixes[c.Prefix.String()] = true
	}
	if len(prefixes) != 20 {
		t.Errorf("%d prefixes", len(prefixes))
	}
	for _, write := range []func(io.Writer, []Client) error{WriteCities, WriteASes} {
		var text bytes.Buffer
		if err := write(&text, clients); err != nil || text.Len() < 1000 {
			t.Errorf("%d bytes, %v", text.Len(), err)
		}
	}
}
