package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/store/storetest"
)

// tracked is the only site of a database.
func tracked(t *testing.T, name string) mirror.Site {
	t.Helper()
	u, err := mirror.ParseURL("ftp://" + name + ".example/pub/")
	if err != nil {
		t.Fatal(err)
	}
	return mirror.Site{Name: name, URL: u, Weight: mirror.DefaultWeight}
}

// build makes a database file with one site, and leaves it closed.
func build(t *testing.T, path, name string) {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.PutSite(t.Context(), tracked(t, name)), s.Close()); err != nil {
		t.Fatal(err)
	}
}

func mv(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// wantSites compares the names of the sites, and whether the store is well.
func wantSites(t *testing.T, s *store.Store, want ...string) {
	t.Helper()
	all, err := s.Sites(t.Context())
	var got []string
	for _, site := range all {
		got = append(got, site.Name)
	}
	if err = errors.Join(err, s.Ping(t.Context())); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %v, %v, want %v", got, err, want)
	}
}

// entries are ways into the store, each with an error of its own.
func entries(t *testing.T, s *store.Store) map[string]error {
	ctx := t.Context()
	_, sites := s.Sites(ctx)
	_, current := s.Current(ctx)
	_, attempts := s.Attempts(ctx)
	_, size := s.Size(ctx)
	_, put := s.PutTrees(ctx, storetest.Forest(digest.NewDigester(), 0, 1))
	_, lease := s.Acquire(ctx, "x", "me", 1<<30)
	return map[string]error{
		"Ping":     s.Ping(ctx),
		"Sites":    sites,
		"Current":  current,
		"Attempts": attempts,
		"Trees":    s.Trees(ctx, make([]digest.ID, 1), store.Leaves, func(*digest.Tree) error { return nil }),
		"Size":     size,
		"PutTrees": put,
		"Acquire":  lease,
		"PutSite":  s.PutSite(ctx, tracked(t, "late")),
	}
}

func wantAll(t *testing.T, s *store.Store, want string) {
	t.Helper()
	for name, err := range entries(t, s) {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", name, err, want)
		}
	}
}

func TestSQLiteFileGoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tracker.db")
	build(t, path, "alpha")
	s := storetest.Open(t, "sqlite:"+path)
	mv(t, path, path+".away")
	wantAll(t, s, "the database file "+path+" is gone; put it back, or start the program again")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a new file: %v", err)
	}
	mv(t, path+".away", path)
	wantSites(t, s, "alpha")
	for name, err := range entries(t, s) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantSites(t, s, "alpha", "late")
}

// TestSQLiteFileIsReplaced puts another database at the path of an open one,
// in ways that people do.
func TestSQLiteFileIsReplaced(t *testing.T) {
	for name, replace := range map[string]func(t *testing.T, path, other string){
		"over it": func(t *testing.T, path, other string) { mv(t, other, path) },
		"where it was removed": func(t *testing.T, path, other string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			mv(t, other, path)
		},
		"where it was moved with its log": func(t *testing.T, path, other string) {
			for _, suffix := range []string{"-wal", "-shm", ""} {
				mv(t, path+suffix, path+".old"+suffix)
			}
			mv(t, other, path)
		},
	} {
		for _, idle := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, idle=%t", name, idle), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "tracker.db")
				build(t, path, "alpha")
				build(t, path+".other", "beta")
				s := storetest.Open(t, "sqlite:"+path)
				// So that there is a log, which says something else than the other file.
				if err := s.PutSite(t.Context(), tracked(t, "gamma")); err != nil {
					t.Fatal(err)
				}
				replace(t, path, path+".other")
				if !idle {
					wantSites(t, s, "beta")
				}
				if err := s.PutSite(t.Context(), tracked(t, "delta")); err != nil {
					t.Fatal(err)
				}
				wantSites(t, s, "beta", "delta")
				// Whoever opens the file sees the same, now and later.
				wantSites(t, storetest.Open(t, "sqlite:"+path), "beta", "delta")
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				wantSites(t, storetest.Open(t, "sqlite:"+path), "beta", "delta")
			})
		}
	}
}

