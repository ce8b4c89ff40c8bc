package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"mirrortracker/internal/config"
	"mirrortracker/internal/crawl"
	"mirrortracker/internal/database"
	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/peer/exchange"
	"mirrortracker/internal/polite"
	"mirrortracker/internal/process"
	"mirrortracker/internal/schedule"
	"mirrortracker/internal/standing"
	"mirrortracker/internal/store"
	"mirrortracker/internal/systemd"
)

// A daemon is "crawler run" under way.
type daemon struct {
	*session
	force   atomic.Pointer[inForce]
	pacer   *polite.Pacer
	heart   schedule.Heart
	manager systemd.Notifier
	monitor *standing.Monitor
}

// inForce is a configuration, with the plan that follows from it.
type inForce struct {
	config.Config
	plan schedule.Plan
}

func newDaemon(s *session) (*daemon, error) {
	d := &daemon{
		session: s,
		pacer:   polite.New(s.Config.Crawl.PerHost, net.DefaultResolver.LookupNetIP),
		manager: systemd.Notifier{Log: s.Log},
	}
	d.monitor = standing.NewMonitor(s.Store, d.plan, func() bool { return d.heart.Beats(time.Now()) }, time.Now, s.Log)
	return d, d.adopt(s, s.Config)
}

// adopt puts a configuration in force, sites and all, or changes nothing.
func (d *daemon) adopt(ctx context.Context, cfg config.Config) error {
	plan, err := planOf(&cfg.Crawl)
	if err != nil {
		return err
	}
	if declared := cfg.Tracked(); len(declared) > 0 {
		changes, err := d.Store.ReplaceSites(ctx, declared)
		if err != nil {
			return err
		}
		d.Log.Info("sites are those of the configuration", "added", changes.Added, "changed", changes.Updated, "removed", changes.Removed)
	}
	if declared := peersOf(&cfg); len(declared) > 0 {
		changes, err := d.Store.ReplacePeers(ctx, declared)
		if err != nil {
			return err
		}
		d.Log.Info("peers are those of the configuration", "added", changes.Added, "changed", changes.Updated, "removed", changes.Removed)
	}
	d.pacer.SetPerHost(cfg.Crawl.PerHost)
	d.force.Store(&inForce{cfg, plan})
	return nil
}

func (d *daemon) plan() schedule.Plan { return d.force.Load().plan }

// run crawls until ctx is done, and reads the configuration again at each hangup.
func (d *daemon) run(ctx context.Context, hangups <-chan os.Signal) error {
	var background sync.WaitGroup
	defer background.Wait()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	metrics, peers, err := listeners(d.Config.Crawler.Listen, d.Config.Exchange.Listen)
	if err != nil {
		return err
	}
	loop, server, err := d.exchangeWith(peers)
	if err != nil {
		return err
	}
	d.monitor.Register(exchange.Collector(d.Store, d.Log))
	if server != nil {
		d.monitor.Register(server.Collector())
	}
	d.heart.Beat(time.Now()) // who asks before the first look at the database is told that all is well
	serve := func(what string, sockets []net.Listener, on func(context.Context, net.Listener) error) {
		for _, l := range sockets {
			d.Log.Info("serving "+what, "address", l.Addr().String())
			background.Go(func() {
				if err := on(ctx, l); err != nil {
					stop(err)
				}
			})
		}
	}
	serve("metrics", metrics, d.monitor.Serve)
	if server != nil {
		serve("other trackers", peers, server.Serve)
	}
	background.Go(func() { loop.Run(ctx) })
	background.Go(func() { d.manager.Obey(ctx, hangups, func() { d.obey(ctx) }, d.status) })
	background.Go(func() { d.housekeeping().Run(ctx) })
	background.Go(func() {
		<-ctx.Done()
		d.manager.Stopping()
	})
	settings := &d.Config.Crawl
	d.Log.Info("crawling on schedule", "database", database.Redact(d.Config.Database), "schedule", settings.Schedule, "parallel", settings.Parallel)
	scheduler := schedule.Scheduler{
		Source: d.Store,
		Settings: func() schedule.Settings {
			force := d.force.Load()
			return schedule.Settings{
				Plan:        force.plan,
				Parallel:    force.Crawl.Parallel,
				PerHost:     force.Crawl.PerHost,
				Connections: force.Crawl.Connections,
			}
		},
		Poll:  d.poll(),
		Now:   time.Now,
		Log:   d.Log,
		Alive: d.beat,
		Gone:  process.Gone,
		Crawl: d.crawlInTurn,
	}
	d.manager.Ready(d.status())
	scheduler.Run(ctx)
	d.Log.Info("stopped", "why", context.Cause(ctx))
	if cause := context.Cause(ctx); d.Err() == nil {
		return cause
	}
	return nil
}

