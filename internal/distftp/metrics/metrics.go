// Package metrics counts for Prometheus what sessions of the FTP server do, and answers
// by HTTP how the server is.
//
// No label holds anything that a client chooses, so that the number of series is
// bounded.
package metrics

import (
	"cmp"
	"io"
	"net/http"
	"sync"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
)

// Metrics are those of one server. They are a [control.Observer].
type Metrics struct {
	registry *prometheus.Registry

	sessions  *prometheus.GaugeVec
	begun     *prometheus.CounterVec
	refused   *prometheus.CounterVec
	logins    *prometheus.CounterVec
	commands  *prometheus.CounterVec
	transfers *prometheus.CounterVec
	durations *prometheus.HistogramVec
	computed  *prometheus.CounterVec
	changes   *prometheus.CounterVec
	sweeps    *prometheus.CounterVec
	swept     prometheus.Counter
	plans     *prometheus.CounterVec
	carried   *prometheus.CounterVec
	held      *prometheus.CounterVec
	mirrored  *prometheus.CounterVec
	traffic   traffic
}

// New makes metrics, with a registry of their own.
func New() *Metrics {
	m := &Metrics{
		registry:  prometheus.NewRegistry(),
		sessions:  gauges("sessions", "Sessions now, by protection of the control connection.", "protection"),
		begun:     counters("sessions_total", "Sessions that began, by protection at the beginning.", "protection"),
		refused:   counters("refused_connections_total", "Connections that became no session, by reason.", "reason"),
		logins:    counters("logins_total", "Logins, by outcome.", "outcome"),
		commands:  counters("commands_total", "Commands, by verb; those that are not known count as other.", "verb"),
		transfers: counters("transfers_total", "Transfers that ended, by command and whether they were complete.", "verb", "outcome"),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "ftpd_transfer_duration_seconds",
			Help:    "How long transfers took, from the command to the end, by direction.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 12), // 1 ms to 70 minutes
		}, []string{"direction"}),
		computed: counters("computed_total", "Checksums and copies, by whether they were complete.", "outcome"),
		changes:  counters("changes_total", "Changes of files and directories, uploads not among them, by command.", "verb"),
		sweeps:   counters("sweeps_total", "Searches for what killed uploads left, by whether they were complete.", "outcome"),
		swept:    prometheus.NewCounter(prometheus.CounterOpts{Name: "ftpd_swept_files_total", Help: "Files of killed uploads that were removed."}),
		plans:    counters("planned_transfers_total", "Transfers that ended, by how the bytes travelled: local, direct, relay or slave-relay; none if they did not.", "plan", "outcome"),
		carried:  counters("planned_bytes_total", "Bytes of transfers that ended, by how they travelled.", "plan"),
		held:     counters("slave_transferred_bytes_total", "Bytes of clients' transfers that ended, by the slave that sent or received them.", "slave", "direction"),
		mirrored: counters("mirror_transferred_bytes_total", "Bytes of clients' transfers that ended, by the foreign server that sent or received them.", "mirror", "direction"),
		traffic:  traffic{running: map[int]moving{}},
	}
	m.registry.MustRegister(
		m.sessions, m.begun, m.refused, m.logins, m.commands, m.transfers, m.durations, m.computed, m.changes, m.sweeps, m.swept, m.plans, m.carried, m.held, m.mirrored, &m.traffic,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	// What is there from the first moment on can be told from what is missing.
	for _, p := range []control.Protection{control.Clear, control.Explicit, control.Implicit} {
		m.sessions.WithLabelValues(p.String())
	}
	return m
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ftpd_" + name, Help: help}, labels)
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ftpd_" + name, Help: help}, labels)
}

// WatchLog adds how many lines a log has dropped.
func (m *Metrics) WatchLog(name string, dropped func() uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name:        "ftpd_log_dropped_total",
		Help:        "Lines of a log that are lost: the file could not keep up, or could not be written.",
		ConstLabels: prometheus.Labels{"log": name},
	}, func() float64 { return float64(dropped()) }))
}

// WatchPasswords adds how many logins wait until their password can be looked at.
func (m *Metrics) WatchPasswords(waiting func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ftpd_passwords_waiting",
		Help: "Logins that wait until their password can be looked at.",
	}, func() float64 { return float64(waiting()) }))
}

// Handler answers as [Handler] does.
func (m *Metrics) Handler(alive func() bool) http.Handler { return Handler(m.registry, alive) }

