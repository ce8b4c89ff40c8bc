package serve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"

	"aead.dev/minisign"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/doors"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/catalogue"
	"mirrortracker/internal/store"
	"mirrortracker/internal/throttle"
)

// A Source has what is told to others. It is a [store.Store].
type Source interface {
	catalogue.Source
	Peers(ctx context.Context) ([]store.Peer, error)
}

// A Config says what a [Server] tells, and how.
type Config struct {
	Source    Source
	Catalogue *catalogue.Catalogue // of the same source
	URL       mirror.URL           // at which others reach the server; the zero URL if it does not say
	Key       minisign.PrivateKey
	Folder    string // for packs that were made
	Cache     int64  // how much of it they may take, in bytes

	// Notice is called for each notice. It must not take long.
	Notice func(peer.Notice)

	Now func() time.Time
	Log *slog.Logger
}

// A Server answers other trackers. Make it with [New].
type Server struct {
	Config
	packs    *packs
	throttle *throttle.Throttle
	slots    chan struct{} // transfers under way
	metrics  *metrics

	mu    sync.Mutex
	state *catalogue.State // what was offered last
	read  time.Time        // when that was
}

// What one network of clients may ask for, and all of them together.
var limit = throttle.Limit{Rate: 20, Burst: 200, Bits4: 32, Bits6: 56}

const (
	transfers = 32               // under way at a time
	stillness = time.Minute      // for which a client may take nothing of an answer
	fresh     = time.Second      // for which what is offered is not read again
	maxRead   = 10 * time.Second // that the database may take to tell it
)

// New returns a server whose packs are in a folder of its own, which is made.
func New(c Config) (*Server, error) {
	packs, err := newPacks(c.Source, c.Key, c.Folder, c.Cache)
	if err != nil {
		return nil, err
	}
	return &Server{
		Config:   c,
		packs:    packs,
		throttle: throttle.New(limit),
		slots:    make(chan struct{}, transfers),
		metrics:  newMetrics(packs),
	}, nil
}

// Serve answers on a listener, which it closes, until ctx is done, as [doors.Serve] does.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	return doors.Serve(ctx, s.Log, doors.Door{Listener: l, Handler: s.Handler()})
}

// Collector returns what the server counts.
func (s *Server) Collector() prometheus.Collector { return s.metrics }

// Handler returns what answers.
func (s *Server) Handler() http.Handler {
	r := chi.NewRouter()
	r.Use(s.metrics.count, s.hold)
	r.With(middleware.Compress(5, "application/json")).Group(func(r chi.Router) {
		r.Get("/"+peer.SnapshotsPath, s.snapshots)
		r.Get("/"+peer.TrackersPath, s.trackers)
	})
	r.Get("/"+peer.SitesPath+"{site}/pack", s.pack)
	r.Get("/"+peer.SitesPath+"{site}/pack.minisig", s.signature)
	r.Post("/"+peer.NotifyPath, s.notify)
	return r
}

// hold refuses clients that ask too often.
func (s *Server) hold(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		at, _ := netip.ParseAddrPort(req.RemoteAddr) // none at a unix socket
		if !s.throttle.Allow(at.Addr().Unmap(), s.Now(), 1) {
			later(w, s.throttle.Wait(1), http.StatusTooManyRequests, "too many requests from your network")
			return
		}
		next.ServeHTTP(w, req)
	})
}

// later tells a client to come again.
func later(w http.ResponseWriter, seconds, status int, why string) {
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	http.Error(w, why, status)
}

// fail tells a client that something is amiss here, and the log what it is.
func (s *Server) fail(w http.ResponseWriter, req *http.Request, err error) {
	if req.Context().Err() != nil {
		panic(http.ErrAbortHandler) // nobody waits for an answer, and nothing is to look like one
	}
	s.Log.Warn("a tracker is not answered", "client", req.RemoteAddr, "path", req.URL.Path, "err", err)
	later(w, 60, http.StatusServiceUnavailable, "what was asked for cannot be had at the moment")
}

// offered returns what is offered.
func (s *Server) offered(ctx context.Context) (*catalogue.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.Now(); s.state == nil || now.Sub(s.read) >= fresh {
		ctx, cancel := context.WithTimeout(ctx, maxRead)
		defer cancel()
		state, err := s.Catalogue.State(ctx)
		if err != nil {
			return nil, err
		}
		s.state, s.read = state, now
	}
	return s.state, nil
}

// snapshots answers with a list of offers.
func (s *Server) snapshots(w http.ResponseWriter, req *http.Request) {
	state, err := s.offered(req.Context())
	if err != nil {
		s.fail(w, req, err)
		return
	}
	tag := `W/"` + state.Tag + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if req.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	separator := "[\n"
	for i := range state.Offers {
		text, err := json.Marshal(&state.Offers[i])
		if err != nil {
			s.fail(w, req, err)
			return
		}
		if _, err := fmt.Fprintf(w, "%s%s", separator, text); err != nil {
			return // the client is gone
		}
		separator = ",\n"
	}
	if len(state.Offers) == 0 {
		io.WriteString(w, "[")
	}
	io.WriteString(w, "\n]\n")
}

