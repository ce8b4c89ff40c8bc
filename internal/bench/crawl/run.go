package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/bench/run"
)

// runCommand measures.
type runCommand struct {
	Only    []string      `help:"Parts to measure: loopback, 20ms, 100ms, list-only, large. Default: all." placeholder:"PART,..."`
	Dirs    int           `help:"Folders of the tree, each with ten files; the large tree has five times as many." default:"20000"`
	Window  time.Duration `help:"How long other clients may go on." default:"30s"`
	Runs    int           `help:"How often our crawls on loopback, and what they are compared with by time, are repeated." default:"3"`
	Most    time.Duration `help:"How long one crawl of ours may take." default:"4m"`
	Limit   time.Duration `help:"How long the whole may take; what is not begun by then is left out." default:"23m"`
	Crawler string        `help:"The crawler. Default: the one beside this program." placeholder:"PATH"`
	Rclone  string        `help:"rclone, to compare with." env:"RCLONE" placeholder:"PATH"`
	JSON    string        `name:"json" help:"Write the results to this file, too." placeholder:"FILE"`
}

// Validate is called by kong.
func (c *runCommand) Validate() error {
	if err := run.Known(c.Only, parts); err != nil {
		return err
	}
	if c.Dirs < 1 || c.Runs < 1 {
		return errors.New("--dirs and --runs must be positive")
	}
	return nil
}

// Run measures, and prints a table and verdicts. What was measured is printed also
// when something fails after that.
func (c *runCommand) Run(p *program) (err error) {
	if c.Crawler, err = run.Built(c.Crawler, crawlerProgram); err != nil {
		return err
	}
	if c.Rclone, err = run.Installed(c.Rclone, "RCLONE"); err != nil {
		return err
	}
	b := &bench{
		Run:     run.Begin(p.Stderr),
		options: c,
		crawler: crawler{path: c.Crawler, most: c.Most},
		trees:   map[int]*tree{},
		absent:  map[string]string{},
	}
	err = b.run(p)
	found := b.findings()
	if len(b.results) > 0 {
		err = errors.Join(err, found.print(p.Stdout))
	}
	if c.JSON != "" {
		err = errors.Join(err, report.Save(c.JSON, found))
	}
	return err
}

// run goes through the parts.
func (b *bench) run(ctx context.Context) (err error) {
	defer func() {
		b.Say("removing what was made")
		err = errors.Join(err, b.End())
	}()
	if err := b.open(); err != nil {
		return err
	}
	for _, p := range parts {
		if !b.wants(p.Name) {
			continue
		}
		if b.left() <= 0 {
			b.Say("%s: %s", strings.ToUpper(p.Name), noTime)
			b.late = true
			break
		}
		b.Say("%s", strings.ToUpper(p.Name))
		if err := p.Run(b, ctx); err != nil {
			return err
		}
	}
	return nil
}
