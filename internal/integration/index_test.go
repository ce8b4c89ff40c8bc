package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/crawl/ftplist"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/testbed"
)

// packers write what they read in the forms of index files.
var packers = map[string]string{
	"ls-lR":      "cat",
	"ls-lR.gz":   "gzip -n",
	"ls-laR.gz":  "gzip -n",
	"ls-lR.xz":   "xz",
	"ls-lAR.zst": "zstd -q",
}

// publishIndex writes an index file of a folder into it, as `ls` makes it in a zone.
func publishIndex(t *testing.T, dir, name, zone string) {
	t.Helper()
	options, _, _ := strings.Cut(name, ".")
	ls := exec.Command("sh", "-c", "ls -"+strings.TrimPrefix(options, "ls-")+" | "+packers[name])
	ls.Dir = dir
	ls.Env = append(os.Environ(), "LC_ALL=C", "TZ="+zone)
	text, err := ls.Output()
	if err != nil {
		t.Fatalf("make %s: %v", name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

var listedBy = regexp.MustCompile(`^([a-z]+) (\d+)$`)

// listed returns how many directories a strategy listed.
func listed(t *testing.T, s *ftplist.Source, way ftplist.Way) int {
	t.Helper()
	return share(t, s.Account(), way)
}

// share returns how many directories a strategy listed, as an account of them says.
func share(t *testing.T, account string, way ftplist.Way) int {
	t.Helper()
	for part := range strings.SplitSeq(account, "; ") {
		if m := listedBy.FindStringSubmatch(part); m != nil && m[1] == string(way) {
			n, err := strconv.Atoi(m[2])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

func withWay(way ftplist.Way) func(*ftplist.Config) {
	return func(c *ftplist.Config) { c.Way = way }
}

// Does an index file give the same digests as one directory after the other, in all
// its forms, and is it really used?
func TestIndexFiles(t *testing.T) {
	t.Parallel()
	for name := range packers {
		dir := testbed.Dir(t)
		testbed.WriteTree(t, dir, testbed.Full|testbed.Locked, time.Now())
		removeRefusedFolders(t, dir)
		writeShelves(t, dir, 200)
		publishIndex(t, dir, name, "UTC")
		for _, kind := range testbed.FTPServers() {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				addr := serve(t, kind, testbed.FTPConfig{Root: dir})
				want := walk(t, source(t, addr, withWay(ftplist.Single)).Open)
				s := source(t, addr, withWay(ftplist.Index))
				got := walk(t, s.Open)
				identical(t, got, want)
				sameProblems(t, got, want)
				used, live := listed(t, s, ftplist.Index), listed(t, s, ftplist.Single)
				if used < 180 || used+live != len(want.dirs) {
					t.Errorf("%s, of %d directories", s.Account(), len(want.dirs))
				}
			})
		}
	}
}

// writeShelves adds folders of files that changed one day before the other, on racks
// that are older than they. The files are from the last minutes of days.
func writeShelves(t *testing.T, dir string, folders int) {
	t.Helper()
	for i := range folders {
		name := "shelf-" + strconv.Itoa(i)
		folder := filepath.Join(dir, "shelves", "rack-"+strconv.Itoa(i%7), name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for k := range 3 {
			path := filepath.Join(folder, "file-"+strconv.Itoa(k))
			if err := os.WriteFile(path, make([]byte, i+k), 0o644); err != nil {
				t.Fatal(err)
			}
			modified := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -i-2).Add(-time.Duration(k) * 5 * time.Minute)
			if err := os.Chtimes(path, modified, modified); err != nil {
				t.Fatal(err)
			}
		}
		changed := time.Now().AddDate(0, 0, -i-1)
		if err := os.Chtimes(folder, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	racks, err := filepath.Glob(filepath.Join(dir, "shelves", "rack-*"))
	if err != nil {
		t.Fatal(err)
	}
	built := time.Now().AddDate(-2, 0, 0)
	for _, folder := range append(racks, filepath.Join(dir, "shelves")) {
		if err := os.Chtimes(folder, built, built); err != nil {
			t.Fatal(err)
		}
	}
}

// identical compares all digests of two crawls, the absent ones too.
func identical(t *testing.T, got, want found) {
	t.Helper()
	for p, w := range want.dirs {
		if g, ok := got.dirs[p]; !ok || g.Blind != w.Blind || g.Exact != w.Exact || g.Totals != w.Totals {
			t.Errorf("%q: %s %s %+v, want %s %s %+v", p, g.Blind, g.Exact, g.Totals, w.Blind, w.Exact, w.Totals)
		}
	}
	if len(got.dirs) != len(want.dirs) {
		t.Errorf("%d directories, want %d", len(got.dirs), len(want.dirs))
	}
}

// sameProblems compares which directories are incomplete. Why may differ: a server
// that refuses in silence is believed in one way and not in another.
func sameProblems(t *testing.T, got, want found) {
	t.Helper()
	for p := range want.problems {
		if got.problems[p] == digest.Complete {
			t.Errorf("%s is complete", p)
		}
	}
	for p, why := range got.problems {
		if want.problems[p] == digest.Complete {
			t.Errorf("%s is incomplete: %s", p, why)
		}
	}
}

// Is an index dropped that does not tell of the site as it is?
func TestIndexFilesThatAreWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		zone  string
		after func(t *testing.T, dir string)
		want  string
	}{
		"another zone": {"Asia/Kolkata", nil, "agree"},
		"old": {"UTC", func(t *testing.T, dir string) {
			then := time.Now().Add(-37 * time.Hour)
			if err := os.Chtimes(filepath.Join(dir, "ls-laR.gz"), then, then); err != nil {
				t.Fatal(err)
			}
		}, "older than 36h"},
		"stale": {"UTC", func(t *testing.T, dir string) {
			// The folder with the newest files is always in the sample.
			if err := os.WriteFile(filepath.Join(dir, "shelves/rack-0/shelf-0/new"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, `only the server has the file "new"`},
		"cut off": {"UTC", func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, "ls-laR.gz"), 500); err != nil {
				t.Fatal(err)
			}
		}, "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := testbed.Dir(t)
			writeShelves(t, dir, 100)
			publishIndex(t, dir, "ls-laR.gz", c.zone)
			if c.after != nil {
				c.after(t, dir)
			}
			want := walkDisk(t, dir)
			addr := serve(t, "vsftpd", testbed.FTPConfig{Root: dir})
			s := source(t, addr, nil)
			got := walk(t, s.Open)
			compare(t, got, want, always)
			if account := s.Account(); !strings.Contains(account, "not index") || !strings.Contains(account, c.want) || listed(t, s, ftplist.Index) > 0 {
				t.Errorf("%s", account)
			}
			if len(got.problems) > 0 {
				t.Errorf("incomplete: %v", got.problems)
			}
		})
	}
}
