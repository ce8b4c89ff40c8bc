package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"mirrortracker/internal/distftp/auto"
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/nearest"
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
