package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/human"
)

// findings are all that a run has found out.
type findings struct {
	Machine  []report.Fact    `json:"machine"`
	Connects []connect        `json:"connects"`
	Results  results          `json:"results"`
	Verdicts []report.Verdict `json:"verdicts"`
}

// findings returns what there is up to now.
func (b *bench) findings() *findings {
	b.results.sort()
	return &findings{
		Machine:  b.machine(),
		Connects: b.connects,
		Results:  b.results,
		Verdicts: b.judge(),
	}
}

// print writes them for people.
func (f *findings) print(w io.Writer) error {
	facts := slices.Clone(f.Machine)
	for _, c := range f.Connects {
		facts = append(facts, c.fact())
	}
	return report.Print(w, facts, f.Results.table, f.Verdicts)
}

// fact is a line of the report.
func (c connect) fact() report.Fact {
	return report.Fact{
		Name:  "connecting",
		Value: fmt.Sprintf("%.2f ms measured for a round trip of %d ms", c.Measured.Seconds()*1e3, c.Asked.Milliseconds()),
	}
}

// table has a line for each result, and an empty one where the server is another.
func (all results) table(out *strings.Builder) {
	const line = "%-9s %9s  %-14s %-27s %11s %-19s %9s %9s %6s\n"
	fmt.Fprintf(out, "\n"+line, "distance", "folders", "server", "client", "folders/s", "[min-max]", "listed", "seconds", "MiB")
	group := subject{}
	for _, r := range all {
		s := r.subject
		s.Client = ""
		if group != s && group != (subject{}) {
			out.WriteString("\n")
		}
		group = s
		if len(r.Runs) == 0 {
			fmt.Fprintf(out, line, s.Distance, human.Count(int64(s.Folders)), s.Server, r.Client, "-", r.Skipped, "", "", "")
			continue
		}
		rate, low, high := r.rates()
		span := ""
		if len(r.Runs) > 1 {
			span = report.Span(low, high)
		}
		median := r.median()
		fmt.Fprintf(out, line, s.Distance, human.Count(int64(s.Folders)), s.Server, r.Client, report.Significant(rate), span,
			median.listed(), strconv.FormatFloat(median.Seconds, 'f', 1, 64), report.Mebibytes(r.peak()))
	}
}

// listed is how many folders were listed, or that it was all of them.
func (m measurement) listed() string {
	if m.Whole {
		return "all"
	}
	return human.Count(m.Dirs)
}
