package standing

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mirrortracker/internal/doors"
	"mirrortracker/internal/schedule"
)

// A Monitor answers by HTTP how the crawler and its sites are: /metrics for Prometheus,
// and /healthz, which is 503 once the scheduler does not live.
type Monitor struct {
	registry *prometheus.Registry
	crawls   *prometheus.CounterVec
	beats    func() bool
	log      *slog.Logger
}

// NewMonitor returns a Monitor. Plan is asked for each time, and so is beats, which
// tells whether the scheduler lives.
func NewMonitor(source Source, plan func() schedule.Plan, beats func() bool, now func() time.Time, log *slog.Logger) *Monitor {
	m := &Monitor{
		registry: prometheus.NewRegistry(),
		crawls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crawler_crawls_total",
			Help: "Crawls that this process ended, by outcome.",
		}, []string{"outcome"}),
		beats: beats,
		log:   log,
	}
	m.registry.MustRegister(
		m.crawls,
		gauges{source, plan, now, log},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Register adds what else is told to Prometheus.
func (m *Monitor) Register(c prometheus.Collector) { m.registry.MustRegister(c) }

// Count counts a crawl that ended, by one of a few words.
func (m *Monitor) Count(outcome string) { m.crawls.WithLabelValues(outcome).Inc() }

// Handler returns what answers.
func (m *Monitor) Handler() http.Handler {
	r := chi.NewRouter()
	r.Method(http.MethodGet, "/metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2}))
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if !m.beats() {
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "the scheduler does not look for sites that are due\n")
			return
		}
		io.WriteString(w, "ok\n")
	})
	return r
}

// writeTimeout leaves time to read all that is told of the sites.
const writeTimeout = maxRead + 20*time.Second

// Serve answers on a listener, which it closes, until ctx is done, as [doors.Serve] does.
func (m *Monitor) Serve(ctx context.Context, l net.Listener) error {
	return doors.Serve(ctx, m.log, doors.Door{Listener: l, Handler: m.Handler(), Write: writeTimeout})
}
