package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/ui"
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
	for _, name := range c.Only {
		if !slices.ContainsFunc(phases, func(p phase) bool { return p.name == name }) {
			return errors.New("there is no part " + name)
		}
	}
	if c.Dirs < 1 || c.Runs < 1 {
		return errors.New("--dirs and --runs must be positive")
	}
	return nil
}

// Run measures, and prints a table and verdicts. What was measured is printed also
// when something fails after that.
func (c *runCommand) Run(p *program) (err error) {
	if c.Crawler == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		c.Crawler = filepath.Join(filepath.Dir(self), "crawler")
	}
	if _, err := os.Stat(c.Crawler); err != nil {
		return ui.Hint(err, "make build, or --crawler PATH")
	}
	if c.Crawler, err = filepath.Abs(c.Crawler); err != nil {
		return err
	}
	b := &bench{
		options: c,
		crawler: crawler{path: c.Crawler, most: c.Most},
		log:     p.Stderr,
		began:   time.Now(),
		trees:   map[int]*tree{},
		absent:  map[string]string{},
	}
	err = b.run(p)
	report := b.report()
	if len(b.results) > 0 {
		err = errors.Join(err, report.print(p.Stdout))
	}
	if c.JSON != "" {
		err = errors.Join(err, report.write(c.JSON))
	}
	return err
}

// run goes through the phases.
func (b *bench) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, b.close()) }()
	if err := b.open(); err != nil {
		return err
	}
	for _, ph := range phases {
		if !b.wants(ph.name) {
			continue
		}
		if b.left() <= 0 {
			b.say("%s: %s", strings.ToUpper(ph.name), noTime)
			b.late = true
			break
		}
		b.say("%s", strings.ToUpper(ph.name))
		if err := ph.run(b, ctx); err != nil {
			return err
		}
	}
	return nil
}
