package redirect

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mirrortracker/internal/resolver"
)

// A Source has the index in force. Both methods are called for every request
// and must not block.
//
// Index returns nil as long as there is none. Status says how current it is.
type Source interface {
	Index() *resolver.Index
	Status() resolver.Status
}

var _ Source = (*resolver.Live)(nil)

// Config is what a [Redirector] is made of. Only Source must be set.
type Config struct {
	Source  Source
	Ranking Ranking              // nil means ByWeight
	Log     *slog.Logger         // nil means none; each request is logged at the debug level
	Now     func() time.Time     // nil means time.Now
	Metrics *prometheus.Registry // nil means one of its own
}

// A Redirector answers requests from the index in force.
type Redirector struct {
	source   Source
	rank     Ranking
	log      *slog.Logger
	now      func() time.Time
	registry *prometheus.Registry
	metrics  *metrics
}

// New returns a Redirector. It registers its metrics, so that a registry can
// be given to one Redirector only.
func New(c Config) *Redirector {
	if c.Ranking == nil {
		c.Ranking = ByWeight
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	return &Redirector{
		source:   c.Source,
		rank:     c.Ranking,
		log:      c.Log,
		now:      c.Now,
		registry: c.Metrics,
		metrics:  newMetrics(c.Metrics, c.Source),
	}
}

// Handler returns the handler of all endpoints. The first path segments of the
// fixed ones are names that no site can have ([mirror.ValidName]).
func (r *Redirector) Handler() http.Handler {
	mux := chi.NewRouter()
	mux.Use(r.survive, guard, middleware.GetHead)
	mux.Get("/", r.serveFront)
	mux.Get("/healthz", serveHealth)
	mux.Get("/readyz", r.serveReady)
	mux.Method(http.MethodGet, "/metrics", promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{}))
	mux.Get("/static/{file}", serveStatic)
	mux.Get("/*", r.servePath)
	return mux
}
