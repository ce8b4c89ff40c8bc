package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"time"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirroradmin"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/mirror"
)

// mirrors is what the commands about mirrors run in.
func (a *app) mirrors() *mirroradmin.App {
	return &mirroradmin.App{
		Context: a.Context,
		Env:     a.Env,
		Flags:   &a.flags.Admin,
		Open: func() (*mirrors.Store, func() error, error) {
			c, err := a.load(nil)
			if err != nil {
				return nil, nil, err
			}
			db, err := a.openDatabase(&c)
			if err != nil {
				return nil, nil, err
			}
			s, err := mirrors.Open(a, mirrorsConfig(&c, db))
			if err != nil {
				db.Close()
				return nil, nil, err
			}
			return s, db.Close, nil
		},
		Resolve:  mirror.ParsePath,
		Password: a.admin().Password,
		Probe:    a.probeFromHere,
		Patience: time.Minute,
		Ask:      func(s *mirrors.Store) ([]mirrors.Report, error) { return s.Ask(a) },
	}
}

// probeFromHere finds out what a foreign server allows to this machine.
func (a *app) probeFromHere(ctx context.Context, alias *mirrors.Alias) (foreign.Abilities, error) {
	server, err := alias.Server()
	if err != nil {
		return foreign.Abilities{}, err
	}
	c, err := a.load(nil)
	if err != nil {
		return foreign.Abilities{}, err
	}
	trusted, err := authorities(&c)
	if err != nil {
		return foreign.Abilities{}, err
	}
	pool := foreign.NewPool(server, alias.Abilities, foreign.Config{Authorities: trusted})
	defer pool.Close()
	return pool.Probe(ctx)
}

// authorities returns those who say who foreign servers are.
func authorities(c *config.Config) (*x509.CertPool, error) {
	all, err := foreign.ReadAuthorities(c.MirrorCA)
	return all, strict.Of("mirror_ca", err)
}

// mirrorsConfig returns what a configuration says of mirrors, for a program that is no
// server.
func mirrorsConfig(c *config.Config, db *database.DB) mirrors.Config {
	m := mirrors.Config{
		DB:   db,
		Key:  mirrors.OpenKey(cmp.Or(c.Secrets, mirrors.KeyFile(c.Database))),
		Ours: oursByName(c),
	}
	for _, dir := range c.AutoMirror {
		m.Auto = append(m.Auto, mirror.Path(dir)) // as it was validated
	}
	return m
}

// lookupTime is how long is waited for the addresses of a name.
const lookupTime = 3 * time.Second

// oursByName returns what tells whether a server at a host and port is this one, also where
// the host is another name of this machine.
func oursByName(c *config.Config) func(context.Context, string, uint16) bool {
	known := ours(c)
	return func(ctx context.Context, host string, port uint16) bool {
		if known(host, port) {
			return true
		}
		if _, err := netip.ParseAddr(host); err == nil {
			return false
		}
		ctx, cancel := context.WithTimeout(ctx, lookupTime)
		defer cancel()
		addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return false // it cannot be told, and is bounded when it is used
		}
		for _, address := range addresses {
			if known(address.Unmap().String(), port) {
				return true
			}
		}
		return false
	}
}