// trackers answers with those that are known here.
func (s *Server) trackers(w http.ResponseWriter, req *http.Request) {
	peers, err := s.Source.Peers(req.Context())
	if err != nil {
		s.fail(w, req, err)
		return
	}
	told := peer.Introduction{Name: s.Catalogue.Name, Key: peer.Public(s.Key).String(), Trackers: []peer.Tracker{}}
	if s.URL != (mirror.URL{}) {
		told.URL = &s.URL
	}
	for _, p := range peers[:min(len(peers), peer.MaxTrackers)] {
		t := peer.Tracker{Key: p.Key}
		if err := t.URL.UnmarshalText([]byte(p.URL)); err != nil {
			s.fail(w, req, err)
			return
		}
		t.Name = cmp.Or(p.Name, t.URL.Host) // as long as it has not said it
		if !p.Seen.IsZero() {
			t.Seen = &p.Seen
		}
		told.Trackers = append(told.Trackers, t)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	json.NewEncoder(w).Encode(told)
}

// pack answers with a pack, or a range of it.
func (s *Server) pack(w http.ResponseWriter, req *http.Request) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		later(w, 30, http.StatusServiceUnavailable, "too many transfers are under way")
		return
	}
	made := s.ready(w, req)
	if made == nil {
		return
	}
	defer made.Close()
	w.Header().Set("Content-Type", "application/zstd")
	http.ServeContent(&patient{w, http.NewResponseController(w)}, req, "", time.Time{}, made)
}

// signature answers with the signature of a pack.
func (s *Server) signature(w http.ResponseWriter, req *http.Request) {
	made := s.ready(w, req)
	if made == nil {
		return
	}
	defer made.Close()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write(made.signature)
}

// ready returns the pack that a request is for, with the headers set that follow from
// it, or nil where it has answered itself. The caller closes it.
func (s *Server) ready(w http.ResponseWriter, req *http.Request) *ready {
	order, err := orderOf(chi.URLParam(req, "site"), req.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil
	}
	// Until a pack is made the client hears nothing.
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(makeTime + stillness)); err != nil {
		s.fail(w, req, err)
		return nil
	}
	state, err := s.offered(req.Context())
	if err != nil {
		s.fail(w, req, err)
		return nil
	}
	header, err := s.Catalogue.Header(req.Context(), state, order)
	var made *ready
	if err == nil {
		made, err = s.packs.get(req.Context(), header)
	}
	switch {
	case errors.Is(err, catalogue.ErrNotOffered), errors.Is(err, store.ErrNoTree):
		http.Error(w, catalogue.ErrNotOffered.Error(), http.StatusNotFound)
		return nil
	case errors.Is(err, errBusy):
		later(w, 30, http.StatusServiceUnavailable, err.Error())
		return nil
	case err != nil:
		s.fail(w, req, err)
		return nil
	}
	w.Header().Set("ETag", made.tag())
	w.Header().Set("Cache-Control", "no-cache")
	return made
}

// orderOf reads which pack is asked for.
func orderOf(site string, query url.Values) (order catalogue.Order, err error) {
	if err := order.Site.UnmarshalText([]byte(site)); err != nil {
		return order, err
	}
	if err := order.Root.UnmarshalText([]byte(query.Get("root"))); err != nil {
		return order, fmt.Errorf("root: %w", err)
	}
	if len(query["have"]) > peer.MaxHave {
		return order, fmt.Errorf("have: %d roots are more than %d", len(query["have"]), peer.MaxHave)
	}
	order.Have = make([]digest.ID, len(query["have"]))
	for i, text := range query["have"] {
		if err := order.Have[i].UnmarshalText([]byte(text)); err != nil {
			return order, fmt.Errorf("have: %w", err)
		}
	}
	return order, nil
}

// notify takes a notice.
func (s *Server) notify(w http.ResponseWriter, req *http.Request) {
	var n peer.Notice
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, peer.MaxNotice)).Decode(&n); err != nil {
		http.Error(w, "a notice is {\"tracker\":NAME,\"url\":URL}: "+err.Error(), http.StatusBadRequest)
		return
	}
	s.Notice(n)
	w.WriteHeader(http.StatusAccepted)
}

// patient lets an answer take as long as the client goes on taking it.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
}

// Write implements [io.Writer].
func (p *patient) Write(b []byte) (int, error) {
	if err := p.control.SetWriteDeadline(time.Now().Add(stillness)); err != nil {
		return 0, err
	}
	return p.ResponseWriter.Write(b)
}
