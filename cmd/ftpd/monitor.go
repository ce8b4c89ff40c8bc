package main

import (
	"context"
	"net"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/metrics"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/doors"
	"mirrortracker/internal/systemd"
	"mirrortracker/internal/ui"
)

// A monitor tells by HTTP how the server is.
type monitor struct {
	*metrics.Metrics
	listeners []net.Listener
}

// newMonitor opens the listeners: those that the service manager passed, or, if it passed
// none, the one that the configuration names, if any. Without a listener there is no
// monitor.
func newMonitor(c *config.Config, sockets systemd.Sockets) (*monitor, error) {
	m := &monitor{listeners: sockets.Listeners[metricsName]}
	if address := c.Metrics.Listen; len(m.listeners) == 0 && address != "" {
		l, err := doors.Listen(address)
		if err != nil {
			return nil, ui.Hint(err, "metrics.listen of the configuration names another address and port")
		}
		m.listeners = []net.Listener{l}
	}
	if len(m.listeners) == 0 {
		return nil, nil
	}
	m.Metrics = metrics.New()
	return m, nil
}

// watch has the monitor look at what is in force.
func (v *service) watch() {
	v.monitor.WatchPasswords(func() int {
		if users := v.present.Load().users; users != nil {
			return users.hasher.Waiting()
		}
		return 0
	})
	v.monitor.WatchMirrors(func() mirrors.State {
		if m := v.present.Load().mirroring; m != nil {
			return m.state()
		}
		return mirrors.State{}
	})
	v.site.watch(v.monitor.Metrics)
	for _, key := range []string{"xferlog", "json"} {
		v.monitor.WatchLog(key, func() uint64 {
			if l := v.present.Load().ledger(key); l != nil {
				return l.log.Dropped()
			}
			return 0
		})
	}
}

// tell answers what is asked by HTTP until ctx ends, which is later than the program is
// told to stop: health is no longer well from then on.
func (v *service) tell(ctx context.Context) {
	var at []doors.Door
	handler := v.monitor.Handler(func() bool { return v.Err() == nil })
	for _, l := range v.monitor.listeners {
		at = append(at, doors.Door{Listener: l, Handler: handler})
		v.log().Info("metrics are served", "at", "http://"+l.Addr().String()+"/metrics")
	}
	if err := doors.Serve(ctx, v.log(), at...); err != nil {
		v.log().Error("metrics are no longer served", "err", err)
	}
}

// serverConfig returns a configuration in the words of the server, with who is told of
// what sessions do.
func (v *service) serverConfig(f *force) distftp.Config {
	c := f.serverConfig()
	observers := f.observers()
	if v.monitor != nil {
		observers = append(observers, v.monitor)
	}
	c.Observer = observers
	v.site.configure(&c)
	if f.mirroring != nil {
		c.Overseer = f.mirroring.Overseer(c.Overseer)
	}
	return c
}
