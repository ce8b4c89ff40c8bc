package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/human"
)

// findings are all that a run has found out.
type findings struct {
	Machine  []report.Fact    `json:"machine"`
	Results  results          `json:"results"`
	Verdicts []report.Verdict `json:"verdicts"`
}

// findings returns what there is up to now.
func (b *bench) findings() *findings {
	return &findings{Machine: b.machine(), Results: b.results, Verdicts: b.judge()}
}

// print writes them for people.
func (f *findings) print(w io.Writer) error {
	return report.Print(w, f.Machine, f.Results.tables, f.Verdicts)
}

// tables are one for each measure, and one of idle sessions.
func (r *results) tables(out *strings.Builder) {
	const line = "%-12s %11s %-19s %10s %10s  %-20s\n"
	last := measure{}
	for _, l := range r.Rates {
		if l.measure != last {
			fmt.Fprintf(out, "\n%s\n"+line, l.Name, "", l.Unit+"/s", "[min-max]", "ms each", "CPU/"+l.Per, "ftpd to it")
		}
		last = l.measure
		rate, low, high := report.Median(l.Rounds, round.rate)
		compared := ""
		if ratio, low, high, ok := r.ratio(l.measure, l.Server); ok && l.Server != ours {
			compared = report.Significant(ratio) + " " + report.Span(low, high)
		}
		millis, _, _ := report.Median(l.Rounds, round.millis)
		fmt.Fprintf(out, line, l.Server, report.Significant(rate), report.Span(low, high), report.Significant(millis), short(l.cpu()), compared)
	}
	const memory = "%-28s %-12s %9s %9s %9s\n"
	for i, kind := range r.Idle {
		if i == 0 {
			fmt.Fprintf(out, "\n"+memory, "idle sessions", "", "sessions", "MiB", "KiB each")
		}
		fmt.Fprintf(out, memory, kind.Kind, kind.Server, strconv.Itoa(kind.Sessions), report.Mebibytes(kind.Bytes), report.Significant(kind.each()))
	}
	const large = "%-10s %10s %12s %14s %14s %9s %9s\n"
	for i, s := range r.Scale {
		if i == 0 {
			fmt.Fprintf(out, "\n"+large, "at scale", "files", "taken in, s", "unchanged, s", "1 % changed, s", "LIST, ms", "MiB")
		}
		fmt.Fprintf(out, large, s.Database, human.Count(int64(s.Files)), report.Significant(s.Adopted), report.Significant(s.Unchanged),
			report.Significant(s.Changed), report.Significant(s.Listing), report.Mebibytes(s.Memory))
	}
}

// short writes a time with three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return report.Significant(float64(d)/1e3) + " µs"
	case d < time.Second:
		return report.Significant(float64(d)/1e6) + " ms"
	}
	return report.Significant(d.Seconds()) + " s"
}
