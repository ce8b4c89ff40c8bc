package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/authority"
	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/copies"
	"mirrortracker/internal/distftp/identity"
	"mirrortracker/internal/distftp/link"
	"mirrortracker/internal/distftp/master"
	"mirrortracker/internal/distftp/metrics"
	"mirrortracker/internal/distftp/overview"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/ui"
)

// A cluster is a [site]: names in a database, and files on slaves.
type cluster struct {
	*app
	config    config.Config
	log       *slog.Logger
	db        *database.DB
	authority *authority.Authority
	identity  *identity.Identity
	databases *nearest.Databases // of addresses
	chooser   *choice.Chooser
	master    *master.Master
	runner    *copies.Runner
	listener  net.Listener // for slaves
	service   atomic.Pointer[service]
}

// openCluster opens the database, and where slaves connect.
func openCluster(a *app, c config.Config) (*cluster, error) {
	log, err := a.Logger(c.Log.Level, c.Log.Format)
	if err != nil {
		return nil, err
	}
	k := &cluster{app: a, config: c, log: log}
	if err := k.open(); err != nil {
		return nil, errors.Join(err, k.close())
	}
	return k, nil
}

func (k *cluster) open() (err error) {
	if k.db, err = k.openDatabase(&k.config); err != nil {
		return err
	}
	if k.listener, err = listen(k.config.Master.Listen); err != nil {
		return ui.Hint(err, "master.listen of the configuration names another address and port")
	}
	announced, err := k.announced()
	if err != nil {
		return err
	}
	if k.authority, err = authority.Open(k, k.db); err != nil {
		return err
	}
	if _, err = k.authority.Doors(k, []string{announced}); err != nil { // so that tokens can name this master
		return err
	}
	if k.identity, err = k.authority.Master(announced); err != nil {
		return err
	}
	k.databases = nearest.NewDatabases(k.config.Nearest.Databases, k.log)
	if err := k.databases.Reload(); err != nil {
		return ui.Hint(err, "nearest.databases of the configuration names these files")
	}
	places := choice.NewPlaces(k.config.NearestSlaves(), k.databases)
	k.chooser = choice.New(places.Distance)
	names := catalogue.Config{
		DB: k.db, Master: announced, Log: k.log,
		Settle: func(p mirror.Path) bool { return k.runner.Settles(p) },
	}
	k.master, err = master.Open(k, names, master.Config{
		Chooser:     k.chooser,
		Places:      places,
		Log:         k.log,
		Protect:     func(slave string) *tls.Config { return k.identity.Client(identity.Slave(slave)) },
		Certificate: k.certificate,
		Changed:     func() { k.runner.Wake() },
		Damaged: func(ctx context.Context, slave catalogue.SlaveID, found []wire.Damage) error {
			return k.runner.Damaged(ctx, slave, found)
		},
	})
	if err != nil {
		return err
	}
	k.runner = copies.New(copies.Config{Catalogue: k.master.Catalogue, Chooser: k.chooser, Fleet: k.master, Log: k.log, Grace: k.config.Master.RepairAfter.Duration})
	return nil
}

// openDatabase opens the one that a configuration names.
func (a *app) openDatabase(c *config.Config) (*database.DB, error) {
	db, err := database.Open(a, c.Database, database.FTPServer)
	if err != nil {
		return nil, ui.Hint(err, `the database is named by --database, FTPD_DATABASE or "database" in the configuration`)
	}
	return db, nil
}

// close gives back what was opened.
func (k *cluster) close() error {
	var failed []error
	if k.listener != nil {
		if err := k.listener.Close(); !errors.Is(err, net.ErrClosed) {
			failed = append(failed, err)
		}
	}
	if k.db != nil {
		failed = append(failed, k.db.Close())
	}
	return errors.Join(failed...)
}

// announced returns where slaves reach this master.
func (k *cluster) announced() (string, error) {
	if k.config.Master.Announce != "" {
		return k.config.Master.Announce, nil
	}
	host, _, err := net.SplitHostPort(k.config.Master.Listen)
	if err != nil {
		return "", err
	}
	if addr := net.ParseIP(host); host == "" || addr != nil && addr.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			return "", ui.Hint(err, "master.announce is the address at which slaves reach this master")
		}
	}
	_, port, err := net.SplitHostPort(k.listener.Addr().String())
	return net.JoinHostPort(host, port), err
}

