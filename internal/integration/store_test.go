package integration

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/crawl/disk"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
)

// onBothDatabases runs a test on SQLite and on MariaDB, given the URL of an
// empty database.
func onBothDatabases(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { t.Parallel(); test(t, sqliteURL(t)) })
	t.Run("MariaDB", func(t *testing.T) { t.Parallel(); test(t, testbed.MariaDB(t)) })
}

func sqliteURL(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "tracker.db")
}

func openStore(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func addSite(t *testing.T, s *store.Store, name, addr string) mirror.Site {
	t.Helper()
	site := mirror.Site{Name: name, URL: siteURL(t, addr), Weight: mirror.DefaultWeight}
	if err := s.PutSite(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	return site
}

// A folder is a source of which nothing needs to be learnt.
type folder string

func (f folder) Facts() string         { return "" }
func (f folder) Recall(string) bool    { return true }
func (f folder) Memory() string        { return "" }
func (f folder) Remember(string)       {}
func (f folder) Connections(n int) int { return n }
func (f folder) Account() string       { return "" }

func (f folder) Open(context.Context) (crawl.Lister, error) {
	opened, err := disk.Open(string(f))
	return crawl.OneByOne(opened), err
}

func job(t *testing.T, s *store.Store, site mirror.Site, from crawl.Source) *crawl.Job {
	t.Helper()
	return &crawl.Job{
		Store:       s,
		Site:        site,
		Source:      from,
		Owner:       "test",
		Connections: 2,
		Limits:      crawl.DefaultLimits(),
		Retry:       crawl.Retry{Tries: 2, Pause: time.Millisecond},
		Now:         time.Now,
		Log:         slog.New(slog.NewTextHandler(t.Output(), nil)),
		SaveEvery:   time.Minute,
		ResumeFor:   time.Hour,
	}
}

func crawlSite(t *testing.T, s *store.Store, site mirror.Site, from crawl.Source) crawl.Report {
	t.Helper()
	report, err := job(t, s, site, from).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// current returns the snapshot of a site that is in force.
func current(t *testing.T, s *store.Store, site mirror.Site) store.Snapshot {
	t.Helper()
	all, err := s.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, snap := range all {
		if snap.Site == site.ID() {
			return snap
		}
	}
	return store.Snapshot{}
}
