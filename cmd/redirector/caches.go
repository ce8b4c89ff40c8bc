package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"

	"mirrortracker/internal/config"
	"mirrortracker/internal/doors"
	"mirrortracker/internal/squid"
	"mirrortracker/internal/squid/icp"
	"mirrortracker/internal/ui"
)

// caches are the places where caches are answered, each nil unless it is configured.
type caches struct {
	decider squid.Decider
	metrics *squid.Metrics
	log     *slog.Logger

	helpers net.Listener
	sibling net.Listener
	queries *net.UDPConn
	allow   []netip.Prefix // who may query
}

// open opens what is configured, all or nothing.
func (c *caches) open(cfg *config.Redirector) (err error) {
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if path := cfg.Squid.Socket; path != "" {
		if c.helpers, err = doors.Listen("unix:" + path); err != nil {
			return ui.Hint(err, "redirector.squid.socket names it; its folder must be there")
		}
		// Squid runs its helpers as a user of its own, and nothing is said here
		// that HTTP does not say to everybody.
		if err = os.Chmod(path, 0o666); err != nil {
			return err
		}
	}
	if address := cfg.Proxy.Listen; address != "" {
		if c.sibling, err = doors.Listen(address); err != nil {
			return ui.Hint(err, "redirector.proxy.listen names it")
		}
	}
	if address := cfg.ICP.Listen; address != "" {
		c.allow = cfg.ICP.Allow
		if c.queries, err = listenUDP(address); err != nil {
			return ui.Hint(err, "redirector.icp.listen names it")
		}
	}
	return nil
}

func listenUDP(address string) (*net.UDPConn, error) {
	where, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	return net.ListenUDP("udp", where)
}

func (c *caches) close() {
	if c.helpers != nil {
		c.helpers.Close()
	}
	if c.sibling != nil {
		c.sibling.Close()
	}
	if c.queries != nil {
		c.queries.Close()
	}
}

// serve answers until ctx is done. What fails is logged and does not end the rest: the
// redirector is there for more than caches.
func (c *caches) serve(ctx context.Context) {
	decider := squid.Surviving(c.decider, c.log)
	var serving sync.WaitGroup
	defer serving.Wait()
	serve := func(by string, where net.Addr, f func() error) {
		c.log.Info("answering caches", "by", by, "address", where.String())
		serving.Go(func() {
			if err := f(); err != nil {
				c.log.Error("caches are not answered any more", "by", by, "err", err)
			}
		})
	}
	if c.helpers != nil {
		serve("socket", c.helpers.Addr(), func() error { return squid.Serve(ctx, c.helpers, decider, c.metrics) })
	}
	if c.sibling != nil {
		serve("HTTP", c.sibling.Addr(), func() error {
			return doors.Serve(ctx, c.log, doors.Door{Listener: c.sibling, Handler: squid.Sibling(decider, c.metrics)})
		})
	}
	if c.queries != nil {
		r := &icp.Responder{Holds: squid.Holds(decider), Allow: c.allow, Count: c.metrics.CountICP}
		serve("ICP", c.queries.LocalAddr(), func() error { return r.Serve(ctx, c.queries) })
	}
}
