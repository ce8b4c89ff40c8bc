package exchange

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mirrortracker/internal/peer/peertest"
	"mirrortracker/internal/store"
)

func TestMetrics(t *testing.T) {
	one, two := newTracker(t, "one"), newTracker(t, "two")
	two.peers(t, one, false, "*")
	one.Crawled(t, peertest.Site(t, "site"), 2, 1, time.Now())
	two.pull(t)
	if err := two.PutPeer(t.Context(), store.Peer{URL: "http://known.example/", Name: "known"}); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(Collector(two.Tracker.Store, two.Log))
	told := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(told, httptest.NewRequest("GET", "/metrics", nil))
	for name, value := range map[string]string{"failing": "0", "received_packs_total": "1", "taken_snapshots_total": "1", "refused_snapshots_total": "0"} {
		line := "\ncrawler_peer_" + name + `{peer="` + one.url() + `"} ` + value + "\n"
		if !strings.Contains(told.Body.String(), line) {
			t.Errorf("%s is not among\n%s", line, told.Body)
		}
	}
	if strings.Contains(told.Body.String(), "known.example") {
		t.Error("who is not asked is told of")
	}
}
