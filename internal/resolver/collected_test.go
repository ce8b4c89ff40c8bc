package resolver

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
)

// An interrupted store is one where something happens before a certain call of Trees.
type interrupted struct {
	*store.Store
	left   atomic.Int32 // calls until then
	happen func()
}

func (s *interrupted) Trees(ctx context.Context, ids []digest.ID, parts store.Parts, fn func(*digest.Tree) error) error {
	if s.left.Add(-1) == 0 {
		s.happen()
	}
	return s.Store.Trees(ctx, ids, parts, fn)
}

// collect deletes all snapshots but the newest of each site, and what only they had.
func collect(t *testing.T, s *store.Store) (deleted int64) {
	t.Helper()
	if _, err := s.Prune(t.Context(), store.Keep{Newest: 1, After: time.Now()}); err != nil {
		t.Error(err)
	}
	for {
		c, err := s.Collect(t.Context(), store.CollectConfig{Owner: "test"})
		if err != nil {
			t.Error(err)
			return deleted
		}
		deleted += c.Deleted
		if c.Done() {
			return deleted
		}
	}
}

// A site is read while its snapshot is replaced and its trees are deleted: the newer
// one is loaded, and another site that is read goes in as it is.
func TestSnapshotsAreCollectedWhileTheyAreLoaded(t *testing.T) {
	for name, fresh := range map[string]func(testing.TB) string{
		"SQLite":  func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "tracker.db") },
		"MariaDB": testbed.MariaDB,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), fresh(t))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			w := newWorld()
			version := 0
			next := func() {
				version++
				d := dir{}
				for i := range 40 {
					d[fmt.Sprint("d", i)] = dir{"f": version, "sub": dir{fmt.Sprint("g", i): version}}
				}
				w.add("a", "ftp://a.example/", d)
				w.add("b", "ftp://b.example/", dir{"copy": d, "own": version})
				publish(t, s, w)
			}
			next()
			x := (*Index)(nil)
			for call := range int32(4) { // before the root, between levels, at the other site
				src := &interrupted{Store: s, happen: func() {
					next()
					if collect(t, s) < 80 {
						t.Error("the older trees are not deleted")
					}
				}}
				src.left.Store(call + 1)
				l := NewLive(src, Options{}, slog.New(slog.DiscardHandler))
				if err := l.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				if problems := l.Index().Problems(); len(problems) > 0 {
					t.Errorf("before call %d: %v", call, problems)
				}
				if err := l.Check(t.Context()); err != nil { // for the site that was loaded before
					t.Fatal(err)
				}
				x = l.Index()
				for _, site := range []string{"a/d7", "b/copy/d7"} {
					if a := ask(t, x, site[:1], mirror.Path(site[1:]+"/sub/g7")); a.Size != int64(version) || len(a.Set.Members) != 2 {
						t.Errorf("before call %d: %s is of version %d and not %d, %v", call, site, a.Size, version, brief(a))
					}
				}
			}
			if version < 4 {
				t.Errorf("only %d versions were replaced while they were loaded", version-1)
			}
		})
	}
}
