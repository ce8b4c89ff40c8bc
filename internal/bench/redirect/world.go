package main

import (
	"fmt"

	"mirrortracker/internal/bench/run"
	"mirrortracker/internal/bench/world"
)

// A size says which world.
type size struct {
	Dirs     int    `help:"Directories of the world, counted over its sites." default:"10000000"`
	Sites    int    `help:"Its sites, a multiple of 20." default:"200"`
	Seed     uint64 `help:"Other worlds of the same kind." default:"1"`
	Distinct bool   `help:"No site is a mirror of another: the most trees for its directories."`
	Worlds   string `help:"Where worlds are kept." default:".cache/worlds" placeholder:"FOLDER"`
}

func (s *size) params() world.Params {
	return world.Params{Dirs: s.Dirs, Sites: s.Sites, Seed: s.Seed, Distinct: s.Distinct}
}

// worldCommand writes a world.
type worldCommand struct{ size }

// Validate is called by kong.
func (s *size) Validate() error { return s.params().Validate() }

// Run writes it, unless it is kept already, and prints where it is.
func (c *worldCommand) Run(p *program) error {
	writing := run.Begin(p.Stderr)
	database, was, err := c.params().Keep(p, c.Worlds, writing.Say)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Stderr, "%d sites, %d directories, %d distinct, %d files; written in %.1f s\n", was.Sites, was.Places, was.Distinct, was.Files, was.Seconds)
	_, err = fmt.Fprintln(p.Stdout, database)
	return err
}
