// Package metrics tells Prometheus how a slave is.
package metrics

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"mirrortracker/internal/distftp/metrics"
	"mirrortracker/internal/distftp/slave"
	"mirrortracker/internal/distftp/wire"
)

// Metrics are those of one slave.
type Metrics struct {
	registry  *prometheus.Registry
	transfers *prometheus.CounterVec
	durations *prometheus.HistogramVec
}

// New makes metrics, with a registry of their own.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		transfers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ftpd_slave_transfers_total",
			Help: "Transfers that ended, by where the bytes went, where the slave met the other side, and how they ended.",
		}, []string{"way", "at", "outcome"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "ftpd_slave_transfer_duration_seconds",
			Help:    "How long transfers took, from the request to the end, by where the bytes went.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 12), // 1 ms to 70 minutes
		}, []string{"way"}),
	}
	m.registry.MustRegister(m.transfers, m.durations, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Ended counts a transfer.
func (m *Metrics) Ended(t slave.Transfer) {
	m.transfers.WithLabelValues(string(t.Way), string(t.At), outcome(t.Err)).Inc()
	m.durations.WithLabelValues(string(t.Way)).Observe(t.Took.Seconds())
}

// outcome is complete, a reason, or that the master broke it off.
func outcome(err error) string {
	var f *wire.Failure
	switch {
	case err == nil:
		return "complete"
	case errors.As(err, &f):
		return string(f.Reason)
	}
	return "broken off"
}

// Watch adds what a slave says of itself.
func (m *Metrics) Watch(s *slave.Slave) { m.registry.MustRegister(collector{s}) }

// Handler answers /metrics and /healthz, which is 503 while alive says no.
func (m *Metrics) Handler(alive func() bool) http.Handler {
	return metrics.Handler(m.registry, alive)
}

// A collector asks a slave when Prometheus does.
type collector struct{ slave *slave.Slave }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("ftpd_slave_"+name, help, labels, nil)
}

var (
	files   = desc("files", "Files that the slave holds.")
	size    = desc("file_bytes", "Bytes of the files that the slave holds.")
	free    = desc("free_bytes", "Bytes that uploads can take.")
	total   = desc("disk_bytes", "Bytes that the disks have room for in all.")
	applied = desc("applied_intent", "Number of the last change that a master had it make.")
	faulty  = desc("faulty", "1 if the slave cannot take uploads, as the disk is full or read-only.")
	running = desc("transfers", "Transfers now, by where the bytes go.", "way")
	moved   = desc("data_bytes_total", "Bytes of transfers, those under way among them, by where they went.", "way")
)

// Describe implements [prometheus.Collector].
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{files, size, free, total, applied, faulty, running, moved} {
		ch <- d
	}
}

// patience is how long the slave may take to say how it is.
const patience = 5 * time.Second

// Collect implements [prometheus.Collector].
func (c collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	state, err := c.slave.State(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(files, err)
		return
	}
	gauge(files, float64(state.Files))
	gauge(size, float64(state.Bytes))
	gauge(free, float64(state.Free))
	gauge(total, float64(state.Total))
	gauge(applied, float64(state.Applied))
	fault := 0.0
	if state.Fault != "" {
		fault = 1
	}
	gauge(faulty, fault)
	gauge(running, float64(state.Receiving), string(slave.Received))
	gauge(running, float64(state.Sending), string(slave.Sent))
	in, out := c.slave.Moved()
	ch <- prometheus.MustNewConstMetric(moved, prometheus.CounterValue, float64(in), string(slave.Received))
	ch <- prometheus.MustNewConstMetric(moved, prometheus.CounterValue, float64(out), string(slave.Sent))
}
