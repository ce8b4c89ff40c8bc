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
	"mirrortracker/internal/digest"
	"mirrortracker/internal/forest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
)

// Does the same tree have the same digests on every server, in every zone and
// by every way of listing, and are they those of find, sort and md5sum?
func TestSameDigestsEverywhere(t *testing.T) {
	t.Parallel()
	bare, indexed := newSample(t, false), newSample(t, true)
	type visit struct {
		way ftplist.Way
		sample
	}
	visits := []visit{{ftplist.Index, indexed}, {ftplist.Pipelined, indexed}}
	for _, way := range []ftplist.Way{ftplist.Auto, ftplist.Recursive, ftplist.Stat, ftplist.Pipelined, ftplist.Single, ftplist.LIST, ftplist.MLSD} {
		visits = append(visits, visit{way, bare})
	}
	for _, kind := range testbed.FTPServers() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for _, zone := range []string{"UTC", "Europe/Berlin", "Asia/Kolkata"} {
				// Servers that shift LIST and MDTM alike cannot be told from
				// servers with other files; they are asked for UTC, which is
				// their default.
				local := kind == "proftpd" || kind == "pure-ftpd"
				addr := map[sample]string{}
				for _, of := range []sample{bare, indexed} {
					addr[of] = serve(t, kind, testbed.FTPConfig{Root: of.dir, TZ: zone, LocalTimes: local, Recurse: true})
				}
				for _, v := range visits {
					if v.way == ftplist.MLSD && !offersMLSD(kind) {
						continue
					}
					t.Run(fmt.Sprintf("%s %s %s", zone, v.way, v.index), func(t *testing.T) {
						s := source(t, addr[v.sample], withWay(v.way))
						got := walk(t, s.Open)
						zoneUnknown := local && zone != "UTC"
						exact, used := always, v.way
						switch {
						case zoneUnknown && v.way == ftplist.LIST:
							exact = onlyWithoutFiles
						case zoneUnknown && v.sample == bare:
							used = ftplist.Single // MLSD, which no link has proven
						}
						compare(t, got, *v.want, exact)
						if len(got.problems) > 0 {
							t.Errorf("incomplete: %v", got.problems)
						}
						if !uses(t, s.Account(), kind, used) {
							t.Errorf("want %s, used %s", used, s.Account())
						}
					})
				}
			}
		})
	}
}

// A sample is a folder with all that servers can show, and what it amounts to.
type sample struct {
	dir   string
	index string // the name of an index file in it, "" for none
	want  *found
}

// newSample writes a sample. One with an index has a link to a file beside it, too, by
// which MLSD can be proven; the other has none.
func newSample(t *testing.T, indexed bool) sample {
	t.Helper()
	s := sample{dir: testbed.Dir(t)}
	testbed.WriteTree(t, s.dir, testbed.Full, time.Now())
	removeRefusedFolders(t, s.dir)
	if indexed {
		if err := os.Symlink("README", filepath.Join(s.dir, "READ.ME")); err != nil {
			t.Fatal(err)
		}
		s.index = "ls-lR.gz"
		publishIndex(t, s.dir, s.index, "UTC")
	}
	want := walkDisk(t, s.dir)
	equalToShell(t, want, s.dir)
	s.want = &want
	return s
}

// Do the digests come out of both databases as they went in?
func TestSameDigestsFromBothDatabases(t *testing.T) {
	t.Parallel()
	dir := testbed.Dir(t)
	testbed.WriteTree(t, dir, testbed.Full, time.Now())
	want := walkDisk(t, dir)
	addr := serve(t, "vsftpd", testbed.FTPConfig{Root: dir})
	onBothDatabases(t, func(t *testing.T, url string) {
		db := openStore(t, url)
		report := crawlSite(t, db, addSite(t, db, "site", addr), source(t, addr, nil))
		got := found{dirs: map[mirror.Path]digest.Summary{}}
		add := func(p mirror.Path, tree *digest.Tree) error {
			got.dirs[p] = tree.Summary
			return nil
		}
		var root *digest.Tree
		keep := func(tree *digest.Tree) error { root = tree; return nil }
		if err := db.Trees(t.Context(), []digest.ID{report.Snapshot.Root}, store.Branches, keep); err != nil {
			t.Fatal(err)
		}
		if err := forest.Walk(t.Context(), db, mirror.Root, root, add); err != nil {
			t.Fatal(err)
		}
		compare(t, got, want, always)
	})
}

// What exact digests a crawl must have. They are never wrong.
type exactness int

const (
	always           exactness = iota
	onlyWithoutFiles           // dates are unknown
	sometimes                  // dates are known in part
)

