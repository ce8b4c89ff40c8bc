package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mirrortracker/internal/accesslog"
	"mirrortracker/internal/config"
	"mirrortracker/internal/database"
	"mirrortracker/internal/doors"
	"mirrortracker/internal/health"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/program"
	"mirrortracker/internal/redirect"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/squid"
	"mirrortracker/internal/systemd"
)

// A service is "redirector serve" under way.
type service struct {
	*program.Session
	doors      []door
	passed     bool // whether the service manager holds them too
	index      *resolver.Live
	databases  *nearest.Databases
	places     *places
	checker    *health.Checker // nil where nothing is checked
	access     *accesslog.Log  // nil where there is none
	redirector *redirect.Redirector
	caches     *caches
	manager    systemd.Notifier
}

// newService makes ready all that serving needs, and opens the doors at last.
func newService(s *program.Session) (*service, error) {
	v := &service{
		Session:   s,
		index:     live(s, s.Log),
		databases: nearest.NewDatabases(s.Config.Nearest.Databases, s.Log),
		manager:   systemd.Notifier{Log: s.Log},
	}
	metrics := prometheus.NewRegistry()
	var err error
	if v.checker, err = checker(s, v.index.Index, metrics); err != nil {
		return nil, err
	}
	if v.access, err = accessLog(s); err != nil {
		return nil, err
	}
	c := redirectConfig(&s.Config)
	c.Source, c.Databases, c.Access, c.Log, c.Metrics = v.index, v.databases, v.access, s.Log, metrics
	if v.checker != nil {
		c.Board = v.checker.Board()
	}
	if c.Names, err = s.Config.Names(); err != nil {
		return nil, err
	}
	v.redirector = redirect.New(c)
	v.places = newPlaces(v.redirector, c.Nearest)
	v.caches = &caches{decider: squid.NewIndex(v.redirector, v.index, doubt(s)), metrics: squid.NewMetrics(metrics), log: s.Log}
	if err := v.caches.open(&s.Config.Redirector); err != nil {
		return nil, err
	}
	if v.doors, v.passed, err = openDoors(&s.Config.Redirector); err != nil {
		v.caches.close()
		return nil, err
	}
	return v, nil
}

// redirectConfig is what the configuration says of redirecting.
func redirectConfig(cfg *config.Config) redirect.Config {
	r := &cfg.Redirector
	c := redirect.Config{
		Nearest: cfg.NearestOptions(),
		Links:   r.Links,
		Proxies: redirect.Proxies{Trusted: r.TrustedProxies, Local: true, Header: r.ForwardedHeader},
		Limit:   redirect.Limit{Rate: r.Limit.Rate, Burst: r.Limit.Burst, Bits4: r.Limit.IPv4, Bits6: r.Limit.IPv6},
		Format:  r.AccessFormat,
	}
	if c.Links == 0 {
		c.Links = -1
	}
	c.Limit.Exempt = append(c.Limit.Exempt, r.Limit.Exempt...)
	c.Limit.Exempt = append(c.Limit.Exempt, r.TrustedProxies...)
	return c
}

func accessLog(s *program.Session) (*accesslog.Log, error) {
	switch path := s.Config.Redirector.AccessLog; path {
	case "off":
		return nil, nil
	case "-":
		return accesslog.To(flushed{s.Env}, s.Log), nil
	default:
		return accesslog.Open(path, s.Log)
	}
}

// patience is for how long clients wait at sockets that were passed for the first index,
// before they are told that there is none.
const patience = 30 * time.Second

// run serves until ctx is done, and reads the configuration again at each hangup.
func (v *service) run(ctx context.Context, hangups <-chan os.Signal) error {
	collectSeldom()
	var background sync.WaitGroup
	defer background.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	loaded := make(chan struct{})
	background.Go(func() {
		if err := v.index.Check(ctx); err != nil && ctx.Err() == nil {
			v.Log.Warn("index cannot be loaded", "err", err)
		}
		close(loaded)
		v.index.Run(ctx, v.Config.Redirector.Refresh.Duration)
	})
	background.Go(func() { v.databases.Run(ctx, v.Config.Nearest.Reload.Duration) })
	if len(v.Config.Nearest.Databases) > 0 {
		background.Go(func() { v.places.run(ctx, sitesOf(v.index.Index)) })
	}
	if v.checker != nil {
		background.Go(func() { v.checker.Run(ctx) })
	}
	background.Go(func() { v.manager.Obey(ctx, hangups, v.obey, v.status) })
	background.Go(func() { v.manager.Watch(ctx) })
	background.Go(func() { v.caches.serve(ctx) })
	if err := v.announce(); err != nil {
		return errors.Join(err, closeDoors(v.doors))
	}
	if v.passed { // so that a restart under load is nothing but a wait
		select {
		case <-loaded:
		case <-ctx.Done():
		case <-time.After(patience):
		}
	}
	v.manager.Ready(v.status())
	err := doors.Serve(ctx, v.Log, v.handled()...)
	if v.access != nil {
		err = errors.Join(err, v.access.Close())
	}
	v.Log.Info("stopped")
	return err
}

// announce says where the doors are.
func (v *service) announce() error {
	for _, d := range v.doors {
		if _, err := fmt.Fprintf(v.Stdout, "listening on %s\n", d); err != nil {
			return err
		}
		v.Log.Info("serving", "address", d.Addr().String(), "database", database.Redact(v.Config.Database))
	}
	return v.Flush()
}

func (v *service) handled() []doors.Door {
	var all []doors.Door
	handler := v.redirector.Handler()
	for _, d := range v.doors {
		all = append(all, doors.Door{Listener: d.Listener, Handler: handler})
	}
	return all
}

// status says in a line how things stand.
func (v *service) status() string {
	s := v.index.Status()
	return fmt.Sprintf("redirecting among %d sites, %d of them indexed", s.Sites, s.Indexed)
}

// obey reads everything again.
func (v *service) obey() {
	if err := v.reload(); err != nil {
		v.Log.Error("not everything is read again; of the rest, what was in force stays", "err", err)
	}
}

// reload puts in force what can be while clients are served. A mistake in one part
// does not keep the others from it.
func (v *service) reload() error {
	var failed []error
	if v.access != nil {
		failed = append(failed, v.access.Reopen())
	}
	for _, d := range v.doors {
		if d.certificate != nil {
			failed = append(failed, d.certificate.Reload())
		}
	}
	failed = append(failed, v.databases.Reload())
	cfg, err := v.Load()
	if err != nil {
		return errors.Join(append(failed, err)...)
	}
	v.places.set(cfg.NearestOptions())
	for key, changed := range map[string]bool{
		"database":          cfg.Database != v.Config.Database,
		"log":               cfg.Log != v.Config.Log,
		"health":            !reflect.DeepEqual(cfg.Health, v.Config.Health),
		"nearest.databases": !reflect.DeepEqual(cfg.Nearest.Databases, v.Config.Nearest.Databases),
		"nearest.reload":    cfg.Nearest.Reload != v.Config.Nearest.Reload,
		"archive":           !reflect.DeepEqual(cfg.Archives, v.Config.Archives),
		"redirector":        !reflect.DeepEqual(cfg.Redirector, v.Config.Redirector),
	} {
		if changed {
			v.Log.Warn("what changed takes effect after a restart only", "key", key)
		}
	}
	v.Log.Info("configuration is read again")
	return errors.Join(failed...)
}
