package listing

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mirrortracker/internal/digest"
)

// The files in testdata/golden are what real servers sent; the truth beside
// them is what the recorder found on the disk. See the README there.
const golden = "testdata/golden"

// TestGolden reads every recorded listing and compares it with the truth, or
// with what of it the server shows.
func TestGolden(t *testing.T) {
	now := recordedAt(t)
	for _, name := range recordings(t) {
		part := strings.Split(name, ".")
		server, folder, command := part[0], part[1], part[2]
		if command == "list-alR" || folder == "refused" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			got, err := parseRecording(t, name, command)
			if err != nil {
				t.Fatal(err)
			}
			if want := showsDots(server, command); got.Self != want || got.Parent != want {
				t.Errorf("self %v, parent %v, want %v", got.Self, got.Parent, want)
			}
			dates := Dates{Now: now, Zone: time.UTC}
			if strings.HasSuffix(server, "-kolkata") {
				dates.Zone = zone(t, "Asia/Kolkata")
			}
			compare(t, shown(t, name, truth(t, folder)), dated(got, dates))
		})
	}
}

// TestGoldenRecursive compares the directories of LIST -alR whose truth is
// known, and counts them all.
func TestGoldenRecursive(t *testing.T) {
	folders := map[string]string{"names": "names", "links": "links", "control": "control", "huge": "huge",
		"pub": "pub", "pub/empty": "empty", "pub/dates": "dates", "pub/locked": "locked"}
	dates := Dates{Now: recordedAt(t), Zone: time.UTC}
	for _, server := range []string{"vsftpd", "proftpd", "pure-ftpd"} {
		t.Run(server, func(t *testing.T) {
			text := read(t, server+".root.list-alR.txt")
			subdirs, blocks, compared := 0, 0, 0
			for d, err := range ParseRecursive(bytes.NewReader(text), Limits{}) {
				if err != nil {
					t.Fatalf("%s: %v", d.Path, err)
				}
				blocks++
				if !d.Self && len(d.Entries) == 0 {
					continue // refused: nothing but its heading
				}
				subdirs += len(slices.DeleteFunc(slices.Clone(d.Entries), func(e Entry) bool { return e.Kind != digest.Dir }))
				if folder, ok := folders[strings.TrimPrefix(d.Path, "./")]; ok {
					compared++
					compare(t, shown(t, server+"."+folder+".list-alR", truth(t, folder)), dated(d.Listing, dates))
				}
			}
			if compared != len(folders) {
				t.Errorf("compared %d folders of %d", compared, len(folders))
			}
			// Some servers have no heading for a directory that may not be read.
			if missing := 1 + subdirs - blocks; missing < 0 || missing > 3 {
				t.Errorf("%d blocks, but %d subdirectories", blocks, subdirs)
			}
		})
	}
}

