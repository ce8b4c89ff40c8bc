package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/store/storetest"
)

// TestProgressIsSwept looks into the tables for what the store no longer shows.
func TestProgressIsSwept(t *testing.T) {
	for name, end := range map[string]func(ctx context.Context, s *store.Store, lease store.Lease, site mirror.SiteID, root digest.ID) error{
		"published": func(ctx context.Context, s *store.Store, lease store.Lease, site mirror.SiteID, root digest.ID) error {
			_, err := s.Publish(ctx, lease, store.Snapshot{Site: site, Root: root})
			return err
		},
		"removed": func(ctx context.Context, s *store.Store, _ store.Lease, site mirror.SiteID, _ digest.ID) error {
			return s.RemoveSite(ctx, site)
		},
		"replaced": func(ctx context.Context, s *store.Store, _ store.Lease, _ mirror.SiteID, _ digest.ID) error {
			_, err := s.ReplaceSites(ctx, nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := startCrawl(t)
			c.save(t, "mlsd", 1200)
			if n := c.rows(t); n != 1+1200+1200 {
				t.Fatalf("%d rows of a crawl", n)
			}
			if err := end(t.Context(), c.Store, c.lease, c.site, c.root); err != nil {
				t.Fatal(err)
			}
			if n := c.rows(t); n > 0 {
				t.Errorf("%d rows of a crawl are left", n)
			}
		})
	}
}

// TestDeadProgressStaysDead ends a crawl as a process does that is killed
// before it has swept.
func TestDeadProgressStaysDead(t *testing.T) {
	c := startCrawl(t)
	c.save(t, "mlsd", 1200)
	if _, err := c.tables.ExecContext(t.Context(), `DELETE FROM crawls`); err != nil {
		t.Fatal(err)
	}
	if facts, kept, err := c.Progress(t.Context(), c.site); facts != "" || len(kept.Finished)+len(kept.Open) > 0 || err != nil {
		t.Fatalf("got %q, %d subtrees and %d open directories, %v", facts, len(kept.Finished), len(kept.Open), err)
	}
	c.save(t, "mlsd", 1)
	if facts, kept, err := c.Progress(t.Context(), c.site); facts != "mlsd" || len(kept.Finished) != 1 || len(kept.Open) != 1 || err != nil {
		t.Errorf("got %q, %d subtrees and %d open directories, %v", facts, len(kept.Finished), len(kept.Open), err)
	}
	if n := c.rows(t); n != 3 {
		t.Errorf("%d rows are left", n)
	}
}

// What a process that was killed has left of a site is swept by a collection, with the
// trees that nothing else needs.
func TestDeadProgressIsCollected(t *testing.T) {
	for name, kill := range map[string][]string{
		"of a site that is tracked": {`DELETE FROM crawls`},
		"of one that is not":        {`DELETE FROM crawls`, `DELETE FROM sites`},
	} {
		t.Run(name, func(t *testing.T) {
			c := startCrawl(t)
			c.save(t, "mlsd", 1200)
			if err := c.Release(t.Context(), c.lease); err != nil {
				t.Fatal(err)
			}
			if got, err := c.Collect(t.Context(), store.CollectConfig{Owner: "me"}); err != nil || got.Deleted != 0 || c.rows(t) != 1+1200+1200 {
				t.Fatalf("of a crawl that goes on, got %+v, %v and %d rows are left", got, err, c.rows(t))
			}
			for _, statement := range kill {
				if _, err := c.tables.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := c.Collect(t.Context(), store.CollectConfig{Owner: "me"}); err != nil || got.Deleted != 1 || c.rows(t) != 0 {
				t.Errorf("got %+v, %v; %d rows are left", got, err, c.rows(t))
			}
		})
	}
}

// A crawl is one that runs, with a look at the tables beneath.
type crawl struct {
	*store.Store
	tables *sqlx.DB
	lease  store.Lease
	site   mirror.SiteID
	root   digest.ID
}

func startCrawl(t *testing.T) *crawl {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tracker.db")
	c := &crawl{Store: storetest.Open(t, "sqlite:"+path)}
	var err error
	if c.tables, err = sqlx.Open("sqlite", path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.tables.Close() })
	u, err := mirror.ParseURL("ftp://alpha.example/pub/")
	if err != nil {
		t.Fatal(err)
	}
	site := mirror.Site{Name: "alpha", URL: u, Weight: mirror.DefaultWeight}
	if err := c.PutSite(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	trees := storetest.Forest(digest.NewDigester(), 0, 1)
	if _, err := c.PutTrees(t.Context(), trees); err != nil {
		t.Fatal(err)
	}
	c.site, c.root = site.ID(), trees[0].ID
	if c.lease, err = c.Acquire(t.Context(), store.SiteLease(c.site), "me", time.Hour); err != nil {
		t.Fatal(err)
	}
	return c
}

// save saves n subtrees and n open directories.
func (c *crawl) save(t *testing.T, facts string, n int) {
	t.Helper()
	var all store.Kept
	for i := range n {
		path := mirror.Path(fmt.Sprintf("/dir/%d", i))
		all.Finished = append(all.Finished, store.Progress{Path: path, Tree: c.root})
		all.Open = append(all.Open, store.OpenDirectory{Path: path})
	}
	if err := c.SaveProgress(t.Context(), c.lease, facts, store.Change{Put: all}); err != nil {
		t.Fatal(err)
	}
}

// rows counts all rows that are kept of crawls.
func (c *crawl) rows(t *testing.T) (sum int) {
	t.Helper()
	for _, table := range []string{"crawls", "progress", "open_directories"} {
		var n int
		if err := c.tables.GetContext(t.Context(), &n, `SELECT COUNT(*) FROM `+table); err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}
