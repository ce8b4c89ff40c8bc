package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mirrortracker/internal/distftp/copies"
	"mirrortracker/internal/distftp/overview"
)

// scrapeTimeout bounds what is asked of the database for a scrape.
const scrapeTimeout = 5 * time.Second

// A slaveGauge is one number of each slave.
type slaveGauge struct {
	desc  *prometheus.Desc
	value func(s *overview.Slave) float64
}

func slaveMetric(name, help string, value func(s *overview.Slave) float64) slaveGauge {
	return slaveGauge{prometheus.NewDesc("ftpd_slave_"+name, help, []string{"slave"}, nil), value}
}

var slaveGauges = []slaveGauge{
	slaveMetric("online", "Whether the slave has joined this master (1) or not (0).", func(s *overview.Slave) float64 { return flag(s.State == overview.Online) }),
	slaveMetric("draining", "Whether the slave is to be emptied.", func(s *overview.Slave) float64 { return flag(s.Draining) }),
	slaveMetric("fault", "Whether the slave takes no uploads, because of its disks.", func(s *overview.Slave) float64 { return flag(s.Fault != "") }),
	slaveMetric("seen_timestamp_seconds", "When the slave last reported to any master.", seen),
	slaveMetric("files", "Files that the slave holds.", func(s *overview.Slave) float64 { return float64(s.Files) }),
	slaveMetric("stored_bytes", "Bytes that these have.", func(s *overview.Slave) float64 { return float64(s.Bytes) }),
	slaveMetric("free_bytes", "Room on the slave's disks.", func(s *overview.Slave) float64 { return float64(s.Free) }),
	slaveMetric("total_bytes", "Size of the slave's disks.", func(s *overview.Slave) float64 { return float64(s.Total) }),
	slaveMetric("receiving", "Uploads and copies that the slave receives now.", func(s *overview.Slave) float64 { return float64(s.Receiving) }),
	slaveMetric("sending", "Downloads and copies that the slave sends now.", func(s *overview.Slave) float64 { return float64(s.Sending) }),
}

// seen is 0 for a slave that has never been.
func seen(s *overview.Slave) float64 {
	if s.Seen.IsZero() {
		return 0
	}
	return float64(s.Seen.Unix())
}

func flag(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// slaves collects what is known of slaves.
type slaves struct {
	list func(context.Context) ([]overview.Slave, error)
}

// WatchSlaves adds how the slaves of a master are.
func (m *Metrics) WatchSlaves(list func(context.Context) ([]overview.Slave, error)) {
	m.registry.MustRegister(slaves{list})
}

// Describe implements [prometheus.Collector].
func (slaves) Describe(ch chan<- *prometheus.Desc) {
	for _, g := range slaveGauges {
		ch <- g.desc
	}
}

// Collect implements [prometheus.Collector]. While the database does not answer there is
// nothing to tell.
func (s slaves) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	all, err := s.list(ctx)
	if err != nil {
		return
	}
	for i := range all {
		for _, g := range slaveGauges {
			ch <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.value(&all[i]), all[i].Name)
		}
	}
}

// WatchCopies adds what a master does about copies.
func (m *Metrics) WatchCopies(c *copies.Counts) {
	for _, one := range []struct {
		name, help string
		value      func() int64
	}{
		{"copies_total", "Copies from slave to slave that were made.", c.Copies.Load},
		{"copied_bytes_total", "Bytes of these.", c.Bytes.Load},
		{"copies_failed_total", "Copies that did not come about; they are tried again.", c.Failed.Load},
		{"copies_removed_total", "Surplus copies that were removed.", c.Dropped.Load},
		{"copies_repaired_total", "Damaged copies that were replaced.", c.Repaired.Load},
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "ftpd_" + one.name, Help: one.help},
			func() float64 { return float64(one.value()) }))
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ftpd_files_short",
		Help: "Files that had fewer copies than they should and could get no more, when all were last looked at.",
	}, func() float64 { return float64(c.Short.Load()) }))
}
