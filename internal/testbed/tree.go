package testbed

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A Tree says what a test tree holds besides ordinary files and folders: a sum of the
// constants below.
type Tree uint

const (
	// Odd adds names, of files and of folders, that are awkward for a listing, a command
	// line, a URL or a shell.
	Odd Tree = 1 << iota
	// Links adds links to files and folders, loops, dangling ones and some that lead out.
	Links
	// Hidden adds files and folders whose names begin with a dot.
	Hidden
	// Huge adds a sparse file of 14 GiB and one byte.
	Huge
	// Crowd adds a folder of 5,000 files.
	Crowd
	// Control adds names with control characters: a tab, an escape sequence, a delete. It is
	// no part of Full, because pure-ftpd leaves such names out of every listing and does not
	// say so.
	Control
	// Locked adds, below pub/locked, folders that other users may not list (mode 0000 and
	// 0711) or whose files they may not ask about (0744).
	Locked

	// Plain is what any client and server can be expected to handle.
	Plain Tree = 0
	// Full is all that a server should be able to show.
	Full = Odd | Links | Hidden | Huge | Crowd
)

// HugeSize is the size of the file that [Huge] adds, huge/image.iso.
const HugeSize = 14<<30 + 1

// oddNames begin, end and consist of what programs trip over. Each is a file in the
// folder "names" and a folder in "folders".
var oddNames = []string{
	" lead", "trail ", "in  side", " both ", "- dash", "-la",
	"日本語 ☃", "cafe\u0301", "café", // UTF-8; the same word decomposed and composed
	"caf\xe9", "\xe4\xf6\xfc \xdf", // Latin-1
	"a -> b", "-> c", "d ->",
	"it's", `say "hi"`, `""`, "`tick`", "$HOME", "~root", "!bang", "a&b", "<tag>", "a|b", "(x)",
	"100%", "%2F", "%20 %zz", "a#b", "what?", "?", "a;b", "a=b", "a,b", "a:b", "a@b", "a+b",
	`back\slash`, `\`, `\043033`, "[a-c]*", "{a,b}", "*",
	"1 Jan 01  2001 x", "drwxr-xr-x", "total 0",
}

// oddFiles are odd names that cannot be sent in a command unharmed, so that only files
// bear them: a lone blank, the telnet escape byte, the longest name there is.
var oddFiles = []string{" ", "\xff\xfe y", strings.Repeat("n", 255)}

// controlNames are files and folders like oddNames.
var controlNames = []string{"tab\there", "bold\x1b[1m", "del\x7fete"}

// WriteTree fills a folder, made by [Dir], with a test tree. It is the same for the same
// now, from which most dates are counted; servers decide by their own clock which dates
// are shown with a time of day, so now should be about the present.
func WriteTree(t testing.TB, dir string, what Tree, now time.Time) {
	t.Helper()
	w := treeWriter{root: dir, time: now.UTC().Add(-40 * 24 * time.Hour)}
	w.plain(now.UTC())
	if what&Odd != 0 {
		w.odd()
	}
	if what&Links != 0 {
		w.links()
	}
	if what&Hidden != 0 {
		w.hidden()
	}
	if what&Huge != 0 {
		w.file("huge/image.iso", HugeSize)
	}
	if what&Crowd != 0 {
		for i := range 5000 {
			w.file(fmt.Sprintf("crowd/file-%04d", i), int64(i))
		}
	}
	if what&Control != 0 {
		for i, name := range controlNames {
			w.file("control/"+name, int64(400+i))
			w.file("control-folders/"+name+"/file", int64(500+i))
		}
	}
	if what&Locked != 0 {
		w.locked()
	}
	if w.err != nil {
		t.Fatalf("write test tree: %v", w.err)
	}
}

// A treeWriter makes files below root until the first error.
type treeWriter struct {
	root string
	time time.Time // modification time of files that have no reason for another
	err  error
}

// plain writes what every tree holds: sizes, dates, an empty folder, several levels.
func (w *treeWriter) plain(now time.Time) {
	w.file("README", 1234)
	w.file("pub/LICENSE", 11358)
	w.file("pub/sizes/empty", 0)
	w.file("pub/sizes/one", 1)
	w.file("pub/sizes/many", 1<<20+1)
	w.folder("pub/empty")
	w.file("pub/a/b/c/d/e/f/bottom", 7)
	w.file("pub/a/b/side", 8)
	w.file("pub/with blank/below/deeper still/file", 9)
	w.file("pub/with blank/other", 10)

	// Times of day near midnight, so that a wrong zone shows as a wrong date; ages on both
	// sides of the six months after which a listing shows the year instead of the time.
	midnight := now.Truncate(24 * time.Hour)
	for _, days := range []int{1, 2, 30, 100, 170, 178, 186, 200, 250, 400, 1000} {
		day := midnight.AddDate(0, 0, -days)
		w.fileAt(fmt.Sprintf("pub/dates/%d-days-0010", days), 11, day.Add(10*time.Minute))
		w.fileAt(fmt.Sprintf("pub/dates/%d-days-1200", days), 12, day.Add(12*time.Hour))
		w.fileAt(fmt.Sprintf("pub/dates/%d-days-2350", days), 13, day.Add(23*time.Hour+50*time.Minute))
	}
	for _, date := range []string{"1980-01-01 00:10", "1999-12-31 23:50", "2000-01-01 00:10", "2024-02-29 23:50"} {
		at, err := time.Parse("2006-01-02 15:04", date)
		w.keep(err)
		w.fileAt("pub/dates/"+date[:10], 14, at)
	}
}

func (w *treeWriter) odd() {
	for i, name := range oddNames {
		w.file("names/"+name, int64(100+i))
		w.file("folders/"+name+"/file", int64(200+i))
	}
	for i, name := range oddFiles {
		w.file("names/"+name, int64(300+i))
	}
	w.file("folders/in  side/ below /caf\xe9/file", 399)
}

func (w *treeWriter) links() {
	for name, target := range map[string]string{
		"to-file":         "../README",
		"to-folder":       "../pub",
		"to-below":        "../pub/with blank/below",
		"to-absolute":     "/pub/sizes",
		"chain":           "to-folder",
		"itself":          "itself",
		"loop-a":          "loop-b",
		"loop-b":          "loop-a",
		"here":            ".",
		"up":              "..",
		"dangling":        "no-such-thing",
		"out":             "../../../../../../../../etc",
		"out-absolute":    "/etc/passwd",
		" blank -> arrow": "../pub/with blank",
		"arrow-target":    "x -> y",
		"caf\xe9":         "\xe9 ",
	} {
		w.link("links/"+name, target)
	}
}

func (w *treeWriter) hidden() {
	w.file(".hidden-file", 20)
	w.file(".hidden/file", 21)
	w.file(".hidden/below/file", 22)
	w.file("pub/.in.unfinished.iso.Xy12", 23)
	w.file("pub/...three dots", 24)
	w.link("pub/.hidden-link", "a")
	w.file("only-hidden/.listing", 25)
}

func (w *treeWriter) locked() {
	for name, mode := range map[string]os.FileMode{"none": 0, "enter-only": 0o711, "list-only": 0o744} {
		dir := "pub/locked/" + name
		w.file(dir+"/file", 30)
		w.file(dir+"/below/file", 31)
		w.keep(os.Chmod(w.path(dir), mode))
	}
	w.file("pub/locked/open/file", 32)
}

func (w *treeWriter) file(name string, size int64) { w.fileAt(name, size, w.time) }

// fileAt makes a sparse file and the folders above it.
func (w *treeWriter) fileAt(name string, size int64, modified time.Time) {
	w.folder(filepath.Dir(name))
	if w.err != nil {
		return
	}
	path := w.path(name)
	w.keep(os.WriteFile(path, nil, 0o644))
	w.keep(os.Truncate(path, size))
	w.touch(path, modified)
}

func (w *treeWriter) folder(name string) {
	w.keep(os.MkdirAll(w.path(name), 0o755))
}

func (w *treeWriter) link(name, target string) {
	w.folder(filepath.Dir(name))
	path := w.path(name)
	w.keep(os.Symlink(target, path))
	w.touch(path, w.time)
}

// touch sets a modification time, of a link itself and not of what it leads to.
func (w *treeWriter) touch(path string, modified time.Time) {
	at := unix.NsecToTimespec(modified.UnixNano())
	w.keep(unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{at, at}, unix.AT_SYMLINK_NOFOLLOW))
}

// path joins without cleaning, which would not matter, and keeps every byte.
func (w *treeWriter) path(name string) string { return w.root + "/" + name }

func (w *treeWriter) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}
