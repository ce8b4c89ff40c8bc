package main

import (
	"strings"
	"testing"
)

// measured returns a bench in which servers have had some rates.
func measured(rates map[string][]float64) *bench {
	b := &bench{options: &runCommand{Only: []string{"requests"}}, absent: map[string]string{mirrorbits: "it is not here"}}
	for server, all := range rates {
		for _, rate := range all {
			l := b.results.of(server)
			l.Rounds = append(l.Rounds, round{Requests: int64(rate), Micros: 1e6, P99: 1e6 / rate})
		}
	}
	return b
}

// Servers are compared by the medians of their rounds.
func TestAgainst(t *testing.T) {
	for _, test := range []struct {
		name  string
		rates map[string][]float64
		want  string
	}{
		{"reached", map[string][]float64{redirector: {80, 1, 200}, bare: {100, 100, 9000}}, "ok requests/s, redirector to bare chi 0.80 (asked: at least 0.8)"},
		{"missed", map[string][]float64{redirector: {79, 1, 200}, bare: {100, 100, 9000}}, "short requests/s, redirector to bare chi 0.79 (asked: at least 0.8)"},
		{"one alone", map[string][]float64{redirector: {79}}, "skip requests/s, redirector to bare chi (not measured)"},
		{"absent", map[string][]float64{redirector: {79}}, "skip requests/s, redirector to mirrorbits (it is not here)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines []string
			for _, v := range measured(test.rates).judge() {
				lines = append(lines, v.String())
			}
			if text := strings.Join(lines, "\n"); !strings.Contains(text, test.want) {
				t.Errorf("%s\nis not in\n%s", test.want, text)
			}
		})
	}
}

// A pause is no fault of ours on a machine that has them anyway.
func TestPause(t *testing.T) {
	for _, test := range []struct {
		with, without float64
		word          string
	}{{49, 5, "ok"}, {51, 5, "short"}, {51, 60, "skip"}, {49, 60, "ok"}} {
		b := &bench{}
		b.results.note(slowest, test.with, "ms")
		b.results.note(slowestElse, test.without, "ms")
		if v := b.pause(); v.Word != test.word {
			t.Errorf("%v ms, and %v ms without: %s", test.with, test.without, v)
		}
	}
}
