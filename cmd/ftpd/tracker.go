package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mirrortracker/internal/distftp/auto"
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/doctor"
	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/store"
)

// A replicas finds the replicas that a tracker knows of mirrored directories.
type replicas struct {
	*auto.Finder
	databases *nearest.Databases // nil: there are none
}

// newReplicas makes one of what a configuration says; nil if there is no tracker. Tree is the
// file system beneath all that is shown of others.
func newReplicas(c *config.Config, tree auto.Tree, log *slog.Logger) *replicas {
	t := &c.Tracker
	if t.Database == "" {
		return nil
	}
	r := &replicas{}
	if len(c.Nearest.Databases) > 0 {
		r.databases = nearest.NewDatabases(c.Nearest.Databases, log)
	}
	r.Finder = auto.New(auto.Config{
		Database: t.Database, Cache: t.Cache, Refresh: t.Refresh.Duration, Digests: t.Digests.Duration,
		Self: t.Self, Ours: ours(c), Tree: tree, Nearest: c.NearestSites(), Databases: r.databases, Log: log,
	})
	return r
}

// run follows the tracker until ctx ends.
func (r *replicas) run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	if r.databases != nil {
		running.Go(func() { r.databases.Run(ctx, time.Minute) })
	}
	r.Finder.Run(ctx)
}

// trackerFindings looks at the tracker's database, if mirrored directories are to go by one.
func (a *app) trackerFindings(f *doctor.Findings, cfg *config.Config) {
	url := cfg.Tracker.Database
	if url == "" {
		return
	}
	const remedy = `"tracker.database" in the configuration is the one that the crawler fills`
	db, err := store.OpenPresent(a, url)
	if err != nil {
		f.Bad("tracker", remedy, "%v", err)
		return
	}
	defer db.Close()
	sites, err := db.Sites(a)
	if err == nil {
		var crawled []store.Snapshot
		if crawled, err = db.Current(a); err == nil && len(crawled) == 0 {
			f.Doubt("tracker", "crawler crawl", "none of its sites was crawled yet: it knows no replicas")
		} else if err == nil {
			f.Good("tracker", "%s, of which it knows what %d have", human.Plural(int64(len(sites)), "site", "sites"), len(crawled))
		}
	}
	if err != nil {
		f.Bad("tracker", remedy, "%v", err)
		return
	}
	for _, name := range cfg.Tracker.Self {
		if !slices.ContainsFunc(sites, func(s mirror.Site) bool { return s.Name == name }) {
			f.Doubt("tracker", `"tracker.self" in the configuration; crawler site list shows the names`, "no site is called %s", name)
		}
	}
}

// ours returns what tells whether a server at a host and port is this one, as far as that can
// be told without asking anybody.
func ours(c *config.Config) func(host string, port uint16) bool {
	hosts := map[string]bool{"localhost": true}
	for _, name := range c.Hosts {
		hosts[strings.Trim(name, "[]")] = true
	}
	at := func(address netip.Addr) {
		if address.IsValid() {
			hosts[address.Unmap().String()] = true
		}
	}
	if all, err := net.InterfaceAddrs(); err == nil {
		for _, a := range all {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				at(p.Addr())
			}
		}
	}
	ports := map[string]bool{}
	for _, d := range c.Everywhere() {
		at(d.External4)
		at(d.External6)
		if host, port, err := net.SplitHostPort(d.Listen); err == nil {
			hosts[host], ports[port] = true, true
		}
	}
	delete(hosts, "") // of ":21"
	return func(host string, port uint16) bool { return hosts[host] && ports[strconv.Itoa(int(port))] }
}
