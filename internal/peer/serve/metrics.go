package serve

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are what a server counts.
type metrics struct {
	requests *prometheus.CounterVec
	bytes    prometheus.Counter
	made     prometheus.CounterFunc
}

func newMetrics(p *packs) *metrics {
	return &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "crawler_peer_requests_total",
			Help: "Requests of other trackers, by what they are for and the status of the answer.",
		}, []string{"for", "status"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "crawler_peer_sent_bytes_total",
			Help: "Bytes of answers to other trackers.",
		}),
		made: prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "crawler_peer_packs_made_total",
			Help: "Packs made for other trackers.",
		}, func() float64 { return float64(p.made.Load()) }),
	}
}

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements [prometheus.Collector].
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	m.requests.Collect(ch)
	m.bytes.Collect(ch)
	m.made.Collect(ch)
}

// purposes are what requests are for, by the pattern of their path.
var purposes = map[string]string{
	"/peer/v1/snapshots":                 "snapshots",
	"/peer/v1/trackers":                  "trackers",
	"/peer/v1/notify":                    "notify",
	"/peer/v1/sites/{site}/pack":         "pack",
	"/peer/v1/sites/{site}/pack.minisig": "signature",
}

// count counts requests.
func (m *metrics) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		counted := middleware.NewWrapResponseWriter(w, req.ProtoMajor)
		next.ServeHTTP(counted, req)
		purpose := purposes[chi.RouteContext(req.Context()).RoutePattern()]
		if purpose == "" {
			purpose = "other"
		}
		m.requests.WithLabelValues(purpose, strconv.Itoa(counted.Status())).Inc()
		m.bytes.Add(float64(counted.BytesWritten()))
	})
}
