package exchange

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mirrortracker/internal/store"
)

// A Source knows the peers. It is a [store.Store].
type Source interface {
	Peers(ctx context.Context) ([]store.Peer, error)
}

// Collector returns what Prometheus is told of the peers that are asked.
func Collector(source Source, log *slog.Logger) prometheus.Collector { return gauges{source, log} }

type gauges struct {
	source Source
	log    *slog.Logger
}

var (
	success   = describe("last_success_timestamp_seconds", "When the peer was last asked with success; 0 for never.")
	failing   = describe("failing", "Whether the peer was last asked in vain.")
	received  = describe("received_bytes_total", "Bytes of packs downloaded from the peer.")
	packs     = describe("received_packs_total", "Packs downloaded from the peer.")
	snapshots = describe("taken_snapshots_total", "Snapshots taken over from the peer.")
	refusals  = describe("refused_snapshots_total", "Snapshots of the peer that were refused.")
)

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("crawler_peer_"+name, help, []string{"peer"}, nil)
}

// maxRead bounds how long the database may take to tell of the peers.
const maxRead = 10 * time.Second

// Describe names nothing, so that what is collected may vary.
func (g gauges) Describe(chan<- *prometheus.Desc) {}

// Collect asks the database.
func (g gauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), maxRead)
	defer cancel()
	all, err := g.source.Peers(ctx)
	if err != nil {
		g.log.Warn("metrics lack the peers", "err", err)
	}
	for i := range all {
		p := &all[i]
		if p.Key == "" {
			continue // it is not asked
		}
		send := func(desc *prometheus.Desc, kind prometheus.ValueType, value int64) {
			ch <- prometheus.MustNewConstMetric(desc, kind, float64(value), p.URL)
		}
		last, bad := int64(0), int64(0)
		if !p.Succeeded.IsZero() {
			last = p.Succeeded.Unix()
		}
		if p.Error != "" {
			bad = 1
		}
		send(success, prometheus.GaugeValue, last)
		send(failing, prometheus.GaugeValue, bad)
		send(received, prometheus.CounterValue, p.Bytes)
		send(packs, prometheus.CounterValue, p.Packs)
		send(snapshots, prometheus.CounterValue, p.Snapshots)
		send(refusals, prometheus.CounterValue, p.Refused)
	}
}
