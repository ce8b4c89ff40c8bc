package main

import (
	"cmp"
	"slices"

	"mirrortracker/internal/bench/report"
)

// A subject is what is measured: a client, on a server, over a distance.
type subject struct {
	Distance string `json:"distance"`
	Folders  int    `json:"folders"` // in the tree that is served
	Server   string `json:"server"`
	Client   string `json:"client"`
}

// A measurement is what came of it once.
type measurement struct {
	Client  string  `json:"-"`
	Dirs    int64   `json:"directories"` // that were listed
	Seconds float64 `json:"seconds"`
	Whole   bool    `json:"whole"`          // all that there are
	Peak    int64   `json:"peak,omitempty"` // bytes of memory, of our crawls
}

// rate is in directories per second.
func (m measurement) rate() float64 { return float64(m.Dirs) / max(m.Seconds, 1e-9) }

// A result is all that was measured of one subject.
type result struct {
	subject
	Runs    []measurement `json:"runs"`
	Skipped string        `json:"skipped,omitempty"` // why there are none
}

// rates returns the median of the rates, the lowest and the highest.
func (r *result) rates() (median, low, high float64) {
	return report.Median(r.Runs, measurement.rate)
}

// whole reports whether every run came to the end.
func (r *result) whole() bool {
	return !slices.ContainsFunc(r.Runs, func(m measurement) bool { return !m.Whole })
}

// median is the run with the median of the rates.
func (r *result) median() measurement {
	sorted := slices.SortedFunc(slices.Values(r.Runs), func(a, b measurement) int { return cmp.Compare(a.rate(), b.rate()) })
	return sorted[len(sorted)/2]
}

// peak is the most memory of any run.
func (r *result) peak() int64 {
	most := int64(0)
	for _, m := range r.Runs {
		most = max(most, m.Peak)
	}
	return most
}

// results are in the order in which they were begun, until they are sorted.
type results []*result

// sort puts together what was measured over the same distance and on the same server.
func (all results) sort() {
	distances := []string{loopback, near, far}
	servers := []string{vsftpd.name, vsftpdPlain.name, proftpd.name, pureFTPd.name, pyftpdlib.name, listOnly.name}
	slices.SortStableFunc(all, func(a, b *result) int {
		return cmp.Or(
			cmp.Compare(slices.Index(distances, a.Distance), slices.Index(distances, b.Distance)),
			cmp.Compare(slices.Index(servers, a.Server), slices.Index(servers, b.Server)),
			cmp.Compare(a.Folders, b.Folders),
		)
	})
}

// of returns the result of a subject, which is added if there is none.
func (all *results) of(s subject) *result {
	if r := all.find(s); r != nil {
		return r
	}
	r := &result{subject: s}
	*all = append(*all, r)
	return r
}

// find returns the result of a subject, nil if there is none.
func (all results) find(s subject) *result {
	i := slices.IndexFunc(all, func(r *result) bool { return r.subject == s })
	if i < 0 {
		return nil
	}
	return all[i]
}
