package main

import (
	"cmp"
	"context"
	"time"

	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/doctor"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirrors"
)

// mirrorFindings logs in at the servers of all aliases, where there can be some.
func (a *app) mirrorFindings(f *doctor.Findings, cfg *config.Config) {
	db, err := a.openDatabase(cfg)
	if err != nil {
		return // which others say
	}
	defer db.Close()
	store, err := mirrors.Open(a, mirrorsConfig(cfg, db))
	if err != nil {
		f.Bad("mirrors", "the database's log may say why", "%v", err)
		return
	}
	trusted, err := authorities(cfg)
	if err != nil {
		f.Bad("mirrors", `"mirror_ca" in the configuration names a PEM file of certificates that are trusted besides the system's`, "%v", err)
		return
	}
	pools := foreign.NewPools(foreign.Config{Authorities: trusted})
	defer pools.Close()
	for _, alias := range store.View().Aliases() {
		check := "alias " + string(alias.Path)
		server, err := alias.Server()
		if err != nil {
			f.Bad(check, `"secrets" in the configuration names the file with the key; servers on one database need copies of one file`, "%v", err)
			continue
		}
		if err := a.visitMirror(pools.Of(server, alias.Abilities), alias); err != nil {
			f.Doubt(check, cmp.Or(foreign.Remedy(err), "SITE REMOTE CHANGE, or ftpd mirror change, sets host, port, user, password, directory and TLS"), "%v", err)
			continue
		}
		f.Good(check, "%s lets us in", server)
	}
}

// visitTime bounds a look at one server.
const visitTime = 10 * time.Second

// visitMirror looks at the directory that an alias leads to.
func (a *app) visitMirror(p *foreign.Pool, alias *mirrors.Alias) error {
	ctx, cancel := context.WithTimeout(a, visitTime)
	defer cancel()
	_, err := p.Stat(ctx, alias.Root)
	return err
}
