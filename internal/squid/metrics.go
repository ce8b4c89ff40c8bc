package squid

import "github.com/prometheus/client_golang/prometheus"

// Metrics count what caches asked and what became of it. A nil *Metrics counts nothing.
type Metrics struct{ requests *prometheus.CounterVec }

// NewMetrics returns Metrics in a registry.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "redirector_squid_requests_total",
		Help: "Questions of caches, by kind (rewrite, store-id, icp, sibling) and outcome.",
	}, []string{"kind", "outcome"})}
	registry.MustRegister(m.requests)
	return m
}

// CountICP counts what became of a datagram, as icp.Responder tells it.
func (m *Metrics) CountICP(outcome string) { m.count("icp", outcome) }

func (m *Metrics) count(kind, outcome string) {
	if m != nil {
		m.requests.WithLabelValues(kind, outcome).Inc()
	}
}
