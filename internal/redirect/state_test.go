package redirect

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mirrortracker/internal/accesslog"
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
	starting := &held{status: resolver.Status{Loading: &resolver.Progress{Site: "west", Done: 12, Sites: 200, Trees: 345678}}}
	partly := *loaded
	partly.status.Loading = &resolver.Progress{Site: "late", Done: 6, Sites: 7}
	cached := *loaded
	cached.status.Cached = crawled.Add(time.Minute)
	tests := []struct {
		name   string
		source Source
		status int
		says   []string
	}{
		{"not yet", &held{}, 503, []string{"not ready: no index is loaded yet\n"}},
		{"loaded", loaded, 200, []string{"ready: 6 of 7 sites indexed", "loaded 2026-03-01T12:00:00Z"}},
		{"loading the first", starting, 503, []string{"not ready: ", "\nloading site west: 12 of 200 sites are done, 345,678 trees are read\n"}},
		{"loading", &partly, 200, []string{"ready: 6 of 7", "\nloading site late: 6 of 7 sites are done, 0 trees are read\n"}},
		{"from the cache", &cached, 200, []string{"from the cache folder, saved 2026-03-01T12:01:00Z; the database was not read yet\n"}},
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

// A loading under way, and an index of the cache folder, can be watched.
func TestMetricsOfLoading(t *testing.T) {
	source := example(t).hold(t)
	h := New(Config{Source: source, Now: clock}).Handler()
	for _, test := range []struct {
		loading              *resolver.Progress
		cached               time.Time
		under, trees, stored float64
	}{
		{},
		{&resolver.Progress{Trees: 7}, crawled, 1, 7, float64(crawled.Unix())},
	} {
		source.status.Loading, source.status.Cached = test.loading, test.cached
		scrape := scrapeOf(t, h)
		if scrape["redirector_index_loading"] != test.under || scrape["redirector_index_loading_trees"] != test.trees || scrape["redirector_index_cached_timestamp_seconds"] != test.stored {
			t.Errorf("%+v: metrics %v", test, scrape)
		}
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

// The documentation has exactly the metrics that there are.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Metrics\n")
	section, _, _ = strings.Cut(section, "\n## ")
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `redirector_.*").FindAllString(section, -1) {
		names, _, _ := strings.Cut(row[2:], " | ")
		for _, name := range regexp.MustCompile(`\bredirector_[a-z_]+`).FindAllString(names, -1) {
			documented[name] = true
		}
	}
	registry := prometheus.NewRegistry()
	h := New(Config{
		Source: example(t).hold(t), Metrics: registry, Access: accesslog.To(io.Discard, slog.New(slog.DiscardHandler)),
	}).Handler()
	ask(h, "GET", "/origin/gnu/file1") // a counter with labels is there once it has counted
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		name := family.GetName()
		if strings.HasPrefix(name, "redirector_") && !documented[name] {
			t.Errorf("%s is not in docs/http.md", name)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("%s is in docs/http.md, and there is no such metric", name)
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
