package main

import (
	"errors"
	"net"
	"syscall"
	"time"

	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/doctor"
	"mirrortracker/internal/distftp/operator"
	"mirrortracker/internal/distftp/overview"
	"mirrortracker/internal/human"
)

// masterFindings looks at what a master has in place of a folder: its database, where slaves
// connect, and the slaves.
func (a *app) masterFindings(f *doctor.Findings, cfg *config.Config) {
	if host, _, err := net.SplitHostPort(cfg.Master.Announce); err == nil {
		if _, err := net.DefaultResolver.LookupHost(a, host); err != nil {
			f.Bad("master.announce", "name an address at which slaves reach this master", "%v", err)
		}
	}
	switch l, err := listen(cfg.Master.Listen); {
	case err == nil:
		l.Close()
		f.Doubt("slaves' port", "start it: ftpd master", "nothing listens at %s", cfg.Master.Listen)
	case errors.Is(err, syscall.EADDRINUSE):
		f.Good("slaves' port", "something listens at %s", cfg.Master.Listen)
	default:
		f.Bad("slaves' port", "master.listen in the configuration is an address of this machine", "%v", err)
	}
	db, err := a.openDatabase(cfg)
	if err != nil {
		f.Bad("names", `the database is named by --database, FTPD_DATABASE or "database" in the configuration`, "%v", err)
		return
	}
	switch why, err := db.Forgets(a); {
	case err != nil:
		f.Bad("names", "the database's log may say why", "%v", err)
	case why != "":
		f.Bad("names", "set innodb_flush_log_at_trx_commit = 1 at the database server", "%s", why)
	default:
		f.Good("names", "what the database commits has reached its disk")
	}
	names, err := operator.On(a, db)
	if err != nil {
		f.Bad("slaves", "the database's log may say why", "%v", err)
		return
	}
	defer names.Close()
	slaves, err := overview.List(a, names, nil)
	if err != nil {
		f.Bad("slaves", "the database's log may say why", "%v", err)
		return
	}
	slaveFindings(f, slaves, time.Now())
}

// slaveFindings says which slaves can be used.
func slaveFindings(f *doctor.Findings, slaves []overview.Slave, now time.Time) {
	if len(slaves) == 0 {
		f.Bad("slaves", "ftpd enroll NAME", "there are none, so that nothing can be stored")
	}
	for _, s := range slaves {
		check := "slave " + s.Name
		switch {
		case s.Seen.IsZero():
			f.Doubt(check, "start it there: ftpd slave", "it has never joined")
		case s.State != overview.Online:
			f.Doubt(check, "see there what ftpd slave says", "away for %s", human.Span(now.Sub(s.Seen)))
		case s.Fault != "":
			f.Doubt(check, "mend its disk, or have others take its place: ftpd slave drain "+s.Name, "it takes no uploads: %s", s.Fault)
		default:
			f.Good(check, "%s, %s free", human.Plural(s.Files, "file", "files"), human.Bytes(s.Free))
		}
	}
}
