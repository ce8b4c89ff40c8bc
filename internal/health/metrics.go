package health

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics count checks and changes, and show how things stand. Sites are the
// operator's own, so that the number of series is bounded.
type metrics struct {
	checks  *prometheus.CounterVec
	changes *prometheus.CounterVec
	brakes  *prometheus.CounterVec
	posts   *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer, c *Checker) *metrics {
	m := &metrics{
		checks:  counter("checks_total", "Checks of URLs, by what they found.", "scheme", "family", "verdict"),
		changes: counter("changes_total", "Changes of state, by the new one.", "scheme", "family", "state"),
		brakes:  counter("brakes_total", "How often too many failed at once for any to be switched off.", "scheme", "family"),
		posts:   counter("webhook_events_total", "Events for webhooks: delivered, failed, or dropped because too many were waiting.", "outcome"),
	}
	if registry != nil {
		registry.MustRegister(m.checks, m.changes, m.brakes, m.posts, gauges{c})
	}
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "redirector_health_" + name, Help: help}, labels)
}

func (m *metrics) count(k key, f finding) {
	m.checks.WithLabelValues(k.url.Scheme, k.family.String(), f.verdict.String()).Inc()
}

func (m *metrics) changed(e *Event) {
	switch {
	case e.Kind == StateEvent:
		m.changes.WithLabelValues(e.Scheme, e.Family.String(), e.To.String()).Inc()
	case e.To == Down:
		m.brakes.WithLabelValues(every(e.Scheme), e.Family.String()).Inc()
	}
}

// every names a brake's scheme where it is for all.
func every(scheme string) string {
	if scheme == "" {
		return "all"
	}
	return scheme
}

// gauges reads how things stand when it is asked for.
type gauges struct{ *Checker }

var (
	urlsDesc    = describe("urls", "URLs by state.", "scheme", "family", "state")
	offeredDesc = describe("site_offered", "The URLs of a site that clients are sent to.", "site", "scheme", "family")
	brakeDesc   = describe("brake", "Whether too many fail at once for any to be switched off.", "scheme", "family")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("redirector_health_"+name, help, labels, nil)
}

// Describe names the gauges.
func (g gauges) Describe(ch chan<- *prometheus.Desc) {
	ch <- urlsDesc
	ch <- offeredDesc
	ch <- brakeDesc
}

// Collect reads them.
func (g gauges) Collect(ch chan<- prometheus.Metric) {
	urls, offered := map[[3]string]int{}, map[[3]string]int{}
	for _, s := range g.present() {
		scheme, family := s.url.Scheme, s.family.String()
		for state := range states {
			urls[[3]string{scheme, family, state.String()}] += 0
		}
		urls[[3]string{scheme, family, s.state.String()}]++
		offered[[3]string{s.site, scheme, family}] += number(s.state.Offered())
	}
	for labels, n := range urls {
		ch <- prometheus.MustNewConstMetric(urlsDesc, prometheus.GaugeValue, float64(n), labels[:]...)
	}
	for labels, n := range offered {
		ch <- prometheus.MustNewConstMetric(offeredDesc, prometheus.GaugeValue, float64(n), labels[:]...)
	}
	for circle, on := range g.braked() {
		ch <- prometheus.MustNewConstMetric(brakeDesc, prometheus.GaugeValue, float64(number(on)), every(circle.scheme), circle.family.String())
	}
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// braked returns all circles, and whether a brake holds each.
func (c *Checker) braked() map[circle]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[circle]bool{}
	for _, e := range c.ledger.entries {
		for _, circle := range e.circles() {
			all[circle] = c.ledger.brakes[circle] != nil
		}
	}
	return all
}
