package redirect

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mirrortracker/internal/accesslog"
	"mirrortracker/internal/health"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/throttle"
	"mirrortracker/internal/urn"
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
	Source    Source
	Nearest   nearest.Options    // its Atlas is not used; without Costs, the default ones
	Databases *nearest.Databases // nil means none
	Board     *health.Board      // nil means that nothing is checked
	Links     int                // how many candidates a redirect names at most; 0 means DefaultLinks, less than 0 none
	Proxies   Proxies
	Limit     Limit
	Access    *accesslog.Log       // nil means none
	Format    string               // of the access log: "combined", which "" means, or "json"
	Log       *slog.Logger         // nil means none
	Now       func() time.Time     // nil means time.Now
	Metrics   *prometheus.Registry // nil means one of its own
	Names     *urn.Names           // nil means that no archive has a name
}

// DefaultLinks is how many candidates a redirect names at most.
const DefaultLinks = 5

// A Redirector answers requests from the index in force.
type Redirector struct {
	source    Source
	databases *nearest.Databases
	options   atomic.Pointer[nearest.Options]
	board     *health.Board
	links     int
	proxies   Proxies
	throttle  *throttle.Throttle
	access    *accesslog.Log
	format    format
	log       *slog.Logger
	now       func() time.Time
	registry  *prometheus.Registry
	metrics   *metrics
	names     *urn.Names

	latest  atomic.Pointer[scene]
	staging sync.Mutex // held while the next is made
}

// New returns a Redirector. It registers its metrics, so that a registry can
// be given to one Redirector only.
func New(c Config) *Redirector {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	if c.Databases == nil {
		c.Databases = nearest.NewDatabases(nil, c.Log)
	}
	if c.Links == 0 {
		c.Links = DefaultLinks
	}
	if c.Format == "" {
		c.Format = "combined"
	}
	r := &Redirector{
		source:    c.Source,
		databases: c.Databases,
		board:     c.Board,
		links:     c.Links,
		proxies:   c.Proxies,
		throttle:  throttle.New(c.Limit),
		access:    c.Access,
		format:    formats[c.Format],
		log:       c.Log,
		now:       c.Now,
		registry:  c.Metrics,
		metrics:   newMetrics(c.Metrics, c.Source, c.Access),
		names:     c.Names,
	}
	r.SetNearest(c.Nearest)
	return r
}

// SetNearest puts other options in force for where clients are sent, from the next
// request on.
func (r *Redirector) SetNearest(o nearest.Options) {
	if o.Costs == (nearest.Costs{}) {
		o.Costs = nearest.DefaultCosts()
	}
	r.options.Store(&o)
}

// Handler returns the handler of all endpoints.
func (r *Redirector) Handler() http.Handler {
	mux := r.routes()
	return r.observe(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if ownPage(req.URL.Path) {
			mux.ServeHTTP(w, req)
		} else {
			r.servePath(w, req) // as mux would, which makes a second request of each to keep its route in
		}
	}))
}

// routes returns the router of the fixed endpoints, and of what looks like one and is
// a path.
func (r *Redirector) routes() *chi.Mux {
	mux := chi.NewRouter()
	mux.Use(middleware.GetHead)
	mux.Get("/", r.serveFront)
	mux.Get("/healthz", serveHealth)
	mux.Get("/readyz", r.serveReady)
	mux.Method(http.MethodGet, "/metrics", promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{}))
	mux.Get("/static/{file}", serveStatic)
	mux.Get("/uri-res/{service}", r.serveResolution)
	mux.Mount("/api/v1", r.api())
	mux.NotFound(r.servePath) // all other paths
	return mux
}

// ownPage reports whether a path may be one of the fixed endpoints': their first
// segments are names that no site can have ([mirror.ValidName]).
func ownPage(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "", "api", "healthz", "metrics", "readyz", "static", "uri-res":
		return true
	}
	return false
}
