package main

import (
	"context"
	"errors"
	"fmt"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/bench/run"
	"mirrortracker/internal/bench/world"
)

// runCommand measures.
type runCommand struct {
	Only    []string `help:"Parts to measure: size, import. Default: all." placeholder:"PART,..."`
	Dirs    int      `help:"Directories of the archive." default:"100000"`
	Seed    uint64   `help:"Other archives of the same kind." default:"1"`
	Rounds  int      `help:"How often a pack is imported into each database." default:"3"`
	Crawler string   `help:"The crawler. Default: the one beside this program." placeholder:"PATH"`
	JSON    string   `name:"json" help:"Write the results to this file, too." placeholder:"FILE"`
}

// params are those of a world of which only the mirrors of the archive are written.
func (c *runCommand) params() world.Params {
	const sites = 20 // the least; ten of them mirror the archive
	return world.Params{Dirs: c.Dirs * sites, Sites: sites, Seed: c.Seed}
}

// Validate is called by kong.
func (c *runCommand) Validate() error {
	if err := run.Known(c.Only, parts); err != nil {
		return err
	}
	if c.Rounds < 1 {
		return errors.New("--rounds must be positive")
	}
	return c.params().Validate()
}

// Run measures, and prints figures and verdicts. What was measured is printed also when
// something fails after that.
func (c *runCommand) Run(p *program) (err error) {
	if c.Crawler, err = run.Built(c.Crawler, "crawler"); err != nil {
		return err
	}
	b := &bench{Run: run.Begin(p.Stderr), options: c}
	err = b.run(p)
	found := b.findings()
	err = errors.Join(err, found.print(p.Stdout))
	if c.JSON != "" {
		err = errors.Join(err, report.Save(c.JSON, found))
	}
	return err
}

var parts = []run.Part[*bench]{
	{Name: "size", Run: (*bench).size},
	{Name: "import", Run: (*bench).imports},
}

// run measures all parts that are wanted.
func (b *bench) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, b.End()) }()
	if err := b.open(ctx); err != nil {
		return err
	}
	for _, part := range parts {
		if !b.wants(part.Name) {
			continue
		}
		if err := part.Run(b, ctx); err != nil {
			if ctx.Err() != nil {
				err = run.ErrInterrupted
			}
			return fmt.Errorf("%s: %w", part.Name, err)
		}
	}
	return nil
}

func (b *bench) wants(part string) bool { return run.Wants(b.options.Only, part) }
