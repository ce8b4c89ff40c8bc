package main

import (
	"context"
	"errors"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/program"
	"mirrortracker/internal/schedule"
	"mirrortracker/internal/store"
)

type runCommand struct{}

func (runCommand) Help() string {
	return `Sites that the configuration declares become the tracked ones; without any, those of the database are. Sites that are added, changed or removed later are noticed within seconds. Several machines may do this on one database.

` + program.Examples("crawler run", "crawler run --config /etc/tracker.toml")
}

const (
	pollInterval  = 3 * time.Second // between looks at the database
	dailyProgress = time.Minute     // between progress lines of a crawl
)

// Run crawls on schedule until the program is told to stop.
func (runCommand) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	if declared := s.Config.Tracked(); len(declared) > 0 {
		changes, err := s.Store.ReplaceSites(s, declared)
		if err != nil {
			return err
		}
		s.Log.Info("sites are those of the configuration", "added", changes.Added, "changed", changes.Updated, "removed", changes.Removed)
	}
	plan, err := s.plan()
	if err != nil {
		return err
	}
	scheduler := schedule.Scheduler{
		Source:   s.Store,
		Plan:     plan,
		Parallel: s.Config.Crawl.Parallel,
		Poll:     pollInterval,
		Now:      time.Now,
		Log:      s.Log,
		Crawl:    s.scheduled,
	}
	s.Log = s.Log.With("program", s.Name) // it may share its log with the redirector
	s.Log.Info("crawling on schedule", "database", store.Redact(s.Config.Database), "schedule", s.Config.Crawl.Schedule, "parallel", s.Config.Crawl.Parallel)
	scheduler.Run(s)
	s.Log.Info("stopped")
	return nil
}

// scheduled crawls one site and logs how it went.
func (s *session) scheduled(ctx context.Context, site mirror.Site) error {
	began := time.Now()
	progress := s.LogProgress(s.Log, dailyProgress)
	line := progress.Line(ctx, site.Name)
	report, err := s.crawl(ctx, site, line)
	line.End("", "")
	progress.End()
	held := (*store.LeaseHeldError)(nil)
	switch {
	case errors.As(err, &held):
	case ctx.Err() != nil:
		s.Log.Info("crawl is interrupted", "site", site.Name)
	case err != nil:
		s.Log.Error("crawl failed", "site", site.Name, "err", err)
	default:
		s.Log.Info("crawled", "site", site.Name, "directories", report.Snapshot.Dirs, "files", report.Snapshot.Files,
			"incomplete", report.Incomplete, "new_trees", report.NewTrees, "took", time.Since(began).Round(time.Millisecond))
		s.warn(site.Name, &report)
	}
	return err
}

// warn logs the first directories that are incomplete.
func (s *session) warn(site string, report *crawl.Report) {
	for _, p := range report.Problems[:min(len(report.Problems), shownProblems)] {
		s.Log.Warn("directory is incomplete", "site", site, "path", p.Path.Dir(), "reason", p.Reason, "detail", p.Detail)
	}
	if more := report.Incomplete - shownProblems; more > 0 {
		s.Log.Warn("more directories are incomplete", "site", site, "more", more)
	}
}
