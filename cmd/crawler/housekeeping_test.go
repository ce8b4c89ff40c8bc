package main

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"mirrortracker/internal/config"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/program"
	"mirrortracker/internal/schedule"
	"mirrortracker/internal/store"
)

// The daemon prunes by what is in force, and collects what that leaves.
func TestHousekeeping(t *testing.T) {
	ctx := t.Context()
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "tracker.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	site := mirror.Site{Name: "a", URL: mirror.URL{Scheme: "ftp", Host: "a", Port: 21, Base: "/"}, Weight: 1}
	if err := s.PutSite(ctx, site); err != nil {
		t.Fatal(err)
	}
	trees := digest.NewDigester()
	old := time.Now().AddDate(0, 0, -50)
	for i := range 4 {
		lease, err := s.Acquire(ctx, store.SiteLease(site.ID()), "test", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		root := trees.Tree([]digest.Entry{{Name: "file", Kind: digest.File, Size: int64(i)}}, digest.Complete)
		if _, err := s.PutTrees(ctx, []*digest.Tree{root}); err != nil {
			t.Fatal(err)
		}
		snapshot := store.Snapshot{Site: site.ID(), Root: root.Summary.ID, Started: old, Finished: old, Totals: root.Summary.Totals}
		if _, err := s.Publish(ctx, lease, snapshot); err != nil {
			t.Fatal(err)
		}
		if err := s.Release(ctx, lease); err != nil {
			t.Fatal(err)
		}
	}
	d := &daemon{session: &session{&program.Session{Store: s, Log: slog.New(slog.DiscardHandler)}}}
	for _, c := range []struct{ keep, days, left int }{{2, 60, 4}, {2, 40, 2}, {1, 0, 1}} {
		d.force.Store(&inForce{config.Config{History: config.History{Keep: c.keep, Days: c.days}}, schedule.Plan{}})
		for done := false; !done; {
			if done, err = d.collect(ctx); err != nil {
				t.Fatal(err)
			}
		}
		left, err := s.History(ctx, site.ID(), 10)
		if err != nil || len(left) != c.left {
			t.Errorf("with %+v, %d snapshots are left, %v", c, len(left), err)
		}
	}
}
