package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/bench/world"
	"mirrortracker/internal/human"
)

// findings are all that a run has found out.
type findings struct {
	Machine  []report.Fact    `json:"machine"`
	World    world.Written    `json:"world"`
	Results  results          `json:"results"`
	Verdicts []report.Verdict `json:"verdicts"`
}

// findings returns what there is up to now.
func (b *bench) findings() *findings {
	return &findings{Machine: b.machine(), World: b.written, Results: b.results, Verdicts: b.judge()}
}

// print writes them for people.
func (f *findings) print(w io.Writer) error {
	about := report.Fact{
		Name: "world",
		Value: fmt.Sprintf("%s directories, %s distinct, %s files, on %d sites",
			human.Count(f.World.Places), human.Count(f.World.Distinct), human.Count(f.World.Files), f.World.Sites),
	}
	return report.Print(w, append(slices.Clone(f.Machine), about), f.Results.tables, f.Verdicts)
}

// tables are one of servers and one of figures, where there are any.
func (r *results) tables(out *strings.Builder) {
	if len(r.Servers) > 0 {
		const line = "%-12s %11s %-19s %8s %8s %8s %8s %8s  %s\n"
		fmt.Fprintf(out, "\n"+line, "server", "requests/s", "[min-max]", "p50 ms", "p99 ms", "p99.9 ms", "CPU µs", "MiB", "")
		for _, l := range r.Servers {
			rate, low, high := report.Median(l.Rounds, round.rate)
			fmt.Fprintf(out, line, l.Server, report.Significant(rate), report.Span(low, high), l.millis(p50), l.millis(p99), l.millis(p999),
				report.Significant(l.median(cpu)), report.Mebibytes(l.Memory.RSS), l.Remark)
		}
	}
	if len(r.Figures) > 0 {
		out.WriteString("\n")
		for _, f := range r.Figures {
			fmt.Fprintf(out, "%-40s %11s %s\n", f.Name, report.Significant(f.Value), f.Unit)
		}
	}
}

// millis is the median of a time, in milliseconds.
func (l *loaded) millis(of func(round) float64) string {
	return strconv.FormatFloat(l.median(of)/1e3, 'f', 2, 64)
}
