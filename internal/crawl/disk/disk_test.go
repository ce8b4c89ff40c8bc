package disk

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

var modified = time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC)

// plant makes files of the length of their names, directories where a name ends
// in a slash, and links where it holds an arrow.
func plant(t *testing.T, names ...string) string {
	t.Helper()
	top := t.TempDir()
	for _, name := range names {
		var err error
		path := filepath.Join(top, name)
		switch at, target, isLink := strings.Cut(name, " => "); {
		case isLink:
			err = os.Symlink(target, filepath.Join(top, at))
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o755)
		default:
			err = errors.Join(os.WriteFile(path, []byte(name), 0o644), os.Chtimes(path, modified, modified))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return top
}

func open(t *testing.T, dir string) *Folder {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// list returns the entries in the order of their names.
func list(t *testing.T, l *Folder, dir mirror.Path) []digest.Entry {
	t.Helper()
	found, err := l.List(t.Context(), dir)
	if err != nil || found.Reason != digest.Complete {
		t.Fatalf("%s: %v, %v", dir, found, err)
	}
	slices.SortFunc(found.Entries, func(a, b digest.Entry) int { return strings.Compare(a.Name, b.Name) })
	return found.Entries
}

func TestList(t *testing.T) {
	t.Parallel()
	top := plant(t, "dir/", "dir/below", "empty/", "file", ".hidden", "to-dir => dir", "to-file => dir/below",
		"dangling => nowhere", "loop => loop", "out => ../../../etc", "absolute => /etc/passwd")
	listener, err := net.Listen("unix", filepath.Join(top, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	l := open(t, top)
	date := digest.DateOf(modified)
	want := []digest.Entry{
		{Name: ".hidden", Kind: digest.File, Size: 7, Date: date},
		{Name: "absolute", Kind: digest.Link, Target: "/etc/passwd"},
		{Name: "dangling", Kind: digest.Link, Target: "nowhere"},
		{Name: "dir", Kind: digest.Dir},
		{Name: "empty", Kind: digest.Dir},
		{Name: "file", Kind: digest.File, Size: 4, Date: date},
		{Name: "loop", Kind: digest.Link, Target: "loop"},
		{Name: "out", Kind: digest.Link, Target: "../../../etc"},
		{Name: "socket", Kind: digest.Other},
		{Name: "to-dir", Kind: digest.Link, Target: "dir"},
		{Name: "to-file", Kind: digest.Link, Target: "dir/below"},
	}
	got := list(t, l, mirror.Root)
	for i := range got {
		if got[i].Kind != digest.File {
			got[i].Size, got[i].Date = 0, 0
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := list(t, l, "/dir"); len(got) != 1 || got[0].Name != "below" {
		t.Errorf("%+v", got)
	}
	if got := list(t, l, "/empty"); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestOddNames(t *testing.T) {
	t.Parallel()
	names := []string{" lead", "trail ", "caf\xe9", "caf\xc3\xa9", "\xff\xfe", "a\nb", "-la", "*", "back\\slash", "x -> y", strings.Repeat("n", 255)}
	slices.Sort(names)
	var dirs []string
	for _, name := range names {
		dirs = append(dirs, name+"/", name+"/inside", name+"/link => \xff ")
	}
	l := open(t, plant(t, dirs...))
	var got []string
	for _, e := range list(t, l, mirror.Root) {
		got = append(got, e.Name)
		inside := list(t, l, mirror.Root.Join(e.Name))
		if len(inside) != 2 || inside[0].Name != "inside" || inside[1].Target != "\xff " {
			t.Errorf("%q: %+v", e.Name, inside)
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("%q, want %q", got, names)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	top := plant(t, "dir/", "file", "out => ..")
	if _, err := Open(filepath.Join(top, "nowhere")); err == nil {
		t.Error("a folder that is not there is opened")
	}
	if _, err := Open(filepath.Join(top, "file")); err == nil {
		t.Error("a file is opened as a folder")
	}
	l := open(t, top)
	for _, dir := range []mirror.Path{"/nowhere", "/file", "/out"} {
		if found, err := l.List(t.Context(), dir); err == nil || !strings.Contains(err.Error(), string(dir)) {
			t.Errorf("%s: %v, %v", dir, found, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.List(cancelled, mirror.Root); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// What may not be read is refused, and not a failure of the disk.
func TestRefused(t *testing.T) {
	t.Parallel()
	found, err := refused("/dir", &os.PathError{Op: "open", Path: "dir", Err: os.ErrPermission})
	if err != nil || found.Reason != digest.Refused || found.Detail == "" {
		t.Errorf("%+v, %v", found, err)
	}
	if found, err := refused("/dir", os.ErrNotExist); err == nil {
		t.Errorf("%+v", found)
	}
}

// A folder and its copy have the same digests.
func TestWalk(t *testing.T) {
	t.Parallel()
	names := []string{"a/", "a/b/", "a/b/file", "a/caf\xe9", "link => a", ".hidden"}
	first, second := walk(t, plant(t, names...)), walk(t, plant(t, names...))
	if first != second || first.Files != 2 || first.Dirs != 2 || first.Exact.Absent() {
		t.Errorf("%+v and %+v", first, second)
	}
	if other := walk(t, plant(t, append(names, "a/b/more")...)); other.Blind == first.Blind {
		t.Error("a file more does not change the digest")
	}
}

func walk(t *testing.T, dir string) digest.Summary {
	t.Helper()
	w := crawl.Walker{
		Open:   func(context.Context) (crawl.Lister, error) { return crawl.OneByOne(open(t, dir)), nil },
		Sink:   nowhere{},
		Limits: crawl.DefaultLimits(),
		Now:    time.Now,
	}
	result, err := w.Start(t.Context()).Wait()
	if err != nil {
		t.Fatal(err)
	}
	return result.Root
}

// nowhere is a sink that keeps nothing.
type nowhere struct{}

func (nowhere) Put(*digest.Tree)            {}
func (nowhere) Ready(context.Context) error { return nil }
