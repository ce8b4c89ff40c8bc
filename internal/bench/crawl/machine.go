package main

import "mirrortracker/internal/bench/report"

// machine says where and with what the figures came about.
func (b *bench) machine() []report.Fact {
	facts := report.Machine(b.Began)
	for _, p := range []struct {
		name     string
		question []string
	}{
		{crawlerProgram, []string{"version"}},
		{"vsftpd", []string{"-v"}},
		{"proftpd", []string{"-v"}},
		{"pure-ftpd", []string{"--help"}},
		{"pyftpdlib", []string{"-c", "import pyftpdlib; print('pyftpdlib', pyftpdlib.__ver__)"}},
		{"lftp", []string{"--version"}},
		{rclone.program, []string{"version", "--config", "/dev/null"}},
		{"curl", []string{"--version"}},
	} {
		fact := report.Fact{Name: p.name}
		if path, err := b.program(p.name); err != nil {
			fact.Value = err.Error()
		} else {
			fact.Value = report.Version(path, p.question...)
		}
		facts = append(facts, fact)
	}
	return facts
}