// poll is how often the database is looked at: often enough for the watchdog.
func (d *daemon) poll() time.Duration {
	if watchdog := d.manager.Watchdog(); watchdog > 0 {
		return min(pollInterval, watchdog/3)
	}
	return pollInterval
}

func (d *daemon) beat() {
	d.heart.Beat(time.Now())
	d.manager.Alive()
}

// status says in a line what is in force.
func (d *daemon) status() string {
	settings := &d.force.Load().Crawl
	return fmt.Sprintf("crawling on schedule, %s at a time", human.Plural(int64(settings.Parallel), "site", "sites"))
}

// obey reads the configuration again.
func (d *daemon) obey(ctx context.Context) {
	if err := d.reload(ctx); err != nil {
		d.Log.Error("configuration is not read again; what was in force stays", "err", err)
	}
}

func (d *daemon) reload(ctx context.Context) error {
	cfg, err := d.Load()
	if err != nil {
		return err
	}
	if err := d.adopt(ctx, cfg); err != nil {
		return err
	}
	for key, changed := range map[string]bool{
		"database":       cfg.Database != d.Config.Database,
		"log":            cfg.Log != d.Config.Log,
		"crawler.listen": cfg.Crawler != d.Config.Crawler,
		"peers":          !cfg.Exchange.EqualButPoll(&d.Config.Exchange),
	} {
		if changed {
			d.Log.Warn("what changed takes effect after a restart only", "key", key)
		}
	}
	d.Log.Info("configuration is read again")
	return nil
}

// crawlInTurn crawls one site and logs how it went.
func (d *daemon) crawlInTurn(ctx context.Context, turn schedule.Turn) error {
	site, began := turn.Site, time.Now()
	progress := d.LogProgress(d.Log, dailyProgress)
	line := progress.Line(ctx, site.Name)
	report, err := d.crawl(ctx, order{
		site:     site,
		settings: &d.force.Load().Crawl,
		pacer:    d.pacer,
		line:     line,
		stillDue: turn.StillDue,
	})
	line.End("", "")
	progress.End()
	if _, held := errors.AsType[*store.LeaseHeldError](err); held || errors.Is(err, crawl.ErrNotDue) {
		return err
	}
	o := outcome{site: site, report: report, err: err, broken: err != nil && ctx.Err() != nil}
	d.monitor.Count(o.word())
	switch {
	case o.broken:
		d.Log.Info("crawl is interrupted", "site", site.Name, "why", context.Cause(ctx))
	case o.suspect() != nil:
		d.Log.Warn("crawl is set aside as suspect", "site", site.Name, "why", err)
		return nil
	case err != nil:
		d.Log.Error("crawl failed", "site", site.Name, "err", err)
	default:
		d.Log.Info("crawled", "site", site.Name, "directories", report.Snapshot.Dirs, "files", report.Snapshot.Files,
			"incomplete", report.Incomplete, "new_trees", report.NewTrees, "listing", report.Account, "took", time.Since(began).Round(time.Millisecond))
		d.warn(site.Name, &report)
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

// planOf returns the configured schedule.
func planOf(settings *config.Crawl) (plan schedule.Plan, err error) {
	plan = schedule.Plan{
		Jitter:   settings.Jitter.Duration,
		Pause:    settings.Pause.Duration,
		Again:    settings.Again.Duration,
		AgainMax: settings.AgainMax.Duration,
		Breaker:  settings.Breaker,
	}
	if plan.Default, err = schedule.Parse(settings.Schedule); err != nil {
		return plan, err
	}
	if plan.Hours, err = mirror.ParseHours(settings.Hours); err != nil {
		return plan, err
	}
	plan.Zone, err = time.LoadLocation(settings.Zone)
	return plan, err
}
