package main

import (
	"slices"
	"time"

	"mirrortracker/internal/bench/report"
)

// A measure is something that is measured of all servers.
type measure struct {
	Name string `json:"name"`
	Unit string `json:"unit"` // of what is counted
	Per  string `json:"per"`  // what a server's time on the processors is given for, so many units
	Each int    `json:"each"` // of them
}

var (
	plainDownload  = measure{"download", "MiB", "GiB", 1024}
	secureDownload = measure{"download over TLS", "MiB", "GiB", 1024}
	oneConnection  = measure{"files of 4 KiB, one connection", "files", "file", 1}
	eightAtOnce    = measure{"files of 4 KiB, eight connections", "files", "file", 1}
	anonymous      = measure{"anonymous logins", "logins", "login", 1}
	listLong       = measure{"LIST", "listings", "listing", 1}
	listFacts      = measure{"MLSD", "listings", "listing", 1}
)

// results are what was measured.
type results struct {
	Rates  []*rated `json:"rates,omitempty"`
	Idle   []idle   `json:"idle,omitempty"`
	Cipher []cipher `json:"ciphers,omitempty"`
	Direct []direct `json:"direct,omitempty"`
	Scale  []scale  `json:"scale,omitempty"`
}

// A rated is what came of a measure and a server, round by round.
type rated struct {
	measure
	Server string  `json:"server"`
	Rounds []round `json:"rounds"`
}

// A round is one server's turn.
type round struct {
	Units   int     `json:"units"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"` // seconds of the server's processes
}

func (r round) rate() float64 { return float64(r.Units) / max(r.Seconds, 1e-9) }

// millis is how long one unit took.
func (r round) millis() float64 { return r.Seconds / float64(r.Units) * 1e3 }

// An idle is how much memory a server has with sessions that do nothing.
type idle struct {
	Kind     string `json:"kind"`
	Server   string `json:"server"`
	Sessions int    `json:"sessions"`
	Bytes    int64  `json:"bytes"` // of all its processes
}

// each is a session's share, in KiB.
func (i idle) each() float64 { return float64(i.Bytes) / float64(i.Sessions) / 1024 }

// A cipher is what a server agreed on for data connections.
type cipher struct {
	Server string `json:"server"`
	Name   string `json:"name"`
}

// A direct is what a download from a slave takes of the master's processors.
type direct struct {
	Path string  `json:"path"`
	CPU  float64 `json:"cpu"` // seconds
}

// of returns what there is of a measure and a server, made where there is nothing yet.
func (r *results) of(m measure, server string) *rated {
	if found := r.find(m, server); found != nil {
		return found
	}
	made := &rated{measure: m, Server: server}
	r.Rates = append(r.Rates, made)
	return made
}

// find returns what there is of a measure and a server, or nil.
func (r *results) find(m measure, server string) *rated {
	if i := slices.IndexFunc(r.Rates, func(l *rated) bool { return l.measure == m && l.Server == server }); i >= 0 {
		return r.Rates[i]
	}
	return nil
}

// ratio is the median of how our rounds compare with another server's.
func (r *results) ratio(m measure, other string) (median, low, high float64, ok bool) {
	mine, theirs := r.find(m, ours), r.find(m, other)
	if mine == nil || theirs == nil {
		return 0, 0, 0, false
	}
	pairs := make([]float64, min(len(mine.Rounds), len(theirs.Rounds)))
	for i := range pairs {
		pairs[i] = mine.Rounds[i].rate() / theirs.Rounds[i].rate()
	}
	if len(pairs) == 0 {
		return 0, 0, 0, false
	}
	median, low, high = report.Median(pairs, func(x float64) float64 { return x })
	return median, low, high, true
}

// cpu is the server's time on the processors for what the measure names, over all rounds.
func (l *rated) cpu() time.Duration {
	var units, seconds float64
	for _, r := range l.Rounds {
		units += float64(r.Units)
		seconds += r.CPU
	}
	return time.Duration(seconds / units * float64(l.Each) * float64(time.Second))
}
