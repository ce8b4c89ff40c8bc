package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/systemd"
)

// A service is "ftpd serve" or "ftpd master" under way.
type service struct {
	*app
	site    site
	keys    map[string]string // what the flags say
	server  *distftp.Server
	manager systemd.Notifier
	leaving sync.WaitGroup // for sessions under former configurations
	monitor *monitor       // nil: nobody asks

	present   atomic.Pointer[force]
	entrances []entrance
	doors     []distftp.Door
}

// newService makes ready all that serving needs, and opens the doors at last.
func newService(a *app, at site, c config.Config, keys map[string]string) (*service, error) {
	f, err := a.enforce(at, c, nil)
	if err != nil {
		return nil, err
	}
	v := &service{app: a, site: at, keys: keys, manager: systemd.Notifier{Log: f.log}}
	v.present.Store(f)
	sockets, err := systemd.Passed()
	if err == nil {
		v.monitor, err = newMonitor(&c, sockets)
	}
	if err == nil {
		v.entrances, v.doors, err = open(&c, passed(sockets))
	}
	if err != nil {
		f.release()
		return nil, err
	}
	if v.monitor != nil {
		v.watch()
	}
	v.server = distftp.New(v.serverConfig(f))
	return v, nil
}

// run serves until the program is told to stop, and reads the configuration again at
// each hangup.
func (v *service) run(hangups <-chan os.Signal) error {
	defer func() { v.present.Load().release() }()
	defer v.leaving.Wait()
	err := v.announce()
	if err == nil {
		err = v.server.Open(v.doors...)
	}
	if err != nil {
		return errors.Join(err, closeAll(v.doors))
	}
	var background sync.WaitGroup
	defer background.Wait()
	ctx, stop := context.WithCancel(v)
	defer stop()
	background.Go(func() { v.manager.Obey(ctx, hangups, v.obey, v.status) })
	background.Go(func() { v.renew(ctx) })
	background.Go(func() { v.manager.Watch(ctx) })
	if v.monitor != nil {
		asked, enough := context.WithCancel(context.WithoutCancel(v))
		defer enough()
		background.Go(func() { v.tell(asked) })
	}
	said := make(chan struct{})
	silent := context.AfterFunc(v, func() {
		v.farewell()
		close(said)
	})
	v.manager.Ready(v.status())
	err = v.server.Run(ctx)
	if !silent() {
		<-said
	}
	v.log().Info("stopped")
	return err
}

// log returns the logger that is in force.
func (v *service) log() *slog.Logger { return v.present.Load().log }

// announce says where the doors are and what is unwise.
func (v *service) announce() error {
	f := v.present.Load()
	urls := make([]string, len(v.doors))
	for i, d := range v.doors {
		urls[i] = url(d)
	}
	slaves := v.site.slaves()
	if v.flags.Admin.JSON {
		said := map[string]any{"directory": f.config.Directory, "users": f.config.Users, "anonymous": f.config.Anonymous, "urls": urls}
		if slaves != "" {
			said["slaves"] = slaves
		}
		if err := v.JSON(said); err != nil {
			return err
		}
	} else {
		for _, u := range urls {
			fmt.Fprintf(v.Stdout, "serving %s to %s at %s\n", f.content.name, f.audience(), u)
		}
		if slaves != "" {
			fmt.Fprintf(v.Stdout, "waiting for slaves at %s\n", slaves)
		}
	}
	for _, w := range f.warnings() {
		f.log.Warn(w)
	}
	return v.Flush()
}

// status says in a line how things stand.
func (v *service) status() string {
	f := v.present.Load()
	return fmt.Sprintf("serving %s to %s", f.content.name, f.audience())
}

// farewell says how the end goes.
func (v *service) farewell() {
	timeout := v.present.Load().config.StopTimeout
	v.log().Info("stopping; transfers under way may end", "stop_timeout", timeout.String(), "to_end_at_once", "a second signal")
}

// obey reads the configuration again.
func (v *service) obey() {
	if err := v.reload(); err != nil {
		v.log().Error("configuration is not read again; what was in force stays", "err", err)
	}
}

// reload puts what the configuration says now in force, for sessions that begin from now
// on, or changes nothing.
func (v *service) reload() error {
	c, err := v.load(v.keys)
	if err != nil {
		return err
	}
	former := v.present.Load()
	next, err := v.enforce(v.site, c, former)
	if err != nil {
		return err
	}
	entrances, doors, err := open(&c, v.entrances)
	if err != nil {
		next.release()
		return err
	}
	gone, err := v.server.Reconfigure(v.serverConfig(next), doors...)
	if err != nil {
		next.release()
		return errors.Join(err, closeAll(opened(doors, v.doors)))
	}
	for _, d := range opened(doors, v.doors) {
		next.log.Info("listening", "at", url(d))
	}
	for _, d := range opened(v.doors, doors) {
		next.log.Info("no longer listening", "at", url(d))
	}
	for _, w := range next.warnings() {
		if !slices.Contains(former.warnings(), w) {
			next.log.Warn(w)
		}
	}
	if next.config.Metrics != former.config.Metrics {
		next.log.Warn("what changed takes effect after a restart only", "key", "metrics.listen")
	}
	v.present.Store(next)
	if next.mirroring != nil {
		next.mirroring.trust(next.authorities)
	}
	v.entrances, v.doors = entrances, doors
	v.leaving.Go(func() {
		<-gone
		former.release()
	})
	next.log.Info("configuration is read again")
	return nil
}

// renewal is how often it is looked whether the certificate has changed.
const renewal = time.Minute

// renew reads the certificate again when its files have changed.
func (v *service) renew(ctx context.Context) {
	tick := time.NewTicker(renewal)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		f := v.present.Load()
		if f.certificate == nil {
			continue
		}
		switch changed, err := f.certificate.Renew(); {
		case err != nil:
			f.log.Error("certificate is not renewed; what was in force stays", "err", err)
		case changed:
			f.log.Info("certificate is renewed", "file", f.config.TLS.Certificate)
		}
	}
}