// TestSQLiteLogs looks after what was in the logs of two files that change places.
func TestSQLiteLogs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tracker.db")
	build(t, path, "alpha")
	s := storetest.Open(t, "sqlite:"+path)
	if err := s.PutSite(t.Context(), tracked(t, "gamma")); err != nil {
		t.Fatal(err)
	}
	// A copy of the files of an open database, whose last site is in its log.
	other := storetest.Open(t, "sqlite:"+path+".live")
	if err := other.PutSite(t.Context(), tracked(t, "beta")); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + ".live" + suffix)
		if err == nil {
			err = os.WriteFile(path+".copy"+suffix, data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	mv(t, path, path+".old")
	if err := os.Remove(path + "-shm"); err != nil {
		t.Fatal(err)
	}
	mv(t, path+".copy-wal", path+"-wal")
	mv(t, path+".copy", path)
	wantSites(t, s, "beta")
	wantSites(t, storetest.Open(t, "sqlite:"+path+".old"), "alpha", "gamma")
}

// TestSQLiteLinkTurns makes a symbolic link lead to another database.
func TestSQLiteLinkTurns(t *testing.T) {
	dir := t.TempDir()
	one, two, link := filepath.Join(dir, "one.db"), filepath.Join(dir, "two.db"), filepath.Join(dir, "tracker.db")
	build(t, one, "alpha")
	build(t, two, "beta")
	if err := os.Symlink(one, link); err != nil {
		t.Fatal(err)
	}
	s := storetest.Open(t, "sqlite:"+link)
	also := storetest.Open(t, "sqlite:"+one)
	if err := s.PutSite(t.Context(), tracked(t, "gamma")); err != nil {
		t.Fatal(err)
	}
	log, err := os.Stat(one + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(two, link+".new"); err != nil {
		t.Fatal(err)
	}
	mv(t, link+".new", link)
	wantSites(t, s, "beta")
	wantSites(t, also, "alpha", "gamma")
	if now, err := os.Stat(one + "-wal"); err != nil || !os.SameFile(now, log) {
		t.Errorf("a log in use was removed: %v", err)
	}
}

// TestSQLiteFileOfAnotherKindComes puts what is no database there, and then one.
func TestSQLiteFileOfAnotherKindComes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tracker.db")
	build(t, path, "alpha")
	build(t, path+".other", "beta")
	s := storetest.Open(t, "sqlite:"+path)
	text := []byte(strings.Repeat("It was a dark and stormy night.\n", 100))
	if err := os.WriteFile(path+".txt", text, 0o644); err != nil {
		t.Fatal(err)
	}
	mv(t, path+".txt", path)
	wantAll(t, s, "the database file "+path+" is another one now: it is a file of another kind")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantAll(t, s, "the database file "+path+" is gone")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	wantAll(t, s, "it is a directory")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	mv(t, path+".other", path)
	wantSites(t, s, "beta")
}

// TestSQLiteFilesChangeUnderLoad replaces the file while many read and write.
// Readers get one of the databases, as a whole, or are told that there is none.
func TestSQLiteFilesChangeUnderLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tracker.db")
	build(t, path, "first")
	s := storetest.Open(t, "sqlite:"+path)
	const swaps = 20
	for i := range swaps {
		build(t, fmt.Sprintf("%s.%d", path, i), fmt.Sprintf("no%02d", i))
	}
	var done atomic.Bool
	var all errgroup.Group
	for range 4 {
		all.Go(func() error {
			for !done.Load() {
				sites, err := s.Sites(t.Context())
				if err == nil && len(sites) != 1 {
					return fmt.Errorf("%d sites", len(sites))
				}
				if err != nil && !ofTheSwap(err) {
					return err
				}
			}
			return nil
		})
	}
	all.Go(func() error {
		for !done.Load() {
			lease, err := s.Acquire(t.Context(), "busy", "me", 1<<40)
			if err == nil {
				err = s.Release(t.Context(), lease)
			}
			if err != nil && !ofTheSwap(err) {
				return err
			}
		}
		return nil
	})
	defer func() {
		done.Store(true)
		if err := all.Wait(); err != nil {
			t.Error(err)
		}
	}()
	for i := range swaps {
		if i%2 == 0 {
			mv(t, path, path+".gone")
			wantAll(t, s, "is gone")
		}
		mv(t, fmt.Sprintf("%s.%d", path, i), path)
		wantSites(t, s, fmt.Sprintf("no%02d", i))
	}
}

// ofTheSwap reports whether an error says that the file was taken away.
func ofTheSwap(err error) bool {
	return strings.Contains(err.Error(), "is gone") || strings.Contains(err.Error(), "was replaced meanwhile")
}
