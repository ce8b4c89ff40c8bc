package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"mirrortracker/internal/bench/run"
	"mirrortracker/internal/bench/world"
	"mirrortracker/internal/mirror"
)

// A bench is one run.
type bench struct {
	run.Run
	options *runCommand

	dir      string       // of this run
	world    world.Params // and what there is of it
	written  world.Written
	database string // a copy of the world's
	asked    []world.Path
	clients  []world.Client
	wrk      *wrk
	ours     *server // while it runs

	absent  map[string]string // why a server or a figure is not there
	results results
}

// Names of servers in results.
const (
	redirector = "redirector"
	bare       = "bare chi"
	nginx      = "nginx"
	mirrorbits = "mirrorbits"
)

// open makes the world and what it is asked.
func (b *bench) open(ctx context.Context) (err error) {
	if b.dir, err = b.Folder(); err != nil {
		return err
	}
	b.AtEnd(b.quit)
	b.world = b.options.params()
	kept, written, err := b.world.Keep(ctx, b.options.Worlds, b.Say)
	if err != nil {
		return err
	}
	b.written = written
	b.Say("a world of %d directories, %d of them distinct, on %d sites", written.Places, written.Distinct, written.Sites)
	b.database = b.file("tracker.db")
	if out, err := exec.CommandContext(ctx, "cp", "--reflink=auto", kept, b.database).CombinedOutput(); err != nil {
		return fmt.Errorf("copy the world: %w: %s", err, out)
	}
	b.asked = b.world.Paths(b.options.Paths)
	b.clients = b.world.Clients(manyClients, manyPrefixes)
	for name, write := range map[string]func(io.Writer, []world.Client) error{cities: world.WriteCities, ases: world.WriteASes} {
		var text bytes.Buffer
		if err := errors.Join(write(&text, b.clients), os.WriteFile(b.file(name), text.Bytes(), 0o644)); err != nil {
			return err
		}
	}
	addresses := make([]string, len(b.clients))
	for i, c := range b.clients {
		addresses[i] = c.Addr.String()
	}
	b.wrk, err = newWrk(b.dir, addresses, b.options.Connections)
	return err
}

// How many clients there are, and files in which their places are.
const (
	manyClients  = 10_000
	manyPrefixes = 1_000

	cities = "GeoLite2-City.mmdb"
	ases   = "GeoLite2-ASN.mmdb"
)

// serve returns the redirector, which runs until the end of the run or until b.quit.
func (b *bench) serve(ctx context.Context) (*server, error) {
	if b.ours != nil {
		return b.ours, nil
	}
	s, took, err := b.startRedirector(ctx, b.database)
	if err != nil {
		return nil, err
	}
	b.Say("the redirector is ready after %.1f s", took.Seconds())
	return s, b.adopt(s)
}

// adopt makes a redirector the one that serves.
func (b *bench) adopt(s *server) error {
	b.ours = s
	s.paths = b.file("paths")
	return writeLines(s.paths, b.targets())
}

// cache is the folder in which the redirector keeps its index.
func (b *bench) cache() string { return b.file("index") }

// quit ends the redirector.
func (b *bench) quit() error {
	if b.ours == nil {
		return nil
	}
	s := b.ours
	b.ours = nil
	return s.stop()
}

// targets are what the redirector is asked for: one half by the URL of a site, the other
// by its name.
func (b *bench) targets() []string {
	sites := b.world.Tracked()
	targets := make([]string, len(b.asked))
	for i, path := range b.asked {
		targets[i] = target(&sites[path.Site], path.Path, i%2 == 0)
	}
	return targets
}

// target asks for a file of a site.
func target(site *mirror.Site, path mirror.Path, byName bool) string {
	base := "/" + site.Name
	if !byName {
		base = "/" + site.URL.Host + strings.TrimSuffix(mirror.EscapePath(site.URL.Base), "/")
	}
	return base + mirror.EscapePath(string(path))
}