// compare checks every directory: the blind digests are there and right, the
// exact ones are right and there as often as expected.
func compare(t *testing.T, got, want found, exact exactness) {
	t.Helper()
	for p, w := range want.dirs {
		g, ok := got.dirs[p]
		switch {
		case !ok:
			t.Errorf("%q is missing", p)
		case g.Blind != w.Blind || g.Totals != w.Totals:
			t.Errorf("%q: blind %s %+v, want %s %+v", p, g.Blind, g.Totals, w.Blind, w.Totals)
		case g.Exact.Absent() && exact == always:
			t.Errorf("%q: no exact digest", p)
		case g.Exact.Absent() && exact == onlyWithoutFiles && w.Files == 0:
			t.Errorf("%q: no exact digest, though it needs no date", p)
		case !g.Exact.Absent() && g.Exact != w.Exact:
			t.Errorf("%q: exact %s, want %s", p, g.Exact, w.Exact)
		case !g.Exact.Absent() && exact == onlyWithoutFiles && w.Files > 0:
			t.Errorf("%q: an exact digest from dates in an unknown zone", p)
		}
	}
	for p := range got.dirs {
		if _, ok := want.dirs[p]; !ok {
			t.Errorf("%q is not there", p)
		}
	}
}

// equalToShell compares with digests that find, sort and md5sum made.
func equalToShell(t *testing.T, f found, dir string) {
	t.Helper()
	shell := testbed.ShellDigests(t, dir)
	if len(shell) != len(f.dirs) || len(shell) < 20 {
		t.Errorf("the shell finds %d directories, we %d", len(shell), len(f.dirs))
	}
	for p, s := range shell {
		if got := f.dirs[mirror.Path(p)]; hexOf(got.Blind) != s.Blind || hexOf(got.Exact) != s.Exact {
			t.Errorf("%q: the shell has %s %s, we %s %s", p, s.Blind, s.Exact, got.Blind, got.Exact)
		}
	}
}

// hexOf is what the shell's script prints for a digest.
func hexOf(s digest.Sum) string {
	if s.Absent() {
		return ""
	}
	return s.String()
}

// refusedFolders returns the folders of the full tree that pure-ftpd refuses to
// enter: those with a backslash.
func refusedFolders(t *testing.T, dir string) (refused []mirror.Path) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.IsDir() && strings.Contains(e.Name(), `\`) {
			refused = append(refused, mirror.Path(strings.TrimPrefix(path, dir)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return refused
}

func removeRefusedFolders(t *testing.T, dir string) {
	t.Helper()
	for _, p := range refusedFolders(t, dir) {
		if err := os.RemoveAll(dir + string(p)); err != nil {
			t.Fatal(err)
		}
	}
}

// A server that shifts LIST and MDTM alike cannot be told: its exact digests are
// those of other files. Its blind ones are right all the same.
func TestBlindDigestsInSpiteOfShiftedDates(t *testing.T) {
	t.Parallel()
	dir := testbed.Dir(t)
	testbed.WriteTree(t, dir, testbed.Links|testbed.Hidden, time.Now())
	want := walkDisk(t, dir)
	for _, kind := range []string{"vsftpd", "pyftpdlib"} {
		t.Run(kind, func(t *testing.T) {
			addr := serve(t, kind, testbed.FTPConfig{Root: dir, TZ: "Asia/Kolkata", LocalTimes: true})
			got := walk(t, source(t, addr, nil).Open)
			for p, w := range want.dirs {
				if g := got.dirs[p]; g.Blind != w.Blind {
					t.Errorf("%q: blind %s, want %s", p, g.Blind, w.Blind)
				}
			}
		})
	}
}

// Where the operator declares the server's zone, dates are converted and those
// that could be of two days are unknown.
func TestDeclaredZone(t *testing.T) {
	t.Parallel()
	dir := testbed.Dir(t)
	testbed.WriteTree(t, dir, testbed.Links|testbed.Hidden, time.Now())
	const noon = mirror.Path("/noon")
	if err := errors.Join(os.Mkdir(dir+string(noon), 0o755), os.WriteFile(dir+"/noon/file", nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().AddDate(0, 0, -30).Truncate(24 * time.Hour).Add(12 * time.Hour)
	if err := os.Chtimes(dir+"/noon/file", at, at); err != nil {
		t.Fatal(err)
	}
	want := walkDisk(t, dir)
	for _, kind := range []string{"vsftpd", "proftpd", "pure-ftpd"} {
		for _, zone := range []string{"Europe/Berlin", "Asia/Kolkata"} {
			t.Run(kind+" "+zone, func(t *testing.T) {
				location, err := time.LoadLocation(zone)
				if err != nil {
					t.Fatal(err)
				}
				addr := serve(t, kind, testbed.FTPConfig{Root: dir, TZ: zone, LocalTimes: true})
				got := walk(t, source(t, addr, func(c *ftplist.Config) { c.Way, c.Zone = ftplist.LIST, location }).Open)
				compare(t, got, want, sometimes)
				if got.dirs[noon].Exact != want.dirs[noon].Exact {
					t.Errorf("%s: dates with a time of day are not converted", noon)
				}
				if got.restart != "" {
					t.Errorf("the declared zone is doubted: %s", got.restart)
				}
			})
		}
	}
}
