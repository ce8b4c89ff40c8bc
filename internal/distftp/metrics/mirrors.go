package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"mirrortracker/internal/distftp/mirrors"
)

// isMirror reports whether a holder is a foreign server: an alias, or the address of a
// replica. Slaves have names without a slash.
func isMirror(holder string) bool { return strings.Contains(holder, "/") }

var (
	mirrorConnections = mirrorDesc("connections", "Connections to the server of an alias, by state.", "state")
	mirrorWaiting     = mirrorDesc("waiting", "Transfers that wait for a connection to the server of an alias.")
	mirrorResting     = mirrorDesc("resting", "Whether the server of an alias is left alone after a failure (1) or not (0).")
	mirrorFaults      = mirrorDesc("faults", "Directories for which a member is not used, as it has other files.")
)

func mirrorDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("ftpd_mirror_"+name, help, append([]string{"mirror"}, labels...), nil)
}

// states are those of connections.
var states = []string{"connecting", "idle", "keeping alive", "in use"}

// foreign collects what a server has to do with foreign ones.
type foreign struct {
	state func() mirrors.State
}

// WatchMirrors adds how foreign servers are.
func (m *Metrics) WatchMirrors(state func() mirrors.State) { m.registry.MustRegister(foreign{state}) }

// Describe implements [prometheus.Collector].
func (foreign) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{mirrorConnections, mirrorWaiting, mirrorResting, mirrorFaults} {
		ch <- desc
	}
}

// Collect implements [prometheus.Collector].
func (f foreign) Collect(ch chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
	}
	state := f.state()
	faults := map[string]int{}
	for _, s := range state.Sites {
		name := string(s.Alias)
		count := map[string]int{}
		for _, c := range s.Connections {
			count[c.State]++
		}
		for _, is := range states {
			gauge(mirrorConnections, count[is], name, is)
		}
		gauge(mirrorWaiting, s.Waiting, name)
		gauge(mirrorResting, int(flag(!s.Resting.IsZero())), name)
		faults[name] = 0
	}
	for _, f := range state.Faults {
		faults[f.Member]++
	}
	for name, n := range faults {
		gauge(mirrorFaults, n, name)
	}
}