// Handler answers /metrics with what a registry has, and /healthz, which is 503 while alive,
// if there is such a function, says no.
func Handler(registry *prometheus.Registry, alive func() bool) http.Handler {
	r := chi.NewRouter()
	r.Method(http.MethodGet, "/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2}))
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if alive != nil && !alive() {
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "no connections are taken\n")
			return
		}
		io.WriteString(w, "ok\n")
	})
	return r
}

// Observe implements [control.Observer].
func (m *Metrics) Observe(e control.Event) {
	switch e := e.(type) {
	case *control.Refused:
		m.refused.WithLabelValues(string(e.Reason)).Inc()
	case *control.Connected:
		m.begun.WithLabelValues(e.Protection.String()).Inc()
		m.sessions.WithLabelValues(e.Protection.String()).Inc()
	case *control.Protected:
		m.sessions.WithLabelValues(control.Clear.String()).Dec()
		m.sessions.WithLabelValues(e.Protection.String()).Inc()
	case *control.Disconnected:
		m.sessions.WithLabelValues(e.Protection.String()).Dec()
	case *control.LoggedIn:
		if e.Anonymous {
			m.logins.WithLabelValues("anonymous").Inc()
		} else {
			m.logins.WithLabelValues("user").Inc()
		}
	case *control.LoginFailed:
		m.logins.WithLabelValues(string(e.Why)).Inc()
	case *control.Commanded:
		verb := "other"
		if e.Known {
			verb = e.Verb
		}
		m.commands.WithLabelValues(verb).Inc()
	case *control.TransferBegun:
		m.traffic.begin(e)
	case *control.TransferEnded:
		m.traffic.end(e)
		m.transfers.WithLabelValues(e.Verb, outcome(e.Err)).Inc()
		m.durations.WithLabelValues(e.Direction().String()).Observe(e.Took.Seconds())
		m.travelled(e)
	case *control.Computed:
		m.computed.WithLabelValues(outcome(e.Err)).Inc()
	case *control.Changed:
		m.changes.WithLabelValues(e.Verb).Inc()
	case *control.Swept:
		m.sweeps.WithLabelValues(outcome(e.Err)).Inc()
		m.swept.Add(float64(e.Removed))
	}
}

// travelled counts a transfer by its plan. Holders elsewhere are slaves and foreign servers, of
// which there are as many as the operator wants.
func (m *Metrics) travelled(e *control.TransferEnded) {
	plan := cmp.Or(string(e.Kind), "none")
	m.plans.WithLabelValues(plan, outcome(e.Err)).Inc()
	m.carried.WithLabelValues(plan).Add(float64(e.Bytes))
	switch {
	case e.Kind == "", e.Kind == data.Local:
	case isMirror(e.Holder):
		m.mirrored.WithLabelValues(e.Holder, e.Direction().String()).Add(float64(e.Bytes))
	default:
		m.held.WithLabelValues(e.Holder, e.Direction().String()).Add(float64(e.Bytes))
	}
}

func outcome(err error) string {
	if err == nil {
		return "complete"
	}
	return "failed"
}

// Traffic counts bytes, those of transfers under way among them.
type traffic struct {
	mu      sync.Mutex
	ended   [3]int64 // by direction
	running map[int]moving
}

// A moving transfer is one under way; a session has one at a time.
type moving struct {
	direction control.Direction
	bytes     func() int64
}

func (t *traffic) begin(e *control.TransferBegun) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running[e.Number] = moving{e.Direction(), e.Moved}
}

func (t *traffic) end(e *control.TransferEnded) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.running, e.Number)
	t.ended[e.Direction()] += e.Bytes
}

var (
	bytesDesc   = prometheus.NewDesc("ftpd_data_bytes_total", "Bytes over data connections, those of transfers under way among them, by direction.", []string{"direction"}, nil)
	runningDesc = prometheus.NewDesc("ftpd_transfers", "Transfers now, by direction.", []string{"direction"}, nil)
)

// Describe implements [prometheus.Collector].
func (t *traffic) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(t, ch) }

// Collect implements [prometheus.Collector].
func (t *traffic) Collect(ch chan<- prometheus.Metric) {
	t.mu.Lock()
	bytes, running := t.ended, [3]int{}
	for _, r := range t.running {
		bytes[r.direction] += r.bytes()
		running[r.direction]++
	}
	t.mu.Unlock()
	for d := control.Upload; d <= control.Listing; d++ {
		ch <- prometheus.MustNewConstMetric(bytesDesc, prometheus.CounterValue, float64(bytes[d]), d.String())
		ch <- prometheus.MustNewConstMetric(runningDesc, prometheus.GaugeValue, float64(running[d]), d.String())
	}
}
