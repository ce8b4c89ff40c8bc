package redirect

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"mirrortracker/internal/accesslog"
)

// metrics count what became of questions. No label holds anything that a client
// chooses, so that the number of series is bounded.
type metrics struct {
	requests *prometheus.CounterVec
	duration prometheus.Histogram
	among    prometheus.Histogram

	mu       sync.Mutex                                   // held while counters is replaced
	counters atomic.Pointer[map[event]prometheus.Counter] // those of requests that were needed so far
}

func newMetrics(registry *prometheus.Registry, source Source, access *accesslog.Log) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redirector_requests_total",
			Help: "Questions answered, by outcome, match class and scheme of the location.",
		}, []string{"outcome", "match", "scheme"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "redirector_request_duration_seconds",
			Help:    "Time to answer a question, from its parsed request to its written response.",
			Buckets: prometheus.ExponentialBuckets(0.00001, 4, 9), // 10 us to 0.66 s
		}),
	}
	m.among = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "redirector_candidates",
		Help:    "Candidates among which a redirect was drawn.",
		Buckets: []float64{1, 2, 5, 10, 20, 50, 100, 200, 500},
	})
	m.counters.Store(&map[event]prometheus.Counter{})
	registry.MustRegister(
		m.requests,
		m.duration,
		m.among,
		gauges{source},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	if access != nil {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "redirector_access_log_dropped_total",
			Help: "Lines of the access log that are lost: the file could not keep up, or could not be written.",
		}, func() float64 { return float64(access.Dropped()) }))
	}
	return m
}

func (m *metrics) count(done event, took time.Duration) {
	counter := (*m.counters.Load())[done]
	if counter == nil {
		counter = m.add(done)
	}
	counter.Inc()
	m.duration.Observe(took.Seconds())
}

// add takes up an event that has not occurred before. There are few, and to look
// them up by their labels each time takes too long.
func (m *metrics) add(done event) prometheus.Counter {
	m.mu.Lock()
	defer m.mu.Unlock()
	counters := maps.Clone(*m.counters.Load())
	counters[done] = m.requests.WithLabelValues(done.outcome, done.match, done.scheme)
	m.counters.Store(&counters)
	return counters[done]
}

// gauges reads the state of the index when it is asked for.
type gauges struct{ Source }

var (
	sitesDesc    = gauge("sites", "Tracked sites.")
	indexedDesc  = gauge("sites_indexed", "Tracked sites that have a snapshot in the index.")
	problemsDesc = gauge("sites_failing", "Tracked sites whose current snapshot cannot be loaded.")
	treesDesc    = gauge("trees", "Distinct directory trees in the index.")
	segmentsDesc = gauge("segments", "Parts that the trees are in.")
	placesDesc   = gauge("places", "Paths of which replicas are remembered.")
	placeDesc    = gauge("place_bytes", "About how much memory that takes.")
	bytesDesc    = gauge("bytes", "About how much memory trees and resolved links take.")
	linksDesc    = gauge("link_bytes", "Of that, the links, which are never in mapped files.")
	loadingDesc  = gauge("loading", "Whether snapshots are being loaded.")
	loadDesc     = gauge("loading_trees", "Trees that were read by the loading under way, 0 if there is none.")
	cachedDesc   = gauge("cached_timestamp_seconds", "When the index in force was saved, if it is from the cache folder and the database was not read yet; else 0.")
	loadedDesc   = gauge("loaded_timestamp_seconds", "When the index in force was put there, 0 if there is none.")
	checkedDesc  = gauge("checked_timestamp_seconds", "When the database was last looked at, 0 if never.")
	upDesc       = gauge("source_up", "Whether the last look at the database went well.")
	failingDesc  = gauge("source_failing_since_timestamp_seconds", "When the first of the failing looks at the database ended, 0 if the last went well.")
)

func gauge(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("redirector_index_"+name, help, nil, nil)
}

// Describe names the gauges.
func (g gauges) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(g, ch) }

// Collect reads them.
func (g gauges) Collect(ch chan<- prometheus.Metric) {
	s := g.Status()
	send := func(desc *prometheus.Desc, value float64) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	up := 0.0
	if !s.Checked.IsZero() && s.Err == nil {
		up = 1
	}
	loading, read := 0.0, 0.0
	if s.Loading != nil {
		loading, read = 1, float64(s.Loading.Trees)
	}
	send(sitesDesc, float64(s.Sites))
	send(indexedDesc, float64(s.Indexed))
	send(problemsDesc, float64(len(s.Problems)))
	send(treesDesc, float64(s.Trees))
	send(segmentsDesc, float64(s.Segments))
	send(placesDesc, float64(s.Places))
	send(placeDesc, float64(s.PlaceBytes))
	send(bytesDesc, float64(s.Bytes))
	send(linksDesc, float64(s.LinkBytes))
	send(loadingDesc, loading)
	send(loadDesc, read)
	send(cachedDesc, seconds(s.Cached))
	send(loadedDesc, seconds(s.Loaded))
	send(checkedDesc, seconds(s.Checked))
	send(upDesc, up)
	send(failingDesc, seconds(s.Failing))
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
