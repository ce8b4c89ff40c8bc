package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"mirrortracker/internal/distftp/identity"
	"mirrortracker/internal/distftp/link"
	"mirrortracker/internal/distftp/slave"
	slaveconfig "mirrortracker/internal/distftp/slave/config"
	slavemetrics "mirrortracker/internal/distftp/slave/metrics"
	"mirrortracker/internal/distftp/storage"
	"mirrortracker/internal/doors"
	"mirrortracker/internal/human"
	"mirrortracker/internal/systemd"
	"mirrortracker/internal/ui"
)

type slaveRun struct{}

func (slaveRun) Help() string {
	return `A slave keeps files in the folders of its configuration ("ftpd slave config init" writes one that explains it) and moves their bytes, as masters say; it was enrolled before ("ftpd slave enroll"). It connects to all masters, and needs no port but those for data. The first line on standard output says who it is and where.

SIGHUP makes it read its configuration again. SIGTERM makes it end, when the transfers under way have ended; a second one ends it at once. systemd is told when it is ready.

` + examples("ftpd slave", "ftpd slave --config /etc/ftpd/slave.toml")
}

// Run works for masters until the program is told to stop.
func (slaveRun) Run(a *app) error {
	hangups := a.Hangups()
	defer runtime.KeepAlive(ballast())
	v, err := newSlaveService(a)
	if err != nil {
		return err
	}
	return v.run(hangups)
}

// A slaveService is "ftpd slave" under way.
type slaveService struct {
	*app
	present atomic.Pointer[slaveconfig.Config]
	log     *slog.Logger
	who     *identity.Identity
	disks   *storage.Storage
	slave   *slave.Slave
	manager systemd.Notifier
	links   atomic.Int32 // to masters

	metrics *slavemetrics.Metrics
	asked   net.Listener // by Prometheus; nil: nowhere
}

// newSlaveService makes ready all that a slave needs.
func newSlaveService(a *app) (*slaveService, error) {
	cfg, err := a.loadSlave(a.slaveFile())
	if err != nil {
		return nil, err
	}
	if err := needFolders(&cfg); err != nil {
		return nil, err
	}
	log, err := a.Logger(cfg.Log.Level, cfg.Log.Format)
	if err != nil {
		return nil, err
	}
	v := &slaveService{app: a, log: log, metrics: slavemetrics.New(), manager: systemd.Notifier{Log: log}}
	v.present.Store(&cfg)
	if v.who, err = identity.Load(cfg.Identity); err != nil {
		if errors.Is(err, identity.ErrNone) {
			err = ui.Hint(err, `"ftpd enroll NAME" at a master, and "ftpd slave enroll TOKEN" here`)
		}
		return nil, err
	}
	at, err := dataAddresses(&cfg, v.who.Masters())
	if err != nil {
		return nil, err
	}
	relay, err := listen(cfg.Relay.Listen)
	if err != nil {
		return nil, ui.Hint(err, "relay.listen of the configuration names another address and port")
	}
	if cfg.Metrics.Listen != "" {
		if v.asked, err = doors.Listen(cfg.Metrics.Listen); err != nil {
			return nil, errors.Join(ui.Hint(err, "metrics.listen of the configuration names another address and port"), relay.Close())
		}
	}
	if v.disks, err = storage.Open(a, storageConfig(&cfg, log)); err != nil {
		return nil, errors.Join(unusable(err), relay.Close())
	}
	public := make([]netip.Addr, len(at))
	for i := range at {
		public[i] = at[i].Public
	}
	version, _, _ := ui.Built()
	v.slave = slave.New(slave.Config{
		Storage:  v.disks,
		Data:     at,
		Ports:    cfg.DataPorts(),
		Relay:    []net.Listener{relay},
		RelayAt:  cfg.RelayAt(relay.Addr().(*net.TCPAddr).AddrPort().Port(), public),
		Server:   v.who.Server(),
		Client:   v.who.Client(""),
		Software: "ftpd " + version,
		Log:      log,
		Observer: v.metrics.Ended,
	})
	v.metrics.Watch(v.slave)
	v.slave.SetRack(cfg.Rack)
	return v, nil
}

func storageConfig(cfg *slaveconfig.Config, log *slog.Logger) storage.Config {
	return storage.Config{Folders: cfg.Folders, SHA256: cfg.SHA256, Reserve: int64(cfg.Reserve), Verify: int64(cfg.Verify), Log: log}
}

// dataAddresses are where clients meet the slave.
func dataAddresses(cfg *slaveconfig.Config, masters []string) ([]slave.Address, error) {
	local := cfg.Data.Addresses
	if len(local) == 0 {
		local = facing(masters)
	}
	if len(local) == 0 {
		return nil, ui.Hint(fmt.Errorf("no way to any master is known (%s)", strings.Join(masters, ", ")), "data.addresses of the configuration names this machine's own addresses")
	}
	at := make([]slave.Address, len(local))
	for i, a := range local {
		at[i] = slave.Address{Local: a, Public: a}
		switch {
		case a.Is4() && cfg.Data.External4.IsValid():
			at[i].Public = cfg.Data.External4
		case a.Is6() && cfg.Data.External6.IsValid():
			at[i].Public = cfg.Data.External6
		}
	}
	return at, nil
}

