package standing

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mirrortracker/internal/schedule"
)

// maxRead bounds how long the database may take to tell how the sites stand.
const maxRead = 10 * time.Second

// gauges reads how the sites stand when it is asked for.
type gauges struct {
	source Source
	plan   func() schedule.Plan
	now    func() time.Time
	log    *slog.Logger
}

var (
	upDesc         = describe("source_up", "Whether the database could be asked how the sites stand.")
	directories    = ofSite("directories", "Directories below the root, in the snapshot in force.")
	files          = ofSite("files", "Files in the snapshot in force.")
	volume         = ofSite("bytes", "Bytes of all files in the snapshot in force.")
	incomplete     = ofSite("incomplete_directories", "Directories of the snapshot in force that are incomplete.")
	age            = ofSite("snapshot_age_seconds", "Time since the crawl of the snapshot in force began.")
	duration       = ofSite("last_crawl_duration_seconds", "How long the last crawl took.")
	failures       = ofSite("failures_in_a_row", "Crawls that failed since one did not.")
	running        = ofSite("running", "Whether the site is being crawled.")
	due            = ofSite("due", "Whether the site waits to be crawled.")
	next           = ofSite("next_crawl_timestamp_seconds", "When the site may be crawled next, or now.")
	broken         = ofSite("breaker_open", "Whether the site is left alone after many failures in a row.")
	suspect        = ofSite("suspect", "Whether what the last crawl found is doubted.")
	flapping       = ofSite("flapping", "Whether the site seems to be several machines that differ.")
	runningDirs    = ofSite("running_directories", "Directories that the crawl under way has listed or taken over.")
	runningSeconds = ofSite("running_seconds", "How long the crawl under way has taken so far.")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("crawler_"+name, help, labels, nil)
}

func ofSite(name, help string) *prometheus.Desc { return describe("site_"+name, help, "site") }

// Describe names nothing, so that what is collected may vary.
func (g gauges) Describe(chan<- *prometheus.Desc) {}

// Collect asks the database.
func (g gauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), maxRead)
	defer cancel()
	now := g.now()
	sites, err := Read(ctx, g.source, g.plan(), now)
	ch <- prometheus.MustNewConstMetric(upDesc, prometheus.GaugeValue, number(err == nil))
	if err != nil {
		g.log.Warn("metrics lack the sites", "err", err)
	}
	for i := range sites {
		collect(ch, &sites[i], now)
	}
}

func collect(ch chan<- prometheus.Metric, s *Site, now time.Time) {
	send := func(desc *prometheus.Desc, value float64) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, s.Name)
	}
	if p := s.Snapshot; p != nil {
		send(directories, float64(p.Dirs))
		send(files, float64(p.Files))
		send(volume, float64(p.Bytes))
		send(incomplete, float64(p.Incomplete))
		send(age, now.Sub(p.Started).Seconds())
	}
	switch a := s.Attempt; {
	case a == nil:
	case s.Running():
		send(runningDirs, float64(a.Dirs))
		send(runningSeconds, now.Sub(a.Started).Seconds())
	case !a.Ended.IsZero():
		send(duration, a.Ended.Sub(a.Started).Seconds())
	}
	send(failures, float64(s.Failures()))
	send(running, number(s.Running()))
	send(due, number(s.Due(now)))
	if !s.Learnt {
		send(next, float64(s.Next.Unix()))
	}
	send(broken, number(s.Broken))
	send(suspect, number(s.Suspect != nil))
	send(flapping, number(s.Attempt != nil && s.Attempt.Flapping != ""))
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