// content implements [site].
func (k *cluster) content(c *config.Config, former *force) (*content, error) {
	if former != nil {
		for key, changed := range map[string]bool{
			"database": c.Database != k.config.Database, "master": c.Master != k.config.Master,
			"nearest": !slices.Equal(c.Nearest.Databases, k.config.Nearest.Databases), "network": !reflect.DeepEqual(c.Networks, k.config.Networks),
		} {
			if changed {
				k.log.Warn("what changed takes effect after a restart only", "key", key)
			}
		}
		former.content.again()
		return former.content, nil
	}
	return &content{FS: k.master.Catalogue, Planner: k.master, holding: hold(kept{}), name: "the files of slaves"}, nil
}

// database implements [site].
func (k *cluster) database(*config.Config) (*database.DB, io.Closer, error) {
	return k.db, kept{}, nil
}

// mirrored implements [site].
func (*cluster) mirrored(*config.Config) bool { return true }

// configure implements [site].
func (k *cluster) configure(c *distftp.Config) {
	c.Overseer = overview.Overview{Catalogue: k.master.Catalogue, Links: k.master, Chooser: k.chooser}
	if c.TLS != nil {
		c.TLS.Tickets = k.tickets
	}
}

// watch implements [site].
func (k *cluster) watch(m *metrics.Metrics) {
	m.WatchSlaves(func(ctx context.Context) ([]overview.Slave, error) {
		return overview.List(ctx, k.master.Catalogue, k.master)
	})
	m.WatchCopies(&k.runner.Counts)
}

// slaves implements [site].
func (k *cluster) slaves() string { return k.listener.Addr().String() }

// kept is what is open for as long as the program runs.
type kept struct{}

func (kept) Close() error { return nil }

// run serves clients and slaves until the program is told to stop. Transfers under way may
// end then, for which slaves are needed.
func (k *cluster) run(v *service, hangups <-chan os.Signal) error {
	k.service.Store(v)
	background, stop := context.WithCancelCause(context.WithoutCancel(k))
	work, background := errgroup.WithContext(background)
	serving, enough := context.WithCancel(k)
	defer enough()
	context.AfterFunc(background, enough) // what fails there ends all
	server := link.NewServer(link.ServerConfig{
		Identity: k.identity, Authority: k.authority, Masters: k.masters, Log: k.log, Joined: k.join,
	})
	work.Go(func() error { return k.master.Catalogue.Run(background) })
	work.Go(func() error { return server.Serve(background, k.listener) })
	work.Go(func() error { k.runner.Run(background); return nil })
	work.Go(func() error { k.databases.Run(background, time.Minute); return nil })
	v.app = &app{Context: serving, Env: k.Env, flags: k.flags}
	err := v.run(hangups)
	stop(nil)
	if failed := work.Wait(); failed != nil && !errors.Is(failed, context.Canceled) {
		err = errors.Join(err, failed)
	}
	return err
}

// join has a slave take part.
func (k *cluster) join(ctx context.Context, l *link.Link) {
	if err := k.master.Join(ctx, l.Name, l.Client); err != nil && ctx.Err() == nil {
		l.Close(err)
	}
}

// masters returns where the masters that are running listen for slaves.
func (k *cluster) masters(ctx context.Context) ([]string, error) {
	all, err := k.master.Catalogue.Masters(ctx)
	addresses := make([]string, len(all))
	for i, m := range all {
		addresses[i] = m.Name
	}
	return addresses, err
}

// tickets returns the keys of session tickets, which all masters and slaves have in common.
func (k *cluster) tickets() ([][32]byte, error) { return k.authority.TicketKeys(time.Now()) }

// certificate returns what slaves that are trusted show to clients: what we show ourselves.
func (k *cluster) certificate() (*wire.Certificate, error) {
	v := k.service.Load()
	if v == nil || v.present.Load().certificate == nil {
		return nil, nil
	}
	shown, err := v.present.Load().certificate.Get(&tls.ClientHelloInfo{})
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(shown.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("key of the certificate: %w", err)
	}
	keys, err := k.tickets()
	c := &wire.Certificate{Chain: slices.Clone(shown.Certificate), Key: key}
	for _, key := range keys {
		c.Tickets = append(c.Tickets, key[:])
	}
	return c, err
}