// facing returns the addresses from which this machine would reach others, one of each
// family. Nothing is sent.
func facing(others []string) []netip.Addr {
	var at []netip.Addr
	for _, network := range []string{"udp4", "udp6"} {
		for _, other := range others {
			conn, err := net.Dial(network, other)
			if err != nil {
				continue // it has no address of this family, or there is no way
			}
			at = append(at, conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().WithZone(""))
			conn.Close()
			break
		}
	}
	return at
}

// run works until the program is told to stop.
func (v *slaveService) run(hangups <-chan os.Signal) (err error) {
	defer func() { err = errors.Join(err, v.disks.Close()) }()
	if err := v.announce(); err != nil {
		return err
	}
	var background sync.WaitGroup
	defer background.Wait()
	ctx, stop := context.WithCancel(context.WithoutCancel(v))
	defer stop()
	background.Go(func() { v.slave.Run(ctx) })
	background.Go(func() {
		if err := v.disks.Run(ctx); err != nil && ctx.Err() == nil {
			v.log.Error("disks are not verified any more", "err", err)
		}
	})
	background.Go(func() { v.manager.Watch(v) })
	if v.asked != nil {
		background.Go(func() { v.tell(ctx) })
	}
	background.Go(func() { v.manager.Obey(v, hangups, v.obey, func() string { return v.status(int(v.links.Load())) }) })
	linked, unlink := context.WithCancel(ctx)
	defer unlink()
	background.Go(func() {
		<-v.Done()
		v.leave()
		unlink()
	})
	v.manager.Ready(v.status(0))
	link.Serve(linked, link.SlaveConfig{Identity: v.who, Slave: v.slave, Log: v.log, Linked: v.linked})
	v.slave.Wait()
	v.log.Info("stopped")
	return nil
}

// tell answers what is asked by HTTP until ctx ends, which is later than the program is told
// to stop: health is no longer well from then on.
func (v *slaveService) tell(ctx context.Context) {
	v.log.Info("metrics are served", "at", "http://"+v.asked.Addr().String()+"/metrics")
	handler := v.metrics.Handler(func() bool { return v.Err() == nil && v.links.Load() > 0 })
	if err := doors.Serve(ctx, v.log, doors.Door{Listener: v.asked, Handler: handler}); err != nil {
		v.log.Error("metrics are no longer served", "err", err)
	}
}

// linked follows how many masters there are.
func (v *slaveService) linked(_ string, _ bool, links int) {
	v.links.Store(int32(links))
	v.manager.Ready(v.status(links))
}

// status says in a line how things stand.
func (v *slaveService) status(links int) string {
	return fmt.Sprintf("slave %s, linked to %s", v.who.Name(), human.Plural(int64(links), "master", "masters"))
}

// leave ends what the slave does, in order.
func (v *slaveService) leave() {
	limit := v.present.Load().StopTimeout.Duration
	v.log.Info("stopping; transfers under way may end", "stop_timeout", limit.String(), "to_end_at_once", "a second signal")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v), limit)
	defer cancel()
	if err := v.slave.Leave(ctx); err != nil {
		v.log.Warn("transfers are broken off, as they take too long to end", "stop_timeout", limit.String())
	}
}

// announce says who and where the slave is.
func (v *slaveService) announce() error {
	state, err := v.slave.State(v)
	if err != nil {
		return err
	}
	if v.flags.Admin.JSON {
		err = v.JSON(map[string]any{"slave": v.who.Name(), "masters": v.who.Masters(), "data": state.Data, "ports": state.Ports, "relay": state.Relay})
	} else {
		_, err = fmt.Fprintf(v.Stdout, "slave %s: data at %s ports %s, relay at %s\n", v.who.Name(), listed(state.Data), v.present.Load().DataPorts(), listed(state.Relay))
	}
	if os.Geteuid() == 0 {
		v.log.Warn("the slave runs as root, which it need not for anything")
	}
	return errors.Join(err, v.Flush())
}

func listed[T fmt.Stringer](all []T) string {
	words := make([]string, len(all))
	for i, one := range all {
		words[i] = one.String()
	}
	return strings.Join(words, " ")
}

// obey reads the configuration again.
func (v *slaveService) obey() {
	if err := v.reload(); err != nil {
		v.log.Error("configuration is not read again; what was in force stays", "err", err)
	}
}

// reload puts in force what can change while the slave runs.
func (v *slaveService) reload() error {
	next, err := v.loadSlave(v.slaveFile())
	if err != nil {
		return err
	}
	now := *v.present.Load()
	now.Rack, now.StopTimeout = next.Rack, next.StopTimeout
	v.slave.SetRack(now.Rack)
	v.present.Store(&now)
	v.log.Info("configuration is read again")
	if !reflect.DeepEqual(now, next) {
		v.log.Warn("what else changed takes effect after a restart only")
	}
	return nil
}
