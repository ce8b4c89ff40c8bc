package main

import (
	"slices"

	"mirrortracker/internal/bench/process"
	"mirrortracker/internal/bench/report"
)

// results are what was measured.
type results struct {
	Servers []*loaded `json:"servers,omitempty"`
	Figures []figure  `json:"figures,omitempty"`
}

// A loaded is a server and what came of loading it, round by round.
type loaded struct {
	Server string         `json:"server"`
	Rounds []round        `json:"rounds"`
	Memory process.Memory `json:"memory"` // after the last round
	Remark string         `json:"remark,omitempty"`
}

// A figure is anything else.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// of returns what there is of a server, made where there is nothing yet.
func (r *results) of(server string) *loaded {
	if l := r.find(server); l != nil {
		return l
	}
	l := &loaded{Server: server}
	r.Servers = append(r.Servers, l)
	return l
}

// find returns what there is of a server, or nil.
func (r *results) find(server string) *loaded {
	if i := slices.IndexFunc(r.Servers, func(l *loaded) bool { return l.Server == server }); i >= 0 {
		return r.Servers[i]
	}
	return nil
}

// note keeps a figure.
func (r *results) note(name string, value float64, unit string) {
	r.Figures = append(r.Figures, figure{name, value, unit})
}

// figure returns a figure that was kept, and whether it was.
func (r *results) figure(name string) (float64, bool) {
	for _, f := range r.Figures {
		if f.Name == name {
			return f.Value, true
		}
	}
	return 0, false
}

// median is that of something in the rounds.
func (l *loaded) median(of func(round) float64) float64 {
	median, _, _ := report.Median(l.Rounds, of)
	return median
}

func p50(r round) float64  { return r.P50 }
func p99(r round) float64  { return r.P99 }
func p999(r round) float64 { return r.P999 }
func cpu(r round) float64  { return r.CPU }