// A directory that may not be read never has the "." line.
func TestGoldenRefused(t *testing.T) {
	for name, bad := range map[string]bool{"vsftpd": false, "proftpd": false, "pure-ftpd": true} {
		l, err := parseRecording(t, name+".refused.stat", "stat")
		if l.Self || len(l.Entries) > 0 || (err != nil) != bad {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
}

// showsDots reports whether a listing has "." and "..".
func showsDots(server, command string) bool {
	return !strings.HasPrefix(server, "pyftpdlib") && !(command == "stat" && strings.HasPrefix(server, "pure-ftpd"))
}

// differences are what servers do not show, or show as something else. The
// pattern is of SERVER.FOLDER.COMMAND.
var differences = []struct {
	pattern string
	show    func(*testing.T, []digest.Entry) []digest.Entry
}{
	// pure-ftpd leaves out names with control characters, everywhere.
	{"pure-ftpd.control.*", hide(func(e digest.Entry) bool { return strings.ContainsAny(e.Name, "\t\x1b\x7f") })},
	{"pure-ftpd.*.stat", hide(func(e digest.Entry) bool { return digest.Hidden(e.Name) })},

	// proftpd leaves out links to the directory and its parent in LIST and
	// STAT, and those that do not lead to a place in the tree in MLSD.
	{"proftpd.links.[ls]*", hide(named("here", "up"))},
	{"proftpd.links.mlsd", hide(named("arrow-target", "caf\xe9", "dangling", "itself", "loop-a", "loop-b", "out", "out-absolute"))},
	{"proftpd.*.mlsd", func(_ *testing.T, entries []digest.Entry) []digest.Entry {
		for i := range entries {
			entries[i].Target = ""
		}
		return entries
	}},

	// pyftpdlib's MLSD follows links.
	{"pyftpdlib.pub.mlsd", func(_ *testing.T, entries []digest.Entry) []digest.Entry {
		for i := range entries {
			if entries[i].Kind == digest.Link {
				entries[i].Kind, entries[i].Target = digest.Dir, ""
			}
		}
		return entries
	}},

	// Servers that were told to stop after ten lines; "." and ".." are two.
	// proftpd does not count in MLSD.
	{"*-truncated.dates.list-a", first(8)},
	{"proftpd-truncated.dates.stat", first(8)},
	{"pure-ftpd-truncated.dates.stat", first(10)},

	// Dates in Asia/Kolkata without a time of day may be of either of two days.
	{"*-kolkata.dates.[ls]*", func(t *testing.T, entries []digest.Entry) []digest.Entry {
		halfAYear := recordedAt(t).AddDate(0, 0, -182)
		for i := range entries {
			if entries[i].Date.Time().Before(halfAYear) {
				entries[i].Date = 0
			}
		}
		return entries
	}},
}

func hide(what func(digest.Entry) bool) func(*testing.T, []digest.Entry) []digest.Entry {
	return func(_ *testing.T, entries []digest.Entry) []digest.Entry { return slices.DeleteFunc(entries, what) }
}

func first(n int) func(*testing.T, []digest.Entry) []digest.Entry {
	return func(_ *testing.T, entries []digest.Entry) []digest.Entry { return entries[:n] }
}

func named(names ...string) func(digest.Entry) bool {
	return func(e digest.Entry) bool { return slices.Contains(names, e.Name) }
}

// shown returns what a server shows of the truth.
func shown(t *testing.T, name string, entries []digest.Entry) []digest.Entry {
	for _, d := range differences {
		if ok, err := path.Match(d.pattern, name); err != nil {
			t.Fatal(err)
		} else if ok {
			entries = d.show(t, entries)
		}
	}
	return entries
}

func compare(t *testing.T, want, got []digest.Entry) {
	t.Helper()
	byName := cmpopts.SortSlices(func(a, b digest.Entry) bool { return a.Name < b.Name })
	if diff := cmp.Diff(want, got, byName, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-truth +listing)\n%s", diff)
	}
}

// dated makes of a listing what digests are made of.
func dated(l Listing, d Dates) (entries []digest.Entry) {
	for _, e := range l.Entries {
		entry := digest.Entry{Name: e.Name, Kind: e.Kind, Size: e.Size, Target: e.Target}
		if e.Kind == digest.File {
			entry.Date = d.Date(e.Stamp)
		}
		entries = append(entries, entry)
	}
	return entries
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(golden, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// recordings returns the names SERVER.FOLDER.COMMAND of all files.
func recordings(t testing.TB) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(golden, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatal("there are no recordings: ", err)
	}
	for _, p := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(p), ".txt"))
	}
	return names
}

func parseRecording(t *testing.T, name, command string) (Listing, error) {
	text := read(t, name+".txt")
	switch command {
	case "mlsd":
		return ParseMLSD(text)
	case "stat":
		lines := bytes.SplitAfter(text, []byte("\n"))
		return ParseList(bytes.Join(lines[1:len(lines)-2], nil))
	}
	return ParseList(text)
}

func recordedAt(t *testing.T) time.Time {
	t.Helper()
	now, err := time.Parse(time.RFC3339, strings.TrimSpace(string(read(t, "now"))))
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// truth reads what was on the disk: KIND SIZE TIME "NAME" "TARGET".
func truth(t *testing.T, folder string) (entries []digest.Entry) {
	t.Helper()
	for line := range strings.Lines(string(read(t, folder+".truth"))) {
		var kind, when string
		var e digest.Entry
		if _, err := fmt.Sscanf(line, "%s %d %s %q %q", &kind, &e.Size, &when, &e.Name, &e.Target); err != nil {
			t.Fatalf("%s: %q: %v", folder, line, err)
		}
		modified, err := time.Parse(time.RFC3339, when)
		if err != nil {
			t.Fatal(err)
		}
		switch kind {
		case "f":
			e.Kind, e.Date = digest.File, digest.DateOf(modified)
		case "d":
			e.Kind, e.Size = digest.Dir, 0
		case "l":
			e.Kind, e.Size = digest.Link, 0
		}
		entries = append(entries, e)
	}
	return entries
}
