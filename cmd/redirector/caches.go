package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"sync"

	"mirrortracker/internal/config"
	"mirrortracker/internal/redirect"
	"mirrortracker/internal/squid"
	"mirrortracker/internal/squid/icp"
	"mirrortracker/internal/ui"
)

// caches are the places where caches are answered, each nil unless it is configured.
type caches struct {
	cfg     config.Redirector
	helpers net.Listener
	sibling net.Listener
	queries *net.UDPConn
}

// openCaches opens what is configured.
func openCaches(cfg config.Redirector) (_ *caches, err error) {
	c := &caches{cfg: cfg}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if path := cfg.Squid.Socket; path != "" {
		if c.helpers, err = redirect.Listen("unix:" + path); err != nil {
			return nil, ui.Hint(err, "redirector.squid.socket names it; its folder must be there")
		}
		// Squid runs its helpers as a user of its own, and nothing is said here
		// that HTTP does not say to everybody.
		if err = os.Chmod(path, 0o666); err != nil {
			return nil, err
		}
	}
	if address := cfg.Proxy.Listen; address != "" {
		if c.sibling, err = redirect.Listen(address); err != nil {
			return nil, ui.Hint(err, "redirector.proxy.listen names it")
		}
	}
	if address := cfg.ICP.Listen; address != "" {
		where, err := net.ResolveUDPAddr("udp", address)
		if err == nil {
			c.queries, err = net.ListenUDP("udp", where)
		}
		if err != nil {
			return nil, ui.Hint(err, "redirector.icp.listen names it")
		}
	}
	return c, nil
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
func (c *caches) serve(ctx context.Context, d squid.Decider, m *squid.Metrics, log *slog.Logger) {
	var serving sync.WaitGroup
	defer serving.Wait()
	serve := func(what string, where net.Addr, f func() error) {
		log.Info("answering caches", "by", what, "address", where.String())
		serving.Go(func() {
			if err := f(); err != nil {
				log.Error("caches are not answered any more", "by", what, "err", err)
			}
		})
	}
	if c.helpers != nil {
		serve("socket", c.helpers.Addr(), func() error { return squid.Serve(ctx, c.helpers, d, m) })
	}
	if c.sibling != nil {
		serve("HTTP", c.sibling.Addr(), func() error {
			return redirect.Serve(ctx, log, redirect.Door{Listener: c.sibling, Handler: squid.Sibling(d, m)})
		})
	}
	if c.queries != nil {
		r := &icp.Responder{
			Holds: squid.Holds(d),
			Allow: c.cfg.ICP.Allow,
			Count: m.CountICP,
		}
		serve("ICP", c.queries.LocalAddr(), func() error { return r.Serve(ctx, c.queries) })
	}
}
