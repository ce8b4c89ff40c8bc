package standing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

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

// The limits of a connection.
const (
	readTimeout  = 10 * time.Second
	writeTimeout = maxRead + 20*time.Second
	idleTimeout  = 2 * time.Minute
	maxHeader    = 16 << 10
	grace        = 5 * time.Second
)

// farewell is how long connections are kept after the end, for what comes on them.
const farewell = time.Second

// Serve answers on a listener, which it closes, until ctx is done. Requests that have come
// by then are answered, so that where somebody else holds the socket, too (systemd.socket(5)),
// none fails while another process takes over.
func (m *Monitor) Serve(ctx context.Context, l net.Listener) error {
	var connections atomic.Int64
	handler := m.Handler()
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if ctx.Err() != nil {
				w.Header().Set("Connection", "close")
			}
			handler.ServeHTTP(w, req)
		}),
		ReadTimeout:    readTimeout,
		WriteTimeout:   writeTimeout,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(m.log.Handler(), slog.LevelDebug),
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				connections.Add(1)
			case http.StateClosed, http.StateHijacked:
				connections.Add(-1)
			}
		},
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	l.Close() // what is wrong with it is of no interest any more
	<-failed
	// A server that shuts down drops the requests that it has just read.
	tick := time.NewTicker(farewell / 50)
	defer tick.Stop()
	for until := time.Now().Add(farewell); connections.Load() > 0 && time.Now().Before(until); {
		<-tick.C
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return errors.Join(fmt.Errorf("shut down %s: %w", l.Addr(), err), server.Close())
	}
	return nil
}
