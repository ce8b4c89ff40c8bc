package integration

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/crawl/ftplist"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/testbed"
)

// Does a directory that may not be read make itself and what is above it
// incomplete, and nothing else, and is it never offered as a replica?
func TestUnreadableDirectories(t *testing.T) {
	t.Parallel()
	dir := testbed.Dir(t)
	testbed.WriteTree(t, dir, testbed.Locked|testbed.Links, time.Now())
	want := walkDisk(t, dir) // as root, who may read everything
	shell := testbed.ShellDigests(t, dir)

	for _, kind := range testbed.FTPServers() {
		addr := serve(t, kind, testbed.FTPConfig{Root: dir})
		for _, way := range []ftplist.Way{ftplist.Auto, ftplist.Stat, ftplist.LIST, ftplist.MLSD} {
			if way == ftplist.MLSD && !offersMLSD(kind) {
				continue
			}
			t.Run(kind+" "+string(way), func(t *testing.T) {
				s := source(t, addr, func(c *ftplist.Config) { c.Way = way })
				got := walk(t, s.Open)
				for p, reason := range got.problems {
					if !strings.HasPrefix(string(p), "/pub/locked/") || reason != digest.Refused {
						t.Errorf("%q is incomplete: %s", p, reason)
					}
				}
				for p, g := range got.dirs {
					if complete := shell[string(p)].Blind != ""; complete == g.Blind.Absent() {
						t.Errorf("%q: blind digest %s, where the shell has %q", p, g.Blind, shell[string(p)].Blind)
					}
					if !g.Blind.Absent() && (g.Blind != want.dirs[p].Blind || g.Exact != want.dirs[p].Exact) {
						t.Errorf("%q: digests %s %s, want %s %s", p, g.Blind, g.Exact, want.dirs[p].Blind, want.dirs[p].Exact)
					}
				}
				onBothDatabases(t, func(t *testing.T, url string) { neverOffered(t, url, addr, dir, s) })
			})
		}
	}
}

// neverOffered crawls the server, and the folder itself as another site that
// lacks nothing, and asks for replicas of what the other site has.
func neverOffered(t *testing.T, url, addr, dir string, s *ftplist.Source) {
	t.Helper()
	db := openStore(t, url)
	mirrorSite := addSite(t, db, "mirror", addr)
	origin := addSite(t, db, "origin", "origin.example")
	crawlSite(t, db, mirrorSite, s)
	crawlSite(t, db, origin, folder(dir))
	index, err := resolver.Build(t.Context(), db, nil, resolver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[mirror.Path]int{
		"/":                      1, // the original alone
		"/pub":                   1,
		"/pub/locked":            1,
		"/pub/locked/enter-only": 1,
		"/pub/locked/none/file":  1,
		"/pub/dates":             2, // siblings still match
		"/pub/a/b/side":          2,
	} {
		answer := resolve(index, origin, p)
		if !answer.Known || len(answer.Replicas()) != want {
			t.Errorf("%s: known %v, %d replicas, want %d", p, answer.Known, len(answer.Replicas()), want)
		}
	}
	if answer := resolve(index, mirrorSite, "/pub"); len(answer.Replicas()) != 0 {
		t.Errorf("an incomplete directory has %d replicas", len(answer.Replicas()))
	}
}

// Is a folder that a server cannot be asked to enter incomplete, and never wrong?
func TestFoldersThatCannotBeEntered(t *testing.T) {
	t.Parallel()
	dir := testbed.Dir(t)
	testbed.WriteTree(t, dir, testbed.Full, time.Now())
	want := walkDisk(t, dir)
	refused := refusedFolders(t, dir)
	got := walk(t, source(t, serve(t, "pure-ftpd", testbed.FTPConfig{Root: dir}), nil).Open)
	if len(got.problems) != len(refused) || len(refused) == 0 {
		t.Errorf("%d problems with %d folders: %v", len(got.problems), len(refused), got.problems)
	}
	for _, p := range refused {
		if got.problems[p] != digest.Refused {
			t.Errorf("%q is not refused", p)
		}
	}
	for p, w := range want.dirs {
		spoilt := p == mirror.Root || p == "/folders" || slices.Contains(refused, p)
		if g := got.dirs[p]; spoilt != g.Blind.Absent() || !spoilt && g.Blind != w.Blind {
			t.Errorf("%q: blind digest %s, want one: %v", p, g.Blind, !spoilt)
		}
	}
}

// Is a listing that the server cut off incomplete?
func TestTruncatedListings(t *testing.T) {
	t.Parallel()
	dir := testbed.Dir(t)
	testbed.WriteTree(t, dir, testbed.Crowd, time.Now())
	for _, way := range []ftplist.Way{ftplist.Auto, ftplist.Stat, ftplist.LIST, ftplist.MLSD} {
		t.Run("pure-ftpd "+string(way), func(t *testing.T) {
			addr := serve(t, "pure-ftpd", testbed.FTPConfig{Root: dir, MaxEntries: 100})
			got := walk(t, source(t, addr, func(c *ftplist.Config) { c.Way = way }).Open)
			if got.problems["/crowd"] != digest.Truncated || len(got.problems) != 1 || !got.root().Blind.Absent() || got.dirs["/pub"].Blind.Absent() {
				t.Errorf("problems %v, root %s, pub %s", got.problems, got.root().Blind, got.dirs["/pub"].Blind)
			}
		})
	}
	// proftpd cuts LIST without a word, but not MLSD.
	addr := serve(t, "proftpd", testbed.FTPConfig{Root: dir, MaxEntries: 100})
	t.Run("proftpd list", func(t *testing.T) {
		got := walk(t, source(t, addr, func(c *ftplist.Config) { c.Way = ftplist.LIST }).Open)
		if got.problems["/crowd"] != digest.Truncated || len(got.problems) != 1 {
			t.Errorf("problems %v", got.problems)
		}
	})
	t.Run("proftpd before a link was seen", func(t *testing.T) {
		got := walk(t, source(t, addr, nil).Open)
		if got.problems["/crowd"] != digest.Truncated || len(got.problems) != 1 {
			t.Errorf("problems %v", got.problems)
		}
	})
	t.Run("proftpd after a link was seen", func(t *testing.T) {
		if err := os.Symlink("LICENSE", dir+"/pub/COPYING"); err != nil {
			t.Fatal(err)
		}
		compare(t, walk(t, source(t, addr, nil).Open), walkDisk(t, dir), always)
	})
}

// pure-ftpd leaves out names with control characters without a word. Nobody can
// tell; the digests are those of what it shows.
func TestControlCharacters(t *testing.T) {
	t.Parallel()
	dir, without := testbed.Dir(t), testbed.Dir(t)
	now := time.Now()
	testbed.WriteTree(t, dir, testbed.Control, now)
	testbed.WriteTree(t, without, testbed.Plain, now)
	for _, kind := range testbed.FTPServers() {
		t.Run(kind, func(t *testing.T) {
			got := walk(t, source(t, serve(t, kind, testbed.FTPConfig{Root: dir}), nil).Open)
			for p, w := range walkDisk(t, dir).dirs {
				g, ok := got.dirs[p]
				if g.Blind == w.Blind || g.Blind.Absent() {
					continue
				}
				if kind != "pure-ftpd" {
					t.Errorf("%q: there %v, blind digest %s, want %s", p, ok, g.Blind, w.Blind)
				}
			}
		})
	}
}

func resolve(x *resolver.Index, site mirror.Site, p mirror.Path) *resolver.Answer {
	a := new(resolver.Answer)
	x.Resolve(a, x.Number(site.ID()), p)
	return a
}
