package crawl

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A world is a store with one site.
type world struct {
	*store.Store
	site mirror.Site
	path string // of the database, if it is a file
}

func newWorld(t *testing.T) world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tracker.db")
	w := openWorld(t, "sqlite:"+path)
	w.path = path
	return w
}

func openWorld(t *testing.T, database string) world {
	t.Helper()
	s, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	url, err := mirror.ParseURL("ftp://ftp.example/")
	if err != nil {
		t.Fatal(err)
	}
	site := mirror.Site{Name: "example", URL: url, Weight: 1}
	if err := s.PutSite(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	return world{Store: s, site: site}
}

func (w world) job(t *testing.T, s *fakeSite) *Job {
	t.Helper()
	return &Job{
		Store:       w.Store,
		Site:        w.site,
		Source:      s,
		Owner:       "test",
		Connections: 1,
		Limits:      DefaultLimits(),
		Retry:       Retry{Tries: 1},
		Now:         time.Now,
		Log:         slog.New(slog.NewTextHandler(t.Output(), nil)),
		SaveEvery:   time.Hour,
		ResumeFor:   time.Hour,
	}
}

func (w world) attempt(t *testing.T) store.Attempt {
	t.Helper()
	all, err := w.Attempts(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%d attempts, %v", len(all), err)
	}
	return all[0]
}

func (w world) seq(t *testing.T) int64 {
	t.Helper()
	all, err := w.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		return 0
	}
	return all[0].Seq
}

func TestJobPublishes(t *testing.T) {
	w := newWorld(t)
	report, err := w.job(t, archive()).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if report.NewTrees != 3 || report.Snapshot.Root != report.Root.ID || report.Snapshot.Files != 62 || w.seq(t) != 1 {
		t.Errorf("%+v", report)
	}
	if a := w.attempt(t); a.Outcome != store.OutcomePublished || a.Dirs != 31 || a.Files != 62 || a.Message != "" {
		t.Errorf("attempt %+v", a)
	}
	if again, err := w.job(t, archive()).Run(t.Context()); err != nil || again.NewTrees != 0 || again.Snapshot.Seq != 2 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestJobThatFailsLeavesTheSnapshotAndGoesOn(t *testing.T) {
	w := newWorld(t)
	if _, err := w.job(t, archive()).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	broken := archive()
	broken.dirs["/d0"] = append(broken.dirs["/d0"], file("new", 1))
	broken.dirs["/d1/d1"] = nil // refused, so that /d1 is incomplete
	broken.failures["/d4"] = 1
	report, err := w.job(t, broken).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "list /d4/: connection reset") {
		t.Fatalf("got %v", err)
	}
	if a := w.attempt(t); a.Outcome != store.OutcomeFailed || a.Message != err.Error() || a.Dirs != report.Dirs || a.Dirs == 0 || w.seq(t) != 1 {
		t.Errorf("attempt %+v, snapshot %d", a, w.seq(t))
	}

	broken.lists = nil
	if _, err := w.job(t, broken).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The complete ones are not asked for again, the incomplete ones are.
	want := []mirror.Path{"/d1", "/d1/d1", "/d4", "/d4/d0", "/d4/d1", "/d4/d2", "/d4/d3", "/d4/d4"}
	if !slices.Equal(broken.lists, want) || w.seq(t) != 2 {
		t.Errorf("listed %q, want %q; snapshot %d", broken.lists, want, w.seq(t))
	}
	if facts, kept, err := w.Progress(t.Context(), w.site.ID()); err != nil || len(kept.Finished)+len(kept.Open) != 0 || facts != "" {
		t.Errorf("progress after publishing: %+v, %v", kept, err)
	}
}

func TestJobDoesNotGoOnFromOldListings(t *testing.T) {
	w := newWorld(t)
	broken := archive()
	broken.failures["/d4"] = 1
	if _, err := w.job(t, broken).Run(t.Context()); err == nil {
		t.Fatal("the broken crawl ends well")
	}
	broken.lists = nil
	later := w.job(t, broken)
	later.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	if _, err := later.Run(t.Context()); err != nil || len(broken.lists) != 31 {
		t.Errorf("%d directories listed, %v", len(broken.lists), err)
	}
}

func TestJobBeginsAgain(t *testing.T) {
	w := newWorld(t)
	s := archive()
	s.failures["/d4"] = 1
	if _, err := w.job(t, s).Run(t.Context()); err == nil {
		t.Fatal("the broken crawl ends well")
	}
	// What was listed under the old belief must not be taken over either.
	s.lists, s.restart = nil, &RestartError{Why: "links are followed"}
	report, err := w.job(t, s).Run(t.Context())
	if err != nil || report.Restart != "links are followed" || len(s.lists) != 1+31 {
		t.Errorf("%d directories listed, restart %q, %v", len(s.lists), report.Restart, err)
	}
}

func TestJobInterrupted(t *testing.T) {
	w := newWorld(t)
	s := archive()
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	j := w.job(t, s)
	j.Source = opening{s, func(ctx context.Context) (Lister, error) {
		return OneByOne(&interrupter{&fakeLister{s}, func() { cancel(enough) }}), nil
	}}
	if _, err := j.Run(ctx); !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	if a := w.attempt(t); a.Outcome != store.OutcomeInterrupted || a.Message != "enough" {
		t.Errorf("attempt %+v", a)
	}
	// The lease is given back and the progress is there.
	s.lists = nil
	if _, err := w.job(t, s).Run(t.Context()); err != nil || len(s.lists) >= 31 {
		t.Errorf("%d directories listed, %v", len(s.lists), err)
	}
}

