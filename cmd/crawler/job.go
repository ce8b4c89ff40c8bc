package main

import (
	"context"
	"time"

	"mirrortracker/internal/config"
	"mirrortracker/internal/crawl"
	"mirrortracker/internal/crawl/ftplist"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/process"
	"mirrortracker/internal/ui"
)

// crawl crawls one site as the configuration says, shown on a line.
func (s *session) crawl(ctx context.Context, site mirror.Site, line *ui.Line) (crawl.Report, error) {
	var zone *time.Location
	if site.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(site.Zone); err != nil {
			return crawl.Report{}, err
		}
	}
	limits := limits(&s.Config)
	source, err := ftplist.NewSource(ftplist.Config{
		URL:    site.URL,
		Way:    ftplist.Way(s.Config.Crawl.Listing),
		Zone:   zone,
		Conn:   ftpconn.Config{Timeout: s.Config.Crawl.Timeout.Duration},
		Whole:  s.Config.Crawl.ListingTimeout.Duration,
		Limits: limits,
		Now:    time.Now,
	})
	if err != nil {
		return crawl.Report{}, err
	}
	job := crawl.Job{
		Store:       s.Store,
		Site:        site,
		Source:      source,
		Owner:       process.Name(),
		Gone:        process.Gone,
		Connections: s.Config.Crawl.Connections,
		Limits:      limits,
		Retry:       crawl.Retry{Tries: s.Config.Crawl.Retries, Pause: s.Config.Crawl.RetryPause.Duration},
		Now:         time.Now,
		Log:         s.Log,
		SaveEvery:   s.Config.Crawl.SaveEvery.Duration,
		ResumeFor:   s.Config.Crawl.ResumeFor.Duration,
		Watch: func(status func() crawl.Status) {
			line.Watch(func() ui.Far {
				now := status()
				return ui.Far{Dirs: now.Dirs + now.Reused, Files: now.Files, Current: string(now.Current)}
			})
		},
	}
	return job.Run(ctx)
}

func limits(cfg *config.Config) crawl.Limits {
	l := cfg.Crawl.Limits
	return crawl.Limits{
		Depth:   l.Depth,
		Name:    l.Name,
		Entries: l.Entries,
		Listing: int64(l.Listing),
		Total:   l.Total,
		Time:    l.Time.Duration,
	}
}
