package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"mirrortracker/internal/health"
	"mirrortracker/internal/process"
	"mirrortracker/internal/program"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/ui"
)

// checker returns what checks the URLs of the sites of an index, or nil where nothing
// is to be checked.
func checker(s *program.Session, index func() *resolver.Index, metrics prometheus.Registerer) (*health.Checker, error) {
	cfg := &s.Config.Health
	if cfg.Checks == "off" {
		return nil, nil
	}
	hooks, err := cfg.Hooks(s.Getenv)
	if err != nil {
		return nil, ui.Hint(err, "the secret is to stand there, in the environment or in the file, and nothing else")
	}
	return health.New(health.Config{
		Sites:    sitesOf(index),
		Sampler:  health.Files{Index: index},
		Options:  cfg.Options(s.Config.Crawl.Contact),
		Records:  s.Store,
		Process:  process.Name(),
		Getenv:   s.Getenv,
		Metrics:  metrics,
		Log:      s.Log,
		Webhooks: hooks,
	}), nil
}
