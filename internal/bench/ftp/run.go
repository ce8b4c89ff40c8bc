package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/bench/run"
)

// runCommand measures.
type runCommand struct {
	Only     []string `help:"Parts to measure: download, files, logins, idle, list, slaves, four, scale. Default: all." placeholder:"PART,..."`
	Rounds   int      `help:"How often each server has its turn." default:"7"`
	MiB      int      `name:"mib" help:"Size of the large file." default:"1024"`
	Files    int      `help:"Small files." default:"2000"`
	Logins   int      `help:"Logins in a round; of the others a tenth, as they are slower." default:"2000"`
	Sessions int      `help:"Idle sessions; of the others, which take a process for each, fifty times less." default:"5000"`
	Entries  int      `help:"Entries of the directory that is listed." default:"10000"`
	Million  int      `help:"Files of three slaves together." default:"1000000"`
	FTPD     string   `name:"ftpd" help:"Our server. Default: the one beside this program." placeholder:"PATH"`
	Inside   bool     `hidden:"" help:"This is the network of its own."`
	JSON     string   `name:"json" help:"Write the results to this file, too." placeholder:"FILE"`
}

// Validate is called by kong.
func (c *runCommand) Validate() error {
	if err := run.Known(c.Only, parts); err != nil {
		return err
	}
	if min(c.Rounds, c.MiB, c.Files, c.Logins/10, c.Sessions/50, c.Entries, c.Million/300) < 1 {
		return errors.New("all numbers must be positive, --logins 10, --sessions 50 and --million 300 at least")
	}
	return nil
}

// Run measures, and prints tables and verdicts. What was measured is printed also when
// something fails after that.
func (c *runCommand) Run(p *program) (err error) {
	if !c.Inside {
		return inside(p)
	}
	if err := prepare(); err != nil {
		return err
	}
	if c.FTPD, err = run.Built(c.FTPD, ours); err != nil {
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
	{Name: "download", Run: (*bench).download},
	{Name: "files", Run: (*bench).files},
	{Name: "logins", Run: (*bench).logins},
	{Name: "idle", Run: (*bench).idle},
	{Name: "list", Run: (*bench).list},
	{Name: "slaves", Run: (*bench).slaves},
	{Name: "four", Run: (*bench).four},
	{Name: "scale", Run: (*bench).scale},
}

// wants reports whether a part of the run is asked for.
func (b *bench) wants(name string) bool { return run.Wants(b.options.Only, name) }

// run goes through the parts.
func (b *bench) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, b.End()) }()
	if err := b.open(); err != nil {
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
