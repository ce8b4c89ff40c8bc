package redirect

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mirrortracker/internal/resolver"
)

func clock() time.Time { return crawled.Add(3 * time.Hour) }

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestReady(t *testing.T) {
	loaded := example(t).hold(t)
	away := *loaded
	away.status.Err, away.status.Failing = errAway, crawled.Add(2*time.Hour)
	damaged := *loaded
	damaged.status.Problems = []resolver.Problem{{Site: "east", Err: errAway, Previous: true}, {Site: "west", Err: errAway}}
	never := &held{status: resolver.Status{Checked: crawled, Err: errAway, Failing: crawled}}
	tests := []struct {
		name   string
		source Source
		status int
		says   []string
	}{
		{"not yet", &held{}, 503, []string{"not ready: no index is loaded yet\n"}},
		{"loaded", loaded, 200, []string{"ready: 6 of 7 sites indexed", "loaded 2026-03-01T12:00:00Z"}},
		{"away", &away, 200, []string{"ready: 6 of 7", "the database is away since 2026-03-01T14:00:00Z\n"}},
		{"never there", never, 503, []string{"not ready", "the database is away since 2026-03-01T12:00:00Z\n"}},
		{"damaged", &damaged, 200, []string{"site east cannot be loaded; an earlier one is served", "site west cannot be loaded; it is not in"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := New(Config{Source: test.source}).Handler()
			res := ask(h, "GET", "/readyz")
			body := read(t, res)
			if res.StatusCode != test.status {
				t.Errorf("status %d, want %d", res.StatusCode, test.status)
			}
			for _, s := range test.says {
				if !strings.Contains(body, s) {
					t.Errorf("%q does not say %q", body, s)
				}
			}
			if strings.Contains(body, errAway.Error()) {
				t.Errorf("%q tells everybody the database's error", body)
			}
			if res := ask(h, "GET", "/healthz"); res.StatusCode != 200 {
				t.Errorf("/healthz: status %d", res.StatusCode)
			}
		})
	}
}

// With the database gone, questions are answered as before.
func TestDatabaseAway(t *testing.T) {
	source := example(t).hold(t)
	source.status.Err, source.status.Failing = errAway, crawled.Add(2*time.Hour)
	h := New(Config{Source: source, Now: clock}).Handler()
	if l := ask(h, "GET", "/origin/gnu/file1").Header.Get("Location"); l != eastGNU+"file1" {
		t.Errorf("Location %q", l)
	}
	if page := read(t, ask(h, "GET", "/")); !strings.Contains(page, "The database is away since 2026-03-01T14:00:00Z") {
		t.Error("the front page does not say so")
	}
	scrape := scrapeOf(t, h)
	if scrape["redirector_index_source_up"] != 0 || scrape["redirector_index_source_failing_since_timestamp_seconds"] != 1772373600 {
		t.Errorf("metrics %v", scrape)
	}
}

func TestNoIndexYet(t *testing.T) {
	h := New(Config{Source: &held{}, Now: clock}).Handler()
	res := ask(h, "GET", "/origin/gnu")
	if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("status %d, %v", res.StatusCode, res.Header)
	}
	if res := ask(h, "GET", "/origin/.."); res.StatusCode != 400 {
		t.Errorf("bad path: status %d", res.StatusCode)
	}
	if page := read(t, ask(h, "GET", "/")); !strings.Contains(page, "index is being loaded") {
		t.Error("the front page does not say so")
	}
}

// scrapeOf reads the metrics that are ours: series to values.
func scrapeOf(t *testing.T, h http.Handler) map[string]float64 {
	t.Helper()
	res := ask(h, "GET", "/metrics")
	if kind := res.Header.Get("Content-Type"); res.StatusCode != 200 || !strings.HasPrefix(kind, "text/plain") {
		t.Fatalf("status %d, %s", res.StatusCode, kind)
	}
	return parseText(t, res.Body)
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := New(Config{Source: example(t).hold(t), Metrics: registry}).Handler()
	for _, target := range []string{
		"/origin/gnu/file1", "/origin/gnu/file1", "/origin/alone", "/origin/new", "/late/x", "/wrong/gnu", "/nobody", "/evil.example/x", "/origin/..", "/origin/gnu?json", "/", "/healthz",
	} {
		ask(h, "GET", target)
	}
	want := map[string]float64{
		`redirector_requests_total{match="exact",outcome="replica",scheme="http"}`:     2,
		`redirector_requests_total{match="original",outcome="original",scheme="ftp"}`:  1,
		`redirector_requests_total{match="none",outcome="original",scheme="ftp"}`:      1,
		`redirector_requests_total{match="none",outcome="original",scheme="https"}`:    1,
		`redirector_requests_total{match="original",outcome="original",scheme="http"}`: 1,
		`redirector_requests_total{match="none",outcome="unknown_site",scheme=""}`:     2,
		`redirector_requests_total{match="none",outcome="bad_request",scheme=""}`:      1,
		`redirector_requests_total{match="exact",outcome="json",scheme="http"}`:        1,
		`redirector_request_duration_seconds_count`:                                    10,
		`redirector_index_sites`:                                  7,
		`redirector_index_sites_indexed`:                          6,
		`redirector_index_sites_failing`:                          0,
		`redirector_index_source_up`:                              1,
		`redirector_index_source_failing_since_timestamp_seconds`: 0,
		`redirector_index_loaded_timestamp_seconds`:               float64(crawled.Unix()),
		`redirector_index_checked_timestamp_seconds`:              float64(crawled.Unix() + 3600),
	}
	got := scrapeOf(t, h)
	for series, value := range want {
		if v, ok := got[series]; !ok || v != value {
			t.Errorf("%s is %v, want %v", series, v, value)
		}
	}
	for series := range got {
		if strings.HasPrefix(series, "redirector_requests_total") && want[series] == 0 {
			t.Errorf("%s is not expected", series)
		}
	}
	for _, series := range []string{"go_goroutines", "process_open_fds", "redirector_index_trees", "redirector_index_bytes"} {
		if got[series] <= 0 {
			t.Errorf("%s is %v", series, got[series])
		}
	}
}

// panicking is a Source whose index cannot be had.
type panicking struct{ held }

func (*panicking) Index() *resolver.Index { panic("no index today") }

func TestPanic(t *testing.T) {
	var log bytes.Buffer
	h := New(Config{Source: &panicking{}, Log: slog.New(slog.NewTextHandler(&log, nil))}).Handler()
	res := ask(h, "GET", "/origin/x")
	if body := read(t, res); res.StatusCode != 500 || strings.Contains(body, "today") {
		t.Errorf("status %d, %q", res.StatusCode, body)
	}
	if !strings.Contains(log.String(), "no index today") || !strings.Contains(log.String(), "/origin/x") {
		t.Errorf("log %s", log.String())
	}
}
