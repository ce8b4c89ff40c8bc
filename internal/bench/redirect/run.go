package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/ui"
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
	for _, name := range c.Only {
		if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
			return errors.New("there is no part " + name)
		}
	}
	if c.Connections < 2 || c.Paths < 2 || c.Rounds < 1 {
		return errors.New("--connections and --paths must be 2 at least, --rounds positive")
	}
	return c.size.Validate()
}

// Run measures, and prints a table and verdicts. What was measured is printed also when
// something fails after that.
func (c *runCommand) Run(p *program) (err error) {
	if c.Redirector == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		c.Redirector = filepath.Join(filepath.Dir(self), "redirector")
	}
	if _, err := os.Stat(c.Redirector); err != nil {
		return ui.Hint(err, "make build, or --redirector PATH")
	}
	if c.Redirector, err = filepath.Abs(c.Redirector); err != nil {
		return err
	}
	b := &bench{options: c, log: p.Stderr, began: time.Now(), absent: map[string]string{}}
	err = b.run(p)
	report := b.report()
	err = errors.Join(err, report.print(p.Stdout))
	if c.JSON != "" {
		err = errors.Join(err, report.write(c.JSON))
	}
	return err
}

// A part of a run can be asked for by its name.
type part struct {
	name string
	run  func(*bench, context.Context) error
}

var parts = []part{
	{"rank", (*bench).rank},
	{"load", (*bench).load},
	{"requests", (*bench).requests},
	{"change", (*bench).change},
	{"restart", (*bench).restart},
	{"twin", (*bench).twin},
}

// wants reports whether a part is part of the run.
func (b *bench) wants(name string) bool {
	return len(b.options.Only) == 0 || slices.Contains(b.options.Only, name)
}

// run goes through the parts.
func (b *bench) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, b.close()) }()
	if err := b.open(ctx); err != nil {
		return err
	}
	for _, p := range parts {
		if !b.wants(p.name) {
			continue
		}
		b.say("%s", strings.ToUpper(p.name))
		if err := p.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}
