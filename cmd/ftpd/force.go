package main

import (
	"crypto/x509"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/distftp/admin"
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/metrics"
	"mirrortracker/internal/doors"
)

// A site is what is served, and to whom.
type site interface {
	// content opens the files that a configuration has served. What the former, which may
	// be nil, has open already and has not changed is shared with it.
	content(c *config.Config, former *force) (*content, error)
	// database opens the one that a configuration names, for what returns it to close.
	database(c *config.Config) (*database.DB, io.Closer, error)
	// mirrored reports whether foreign servers can be laid over the files.
	mirrored(c *config.Config) bool
	// configure adds to what the server is to do.
	configure(c *distftp.Config)
	// watch has a monitor look at what there is besides sessions.
	watch(m *metrics.Metrics)
	// slaves returns where slaves connect; "" where there are none.
	slaves() string
}

// A content is the files that are served.
type content struct {
	FS      control.FS
	Planner control.Planner // where their bytes come from; nil: FS has them
	*holding
	name string // for people
}

// A force is a configuration in force, with what was opened for it.
type force struct {
	config      config.Config
	log         *slog.Logger
	content     *content
	base        *base              // nil: nothing needs one
	users       *users             // nil: anonymous clients alone
	mirroring   *mirroring         // nil: there are no foreign servers
	authorities *x509.CertPool     // of foreign servers; nil: the system's
	certificate *doors.Certificate // nil: no TLS
	ledgers     []*ledger
	held        []*holding // content, base, mirroring and ledgers, each before what needs it
}

// A base is a database.
type base struct {
	*database.DB
	*holding
}

// users are those of a database.
type users struct {
	*account.Store
	hasher *account.Hasher
	desk   *account.Desk
}

// passwords is how many are looked at at a time: what they take of memory is bounded.
const passwords = 4

// enforce opens what a configuration needs. What the former has open already and has not
// changed is shared with it; former is nil for the first.
func (a *app) enforce(at site, c config.Config, former *force) (*force, error) {
	log, err := a.Logger(c.Log.Level, c.Log.Format)
	if err != nil {
		return nil, err
	}
	f := &force{config: c, log: log}
	if err := f.open(a, at, former); err != nil {
		f.release()
		return nil, err
	}
	return f, nil
}

// open opens all, or as much as it can.
func (f *force) open(a *app, at site, former *force) (err error) {
	c := &f.config
	if f.content, err = at.content(c, former); err != nil {
		return err
	}
	f.held = append(f.held, f.content.holding)
	if at.mirrored(c) {
		if f.authorities, err = authorities(c); err != nil {
			return err
		}
	}
	if c.Users || at.mirrored(c) {
		if f.base, err = openBase(at, c, former); err != nil {
			return err
		}
		f.held = append(f.held, f.base.holding)
	}
	if c.Users {
		f.users = usersOf(f.base, former)
	}
	if at.mirrored(c) {
		if f.mirroring, err = a.openMirroring(f, former); err != nil {
			return err
		}
		f.held = append(f.held, f.mirroring.holding)
	}
	if c.TLS.Certificate != "" {
		if f.certificate, err = doors.LoadCertificate(c.TLS.Certificate, c.TLS.Key); err != nil {
			return err
		}
	}
	return f.openLedgers(a, former)
}

// release gives back what was opened.
func (f *force) release() {
	for _, h := range slices.Backward(f.held) {
		h.release(f.log)
	}
}

func openBase(at site, c *config.Config, former *force) (*base, error) {
	if former != nil && former.base != nil && former.config.Database == c.Database {
		former.base.again()
		return former.base, nil
	}
	db, closer, err := at.database(c)
	if err != nil {
		return nil, err
	}
	return &base{db, hold(closer)}, nil
}

func usersOf(b *base, former *force) *users {
	if former != nil && former.users != nil && former.base == b {
		return former.users
	}
	store, hasher := account.On(b.DB), account.NewHasher(account.DefaultCost, passwords)
	return &users{store, hasher, account.NewDesk(store, hasher, time.Now)}
}

// serverConfig returns the configuration in the words of the server.
func (f *force) serverConfig() distftp.Config {
	c := &f.config
	s := distftp.Config{
		FS:            f.content.FS,
		Planner:       f.content.Planner,
		Hosts:         c.Hosts,
		Banner:        c.Banner,
		Logger:        f.log,
		LoginTimeout:  c.Timeouts.Login.Duration,
		IdleTimeout:   c.Timeouts.Idle.Duration,
		DataTimeout:   c.Timeouts.Data.Duration,
		StopTimeout:   c.StopTimeout.Duration,
		MaxSessions:   limit(c.Limits.Sessions),
		MaxPerAddress: limit(c.Limits.PerAddress),
		MaxPerUser:    limit(c.Limits.PerUser),
		MaxFailures:   limit(c.Limits.Failures),
		FailureMemory: c.Limits.FailureMemory.Duration,
	}
	if f.mirroring != nil {
		s.FS, s.Planner, s.Mirrors = f.mirroring.Overlay, f.mirroring.Overlay, f.mirroring.site()
	}
	if f.users != nil {
		s.Authenticator = distftp.Users{Desk: f.users.desk, NoAnonymous: !c.Anonymous}
		s.Manager = admin.Site{Users: f.users.Store, Hasher: f.users.hasher}
	}
	if f.certificate != nil {
		s.TLS = &control.TLS{
			Certificate:     f.certificate.Get,
			RequireForUsers: c.TLS.Require == config.Passwords,
			RequireControl:  c.TLS.Require == config.Logins || c.TLS.Require == config.Data,
			RequireData:     c.TLS.Require == config.Data,
			RequireReuse:    c.TLS.RequireReuse,
		}
	}
	return s
}

// limit writes "any number", which is 0 in a configuration, as the server does.
func limit(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// audience says who is served.
func (f *force) audience() string {
	switch {
	case f.users == nil:
		return "anonymous clients"
	case f.config.Anonymous:
		return "anonymous clients and users"
	}
	return "users"
}

// warnings say what is unwise.
func (f *force) warnings() []string {
	var all []string
	switch {
	case f.users == nil:
	case f.certificate == nil:
		all = append(all, "passwords of users are not protected on their way; tls.certificate and tls.key make TLS possible")
	case f.config.TLS.Require == config.Nothing:
		all = append(all, `passwords of users need not be protected on their way; tls.require = "passwords" sees to that`)
	}
	if os.Geteuid() == 0 {
		all = append(all, "the server runs as root, which it need not for anything: a port below 1024 takes CAP_NET_BIND_SERVICE or a socket of systemd")
	}
	return all
}
