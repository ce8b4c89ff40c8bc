package store_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/store/storetest"
)

func freshSQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "var", "tracker.db")
}

func TestSQLite(t *testing.T) { storetest.Run(t, freshSQLite) }

func TestSQLiteManyAtOnce(t *testing.T) {
	for range 5 {
		storetest.Simultaneously(t, freshSQLite(t))
	}
}

// TestSQLitePaths opens files whose names mean something to URLs or to SQLite.
func TestSQLitePaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, path := range []string{
		"plain.db",
		"a/b/c.db",
		"./x/../y.db",
		"with blank, 100%, %41, ? & # ; = :memory: 'quoted' \"é\" \xff.db",
		"file:odd",
		":odd",
		filepath.Join(dir, "absolute.db"),
		"//" + filepath.Join(dir, "slashes.db"),
	} {
		s, err := store.Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Errorf("%q: %v", path, err)
			continue
		}
		if _, err := os.Stat(filepath.Clean(path)); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestSQLiteRefusesURLs(t *testing.T) {
	for url, hint := range map[string]string{
		"sqlite:":                 "it names no file",
		"sqlite:var/":             "it names no file",
		"sqlite:a\x00b":           "it names no file",
		"sqlite::memory:":         "name one",
		"sqlite://var/tracker.db": "write sqlite:var/tracker.db",
		"var/tracker.db":          "sqlite:PATH",
		"":                        "sqlite:PATH",
	} {
		_, err := store.Open(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%q: got %v, want %q in it", url, err, hint)
		}
	}
}

func TestSQLiteRefusesFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // for nobody
		t.Fatal(err)
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	text := strings.Repeat("It was a dark and stormy night.\n", 100)
	if err := os.WriteFile(path("novel.txt"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path("locked"), 0o555); err != nil {
		t.Fatal(err)
	}
	storetest.Open(t, "sqlite:"+path("readonly.db")).Close()
	if err := os.Chmod(path("readonly.db"), 0o444); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"":               "it is a directory",
		"novel.txt":      "it is a file of another kind; move it away or give another path",
		"novel.txt/x.db": "create its folder",
		"readonly.db":    "it cannot be written; this user needs write permission",
		"locked/x.db":    "it cannot be written; this user needs write permission",
		"locked/y/x.db":  "create its folder",
	} {
		asNobody(t, func() {
			s, err := store.Open(t.Context(), "sqlite:"+path(name))
			if err == nil {
				s.Close()
				t.Errorf("%s was opened", name)
				return
			}
			if text := err.Error(); !strings.Contains(text, want) || !strings.Contains(text, path(name)) {
				t.Errorf("%s: got %v, want %q in it", name, err, want)
			}
		})
	}
	if left, err := os.ReadFile(path("novel.txt")); err != nil || string(left) != text {
		t.Errorf("the file of another kind was changed: %v", err)
	}
}

// asNobody calls fn with the rights to files of a user who has none, where the
// test runs as root, whom no mode keeps out.
func asNobody(t *testing.T, fn func()) {
	t.Helper()
	if os.Getuid() != 0 {
		fn()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setfsuid(0)
	fn()
}

// TestSQLiteCopiesAreCheap tells a hundred sites with the same tree from a
// hundred trees: all of them take less than twice the space of one.
func TestSQLiteCopiesAreCheap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tracker.db")
	s, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	d := digest.NewDigester()
	trees := storetest.Forest(d, 0, 500)
	if _, err := s.PutTrees(t.Context(), trees); err != nil {
		t.Fatal(err)
	}
	publish := func(name string) {
		t.Helper()
		u, err := mirror.ParseURL("ftp://" + name + ".example/pub/")
		if err != nil {
			t.Fatal(err)
		}
		site := mirror.Site{Name: name, URL: u, Weight: mirror.DefaultWeight}
		if err := s.PutSite(t.Context(), site); err != nil {
			t.Fatal(err)
		}
		lease, err := s.Acquire(t.Context(), store.SiteLease(site.ID()), "me", 1<<40)
		if err == nil {
			_, err = s.Publish(t.Context(), lease, store.Snapshot{Site: site.ID(), Root: trees[0].ID})
		}
		if err == nil {
			err = s.RecordAttempt(t.Context(), lease, store.Attempt{Site: site.ID(), Outcome: "published"})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	size := func() int64 {
		t.Helper()
		if err := s.Close(); err != nil { // which empties the log
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if s, err = store.Open(t.Context(), "sqlite:"+path); err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	publish("origin")
	one := size()
	for i := range 100 {
		publish("mirror" + string(rune('a'+i/10)) + string(rune('a'+i%10)))
	}
	if all := size(); all >= 2*one {
		t.Errorf("%d bytes for one site, %d for a hundred and one", one, all)
	}
	s.Close()
}
