package standing

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/schedule"
	"mirrortracker/internal/store"
)

var now = time.Date(2026, 3, 8, 10, 0, 0, 0, time.UTC)

// records are a Source in memory.
type records struct {
	sites     []mirror.Site
	snapshots []store.Snapshot
	attempts  []store.Attempt
	suspects  []store.Suspect
	health    []store.Health
	err       error
}

func (r *records) Sites(context.Context) ([]mirror.Site, error)      { return r.sites, r.err }
func (r *records) Current(context.Context) ([]store.Snapshot, error) { return r.snapshots, r.err }
func (r *records) Attempts(context.Context) ([]store.Attempt, error) { return r.attempts, r.err }
func (r *records) Suspects(context.Context) ([]store.Suspect, error) { return r.suspects, r.err }
func (r *records) Health(context.Context) ([]store.Health, error)    { return r.health, r.err }
func site(name string) mirror.Site {
	return mirror.Site{Name: name, URL: mirror.URL{Scheme: "ftp", Host: name, Port: 21, Base: "/"}, Weight: 1}
}

// world has a site of each kind.
func world(t *testing.T) (*records, schedule.Plan) {
	daily, err := schedule.Parse("@daily")
	if err != nil {
		t.Fatal(err)
	}
	r := &records{sites: []mirror.Site{site("fine"), site("new"), site("busy"), site("failing"), site("doubted")}}
	id := func(i int) mirror.SiteID { return r.sites[i].ID() }
	hour := func(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }
	r.snapshots = []store.Snapshot{
		{Site: id(0), Seq: 3, Started: hour(-2), Finished: hour(-1), Totals: digest.Totals{Files: 30, Dirs: 7, Bytes: 1000}, Incomplete: 2},
		{Site: id(4), Seq: 1, Started: hour(-50), Finished: hour(-49)},
	}
	r.attempts = []store.Attempt{
		{Site: id(0), Started: hour(-2), Ended: hour(-1), Outcome: store.OutcomePublished, Flapping: "two machines"},
		{Site: id(2), Started: hour(-3), Outcome: store.OutcomeRunning, Tally: store.Tally{Dirs: 55}},
		{Site: id(3), Started: hour(-1), Ended: hour(0), Outcome: store.OutcomeFailed, Failures: 6},
		{Site: id(4), Started: hour(-1), Ended: hour(0), Outcome: store.OutcomeSuspect},
	}
	r.health = []store.Health{
		{Site: id(1), URL: r.sites[1].URL.String(), Family: "ipv4", State: "up"},
		{Site: id(1), URL: r.sites[1].URL.String(), Family: "ipv6", State: "down"},
		{Site: id(1), URL: "http://before.example/", Family: "ipv4", State: "down"},
		{Site: id(2), URL: r.sites[1].URL.String(), Family: "ipv4", State: "down"},
	}
	r.suspects = []store.Suspect{{Snapshot: store.Snapshot{Site: id(4)}, Reason: "half is gone"}}
	return r, schedule.Plan{Default: daily, Again: time.Hour, AgainMax: 4 * time.Hour, Breaker: 5}
}

func TestRead(t *testing.T) {
	r, plan := world(t)
	all, err := Read(t.Context(), r, plan, now)
	if err != nil {
		t.Fatal(err)
	}
	if own := all[1].Health; len(own) != 2 || own[0].Family != "ipv4" || own[1].Family != "ipv6" {
		t.Errorf("%s: health %+v", all[1].Name, own)
	}
	for i, want := range []struct {
		snapshot, suspect, running, due, broken bool
		failures                                int
		least, most                             time.Duration // until the next crawl
	}{
		{snapshot: true, least: 14 * time.Hour, most: 14 * time.Hour},
		{due: true},
		{running: true},
		{broken: true, failures: 6, least: 4 * time.Hour, most: 5 * time.Hour},
		{snapshot: true, suspect: true, least: time.Hour, most: 75 * time.Minute},
	} {
		s := &all[i]
		if s.Snapshot != nil != want.snapshot || s.Suspect != nil != want.suspect || s.Running() != want.running || s.Due(now) != want.due ||
			s.Broken != want.broken || s.Failures() != want.failures {
			t.Errorf("%s: %+v", s.Name, s)
		}
		if wait := s.Next.Sub(now); wait < want.least || wait > want.most {
			t.Errorf("%s: next in %v, want %v to %v", s.Name, wait, want.least, want.most)
		}
	}
	r.err = errors.New("database is away")
	if _, err := Read(t.Context(), r, plan, now); !errors.Is(err, r.err) {
		t.Errorf("%v", err)
	}
}

func TestMonitor(t *testing.T) {
	r, plan := world(t)
	alive := true
	m := NewMonitor(r, func() schedule.Plan { return plan }, func() bool { return alive }, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(m.Handler())
	defer server.Close()
	get := func(path string) (int, string) {
		res, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	m.Count("published")
	m.Count("published")
	code, text := get("/metrics")
	if code != http.StatusOK {
		t.Errorf("status %d", code)
	}
	for _, want := range []string{
		`crawler_source_up 1`,
		`crawler_crawls_total{outcome="published"} 2`,
		`crawler_site_directories{site="fine"} 7`,
		`crawler_site_files{site="fine"} 30`,
		`crawler_site_bytes{site="fine"} 1000`,
		`crawler_site_incomplete_directories{site="fine"} 2`,
		`crawler_site_snapshot_age_seconds{site="fine"} 7200`,
		`crawler_site_last_crawl_duration_seconds{site="fine"} 3600`,
		`crawler_site_flapping{site="fine"} 1`,
		`crawler_site_due{site="new"} 1`,
		`crawler_site_due{site="busy"} 0`,
		`crawler_site_running{site="busy"} 1`,
		`crawler_site_running_directories{site="busy"} 55`,
		`crawler_site_running_seconds{site="busy"} 10800`,
		`crawler_site_failures_in_a_row{site="failing"} 6`,
		`crawler_site_breaker_open{site="failing"} 1`,
		`crawler_site_suspect{site="doubted"} 1`,
		`go_goroutines`,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, `crawler_site_directories{site="new"}`) {
		t.Error("a site without a snapshot has directories")
	}
	r.err = errors.New("database is away")
	if code, text := get("/metrics"); code != http.StatusOK || !strings.Contains(text, "\ncrawler_source_up 0") || !strings.Contains(text, "crawler_crawls_total") {
		t.Errorf("without a database: status %d", code)
	}
	if code, text := get("/healthz"); code != http.StatusOK || text != "ok\n" {
		t.Errorf("alive: %d %q", code, text)
	}
	alive = false
	if code, _ := get("/healthz"); code != http.StatusServiceUnavailable {
		t.Errorf("not alive: %d", code)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	r, plan := world(t)
	m := NewMonitor(r, func() schedule.Plan { return plan }, func() bool { return true }, time.Now, slog.New(slog.DiscardHandler))
	l := httptest.NewUnstartedServer(nil).Listener
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Serve(ctx, l) }()
	res, err := http.Get("http://" + l.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
