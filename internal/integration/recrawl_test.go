package integration

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/crawl/ftplist"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
)

// Does a re-crawl cost what has changed, and nothing else?
func TestRecrawlWritesWhatChanged(t *testing.T) {
	t.Parallel()
	const dirs = 20_000
	onBothDatabases(t, func(t *testing.T, url string) {
		dir := testbed.Dir(t)
		testbed.BigTree(t, dir, dirs, 2)
		addr := serve(t, "vsftpd", testbed.FTPConfig{Root: dir})
		db := openStore(t, url)
		site := addSite(t, db, "big", addr)

		first := crawlSite(t, db, site, source(t, addr, nil))
		if first.NewTrees != dirs+1 || first.Snapshot.Seq != 1 {
			t.Errorf("the first crawl writes %d trees as snapshot %d", first.NewTrees, first.Snapshot.Seq)
		}
		again := crawlSite(t, db, site, source(t, addr, nil))
		if again.NewTrees != 0 || again.Root != first.Root || again.Snapshot.Seq != 2 {
			t.Errorf("the second crawl writes %d trees as snapshot %d", again.NewTrees, again.Snapshot.Seq)
		}

		changed := deepest(t, dir)
		if err := os.WriteFile(changed, []byte("changed"), 0o644); err != nil {
			t.Fatal(err)
		}
		third := crawlSite(t, db, site, source(t, addr, nil))
		// The file's directory and all above it up to the root.
		above := strings.Count(strings.TrimPrefix(changed, dir), "/")
		if third.NewTrees != int64(above) || third.Root == first.Root {
			t.Errorf("a changed file writes %d trees, want %d", third.NewTrees, above)
		}

		history, err := db.History(t.Context(), site.ID(), 10)
		if err != nil || len(history) != 3 {
			t.Errorf("%d snapshots, %v", len(history), err)
		}
	})
}

// deepest returns one of the files that lie deepest.
func deepest(t *testing.T, dir string) (file string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.Count(path, "/") > strings.Count(file, "/") {
			file = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Do a hundred copies of a site take less than twice the room of one?
func TestCopiesTakeNoRoom(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, url string) {
		dir := testbed.Dir(t)
		testbed.BigTree(t, dir, copiedDirs, 10)
		db := openStore(t, url)
		crawlSite(t, db, addSite(t, db, "copy-0", "copy-0.example"), folder(dir))
		one := size(t, db)
		for i := 1; i < 100; i++ {
			name := fmt.Sprintf("copy-%d", i)
			if r := crawlSite(t, db, addSite(t, db, name, name+".example"), folder(dir)); r.NewTrees != 0 {
				t.Fatalf("%s writes %d trees", name, r.NewTrees)
			}
		}
		if hundred := size(t, db); hundred >= 2*one {
			t.Errorf("a hundred copies take %d bytes, one takes %d", hundred, one)
		} else {
			t.Logf("a hundred copies take %d bytes, one takes %d", hundred, one)
		}
	})
}

func size(t *testing.T, db *store.Store) int64 {
	t.Helper()
	n, err := db.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Is a snapshot kept in force by a crawl whose connection is lost for good, at
// any point, and does the next crawl complete what that one began?
func TestConnectionLostForGood(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, url string) {
		dir := testbed.Dir(t)
		testbed.BigTree(t, dir, 60, 3)
		addr := serve(t, "pure-ftpd", testbed.FTPConfig{Root: dir})
		db := openStore(t, url)
		site := addSite(t, db, "fragile", addr)
		before := crawlSite(t, db, site, source(t, addr, nil))

		if err := os.WriteFile(filepath.Join(dir, "new"), []byte("new"), 0o644); err != nil {
			t.Fatal(err)
		}
		want := walkDisk(t, dir)
		lost := 0
		for budget := int64(50); ; budget += budget / 3 {
			network := &fragile{budget: budget}
			_, err := job(t, db, site, source(t, addr, network.into)).Run(t.Context())
			if err == nil {
				break
			}
			if lost++; !errors.Is(err, errNetwork) {
				t.Errorf("after %d bytes: %v", budget, err)
			}
			if now := current(t, db, site); now != before.Snapshot {
				t.Fatalf("after %d bytes the snapshot in force is %+v", budget, now)
			}
		}
		if lost < 5 {
			t.Errorf("only %d crawls were broken off", lost)
		}
		now := current(t, db, site)
		if now.Root != want.dirs[mirror.Root].ID || now.Seq != 2 {
			t.Errorf("in the end snapshot %d has the root %s, want %s", now.Seq, now.Root, want.dirs[mirror.Root].ID)
		}
	})
}

// Does a crawl that was broken off at any point, on a server about which a walk has
// to learn better, end with what an undisturbed one finds?
func TestInterruptedWhileLearning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind string
		way  ftplist.Way
	}{
		{"proftpd", ftplist.Auto}, // shows local times in LIST and STAT
		{"proftpd", ftplist.LIST},
		{"pure-ftpd", ftplist.Auto},
		{"pure-ftpd", ftplist.LIST},
	} {
		t.Run(c.kind+" "+string(c.way), func(t *testing.T) {
			t.Parallel()
			dir := testbed.Dir(t)
			testbed.WriteTree(t, dir, testbed.Links|testbed.Hidden, time.Now())
			addr := serve(t, c.kind, testbed.FTPConfig{Root: dir, TZ: "Europe/Berlin", LocalTimes: true})
			db := openStore(t, sqliteURL(t))
			clean := crawlSite(t, db, addSite(t, db, "clean", addr), source(t, addr, func(cfg *ftplist.Config) { cfg.Way = c.way }))
			if clean.Restart == "" {
				t.Fatal("nothing had to be learnt")
			}
			again := siteURL(t, addr)
			again.Host = "localhost"
			site := mirror.Site{Name: "disturbed", URL: again, Weight: 1}
			if err := db.PutSite(t.Context(), site); err != nil {
				t.Fatal(err)
			}
			lost, reused := 0, int64(0)
			for budget := int64(400); ; budget += 150 {
				network := &fragile{budget: budget}
				report, err := job(t, db, site, source(t, addr, func(cfg *ftplist.Config) { cfg.Way = c.way; network.into(cfg) })).Run(t.Context())
				reused = max(reused, report.Reused)
				if err == nil {
					break
				}
				lost++
			}
			if now := current(t, db, site); now.Root != clean.Snapshot.Root {
				t.Errorf("the disturbed crawl ends with the root %s, the other with %s", now.Root, clean.Snapshot.Root)
			}
			if lost < 3 || reused == 0 {
				t.Errorf("broken off %d times, %d directories taken over", lost, reused)
			}
		})
	}
}
