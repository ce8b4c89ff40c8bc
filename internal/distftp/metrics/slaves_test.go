package metrics_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp/copies"
	"mirrortracker/internal/distftp/metrics"
	"mirrortracker/internal/distftp/overview"
)

func TestSlavesAndCopies(t *testing.T) {
	m := metrics.New()
	broken := false
	m.WatchSlaves(func(context.Context) ([]overview.Slave, error) {
		if broken {
			return nil, errors.New("no database")
		}
		return []overview.Slave{
			{Name: "alpha", State: overview.Online, Seen: time.Unix(1000, 0), Free: 7},
			{Name: "beta", State: overview.Away, Fault: "disk is full"},
		}, nil
	})
	var counts copies.Counts
	counts.Copies.Add(3)
	counts.Short.Add(2)
	m.WatchCopies(&counts)
	scrape := func() string {
		w := httptest.NewRecorder()
		m.Handler(nil).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		return w.Body.String()
	}
	text := scrape()
	for _, want := range []string{
		`ftpd_slave_online{slave="alpha"} 1`, `ftpd_slave_online{slave="beta"} 0`, `ftpd_slave_free_bytes{slave="alpha"} 7`,
		`ftpd_slave_fault{slave="beta"} 1`, `ftpd_slave_seen_timestamp_seconds{slave="alpha"} 1000`, "ftpd_copies_total 3", "ftpd_files_short 2",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	broken = true
	if text := scrape(); strings.Contains(text, "ftpd_slave_online") || !strings.Contains(text, "ftpd_copies_total") {
		t.Error("without the database, slaves are shown, or the rest is not")
	}
}
