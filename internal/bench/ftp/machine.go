package main

import (
	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/testbed"
)

// question is what a server is asked for its version.
var question = map[string]string{vsftpd: "-v", "proftpd": "-v", "pure-ftpd": "--help"}

// machine says where and with what the figures came about.
func (b *bench) machine() []report.Fact {
	facts := append(report.Machine(b.Began), report.Fact{Name: ours, Value: report.Version(b.options.FTPD, "version")})
	for _, name := range others {
		fact := report.Fact{Name: name}
		if path, err := testbed.Find(name); err != nil {
			fact.Value = err.Error()
		} else {
			fact.Value = report.Version(path, question[name])
		}
		facts = append(facts, fact)
	}
	for _, c := range b.results.Cipher {
		facts = append(facts, report.Fact{Name: "TLS", Value: c.Server + ": " + c.Name})
	}
	return facts
}