// An opening is a source that is opened in another way.
type opening struct {
	Source
	open func(context.Context) (Lister, error)
}

func (o opening) Open(ctx context.Context) (Lister, error) { return o.open(ctx) }

// An interrupter calls stop when /d3 is listed.
type interrupter struct {
	Single
	stop func()
}

func (i *interrupter) List(ctx context.Context, dir mirror.Path) (Listing, error) {
	if dir == "/d3" {
		i.stop()
		return Listing{}, context.Cause(ctx)
	}
	return i.Single.List(ctx, dir)
}

func TestJobNeedsTheLease(t *testing.T) {
	w := newWorld(t)
	lease, err := w.Acquire(t.Context(), store.SiteLease(w.site.ID()), "somebody else", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var held *store.LeaseHeldError
	s := archive()
	if _, err := w.job(t, s).Run(t.Context()); !errors.As(err, &held) || held.Owner != "somebody else" || len(s.lists) != 0 {
		t.Errorf("got %v after %d listings", err, len(s.lists))
	}
	// But not if its holder is gone, in whose place the lease is given back.
	orphan := w.job(t, archive())
	orphan.Gone = func(owner string) bool { return owner == "somebody else" }
	if _, err := orphan.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Renew(t.Context(), lease, time.Minute); !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("the lease that was taken over is renewed: %v", err)
	}

	// A site that is removed on the way is not published.
	j := w.job(t, s)
	j.Source = opening{s, func(ctx context.Context) (Lister, error) {
		if err := w.RemoveSite(ctx, w.site.ID()); err != nil {
			return nil, err
		}
		return s.Open(ctx)
	}}
	if _, err := j.Run(t.Context()); err == nil || w.seq(t) != 0 {
		t.Errorf("a crawl of a site that was removed: %v, snapshot %d", err, w.seq(t))
	}
}

func TestLimitedDirectoriesArePublished(t *testing.T) {
	w := newWorld(t)
	j := w.job(t, archive())
	j.Limits.Depth = 1
	report, err := j.Run(t.Context())
	if err != nil || report.Incomplete != 25 || report.Snapshot.Incomplete != 25 {
		t.Fatalf("%+v, %v", report, err)
	}
	err = w.Trees(t.Context(), []digest.ID{report.Root.ID}, store.Branches, func(root *digest.Tree) error {
		if !root.Blind.Absent() || root.Dirs != 30 {
			t.Errorf("root %+v", root.Summary)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What was learnt about a site goes with the progress: a crawl that goes on need
// not learn it again, and takes nothing over that was listed under other settings.
func TestFactsGoWithProgress(t *testing.T) {
	w := newWorld(t)
	s := archive()
	s.failures["/d4"] = 1
	s.restart, s.learns = &RestartError{Why: "links are followed"}, "links=followed"
	if _, err := w.job(t, s).Run(t.Context()); err == nil {
		t.Fatal("the broken crawl ends well")
	}
	later := archive()
	report, err := w.job(t, later).Run(t.Context())
	if err != nil || later.facts != "links=followed" || report.Reused == 0 || report.Restart != "" {
		t.Errorf("facts %q, %d directories taken over, restart %q, %v", later.facts, report.Reused, report.Restart, err)
	}

	s.failures["/d4"] = 1
	if _, err := w.job(t, s).Run(t.Context()); err == nil {
		t.Fatal("the broken crawl ends well")
	}
	other := archive()
	other.refuses = true
	if report, err := w.job(t, other).Run(t.Context()); err != nil || report.Reused != 0 || report.Dirs != 31 {
		t.Errorf("%d directories taken over, %v", report.Reused, err)
	}
}

// A site whose own directory is refused or cannot be read at all tells nothing; what
// it held before stays.
func TestRootThatTellsNothing(t *testing.T) {
	w := newWorld(t)
	if _, err := w.job(t, archive()).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for want, root := range map[string][]digest.Entry{
		"the site's own directory is refused: 550 no":                         nil,
		"nothing of the site's own directory can be read: 1 names are longer": {file(strings.Repeat("x", 1025), 1)},
	} {
		s := archive()
		s.dirs["/"] = root
		if _, err := w.job(t, s).Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if a := w.attempt(t); a.Outcome != store.OutcomeFailed || w.seq(t) != 1 {
			t.Errorf("attempt %+v, snapshot %d", a, w.seq(t))
		}
	}

	// What can be read of it counts.
	s := archive()
	s.dirs["/"] = []digest.Entry{file(strings.Repeat("x", 1025), 1), file("a", 1)}
	if _, err := w.job(t, s).Run(t.Context()); err != nil || w.seq(t) != 2 {
		t.Errorf("snapshot %d, %v", w.seq(t), err)
	}
}

func TestAttemptTellsWhatIsIncomplete(t *testing.T) {
	w := newWorld(t)
	s := archive()
	s.dirs["/d1/d2"], s.dirs["/d3"] = nil, nil
	if _, err := w.job(t, s).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := w.attempt(t); a.Outcome != store.OutcomePublished || a.Message != "2 incomplete, the first: /d1/d2/: refused: 550 no" {
		t.Errorf("attempt %+v", a)
	}
}
