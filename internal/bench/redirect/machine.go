package main

import (
	"fmt"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/testbed"
)

// machine says where and with what the figures came about.
func (b *bench) machine() []report.Fact {
	facts := report.Machine(b.Began)
	add := func(name, value string) { facts = append(facts, report.Fact{Name: name, Value: value}) }
	add("client", fmt.Sprintf("wrk on the same cores, %d connections", b.options.Connections))
	add(redirector, report.Version(b.options.Redirector, "version"))
	if b.options.Nginx != "" {
		add(nginx, report.Version(b.options.Nginx, "-v"))
	}
	if b.options.Mirrorbits != "" {
		add(mirrorbits, report.Version(b.options.Mirrorbits, "version"))
		if redis, err := testbed.Find("redis-server"); err == nil {
			add("redis", report.Version(redis, "--version"))
		}
	}
	return facts
}
