package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"mirrortracker/internal/bench/world"
	"mirrortracker/internal/human"
)

// A report is all that a run has found out.
type report struct {
	Machine  []fact        `json:"machine"`
	World    world.Written `json:"world"`
	Results  results       `json:"results"`
	Verdicts []verdict     `json:"verdicts"`
}

// report makes the report.
func (b *bench) report() *report {
	return &report{Machine: b.machine(), World: b.written, Results: b.results, Verdicts: b.judge()}
}

// write writes it as JSON.
func (r *report) write(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// print writes it for people.
func (r *report) print(w io.Writer) error {
	var out strings.Builder
	for _, f := range r.Machine {
		fmt.Fprintf(&out, "%-12s %s\n", f.Name, f.Value)
	}
	fmt.Fprintf(&out, "%-12s %s directories, %s distinct, %s files, on %d sites\n", "world",
		human.Count(r.World.Places), human.Count(r.World.Distinct), human.Count(r.World.Files), r.World.Sites)
	if len(r.Results.Servers) > 0 {
		const line = "%-12s %11s %-19s %8s %8s %8s %8s %8s  %s\n"
		fmt.Fprintf(&out, "\n"+line, "server", "requests/s", "[min-max]", "p50 ms", "p99 ms", "p99.9 ms", "CPU µs", "MiB", "")
		for _, l := range r.Results.Servers {
			rate, low, high := l.median(round.rate)
			fmt.Fprintf(&out, line, l.Server, significant(rate), "["+significant(low)+"-"+significant(high)+"]",
				l.millis(p50), l.millis(p99), l.millis(p999), significant(first(l.median(cpu))), mebibytes(l.Memory.RSS), l.Remark)
		}
	}
	if len(r.Results.Figures) > 0 {
		out.WriteString("\n")
		for _, f := range r.Results.Figures {
			fmt.Fprintf(&out, "%-40s %11s %s\n", f.Name, significant(f.Value), f.Unit)
		}
	}
	out.WriteString("\n")
	for _, v := range r.Verdicts {
		fmt.Fprintln(&out, v)
	}
	_, err := io.WriteString(w, trimLines(out.String()))
	return err
}

// millis is the median of a time, in milliseconds.
func (l *loaded) millis(of func(round) float64) string {
	return strconv.FormatFloat(first(l.median(of))/1e3, 'f', 2, 64)
}

func first(median, _, _ float64) float64 { return median }

func mebibytes(n int64) string { return strconv.FormatInt(n>>20, 10) }

// significant writes a number with three digits at least.
func significant(x float64) string {
	switch {
	case x < 9.995:
		return strconv.FormatFloat(x, 'f', 2, 64)
	case x < 99.95:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return human.Count(int64(x + 0.5))
}

// trimLines removes blanks at the ends of lines.
func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
