package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/bench/run"
)

// runCommand measures.
type runCommand struct {
	size
	Only        []string      `help:"Parts to measure: load, rank, requests, twin, change, restart. Default: all." placeholder:"PART,..."`
	Connections int           `help:"Connections that load a server." default:"64"`
	Paths       int           `help:"Different paths that are asked for." default:"100000"`
	Rounds      int           `help:"How often each server is loaded, in turn with the others." default:"5"`
	Round       time.Duration `help:"How long each time." default:"6s"`
	Load        time.Duration `help:"How long the redirector may take to load the world." default:"20m"`
	Redirector  string        `help:"The redirector. Default: the one beside this program." placeholder:"PATH"`
	Nginx       string        `help:"nginx, to compare with." env:"NGINX" placeholder:"PATH"`
	Mirrorbits  string        `help:"mirrorbits, to compare with; it needs redis-server." env:"MIRRORBITS" placeholder:"PATH"`
	JSON        string        `name:"json" help:"Write the results to this file, too." placeholder:"FILE"`
}

// Validate is called by kong.
func (c *runCommand) Validate() error {
	if err := run.Known(c.Only, parts); err != nil {
		return err
	}
	if c.Connections < 2 || c.Paths < 2 || c.Rounds < 1 {
		return errors.New("--connections and --paths must be 2 at least, --rounds positive")
	}
	return c.size.Validate()
}

// Run measures, and prints a table and verdicts. What was measured is printed also when
// something fails after that.
func (c *runCommand) Run(p *program) (err error) {
	if c.Redirector, err = run.Built(c.Redirector, redirector); err != nil {
		return err
	}
	if c.Nginx, err = run.Installed(c.Nginx, "NGINX"); err != nil {
		return err
	}
	if c.Mirrorbits, err = run.Installed(c.Mirrorbits, "MIRRORBITS"); err != nil {
		return err
	}
	b := &bench{Run: run.Begin(p.Stderr), options: c, absent: map[string]string{}}
	err = b.run(p)
	found := b.findings()
	err = errors.Join(err, found.print(p.Stdout))
	if c.JSON != "" {
		err = errors.Join(err, report.Save(c.JSON, found))
	}
	return err
}

var parts = []run.Part[*bench]{
	{Name: "rank", Run: (*bench).rank},
	{Name: "load", Run: (*bench).load},
	{Name: "requests", Run: (*bench).requests},
	{Name: "change", Run: (*bench).change},
	{Name: "restart", Run: (*bench).restart},
	{Name: "twin", Run: (*bench).twin},
}

// wants reports whether a part of the run is asked for.
func (b *bench) wants(name string) bool { return run.Wants(b.options.Only, name) }

// run goes through the parts.
func (b *bench) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, b.End()) }()
	if err := b.open(ctx); err != nil {
		return err
	}
	for _, p := range parts {
		if !b.wants(p.Name) {
			continue
		}
		b.Say("%s", strings.ToUpper(p.Name))
		if err := p.Run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return nil
}
