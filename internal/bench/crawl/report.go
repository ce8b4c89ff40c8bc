package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"mirrortracker/internal/human"
)

// A report is all that a run has found out.
type report struct {
	Machine  []fact    `json:"machine"`
	Connects []connect `json:"connects"`
	Results  results   `json:"results"`
	Verdicts []verdict `json:"verdicts"`
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
	for _, c := range r.Connects {
		fmt.Fprintf(&out, "%-12s %.2f ms measured for a round trip of %d ms\n", "connecting", c.Measured.Seconds()*1e3, c.Asked.Milliseconds())
	}
	const line = "%-9s %9s  %-14s %-27s %11s %-19s %9s %9s %6s\n"
	fmt.Fprintf(&out, "\n"+line, "distance", "folders", "server", "client", "folders/s", "[min-max]", "listed", "seconds", "MiB")
	group := subject{}
	for _, result := range r.Results {
		s := result.subject
		s.Client = ""
		if group != s && group != (subject{}) {
			out.WriteString("\n")
		}
		group = s
		if len(result.Runs) == 0 {
			fmt.Fprintf(&out, line, s.Distance, human.Count(int64(s.Folders)), s.Server, result.Client, "-", result.Skipped, "", "", "")
			continue
		}
		fmt.Fprintf(&out, line, s.Distance, human.Count(int64(s.Folders)), s.Server, result.Client, result.rateText(), result.span(),
			result.median().listed(), strconv.FormatFloat(result.median().Seconds, 'f', 1, 64), mebibytes(result.peak()))
	}
	out.WriteString("\n")
	for _, v := range r.Verdicts {
		fmt.Fprintln(&out, v)
	}
	_, err := io.WriteString(w, trimLines(out.String()))
	return err
}

func (r *result) rateText() string {
	median, _, _ := r.rates()
	return significant(median)
}

// span is from the lowest to the highest rate, where there is more than one.
func (r *result) span() string {
	if len(r.Runs) == 1 {
		return ""
	}
	_, low, high := r.rates()
	return "[" + significant(low) + "-" + significant(high) + "]"
}

// listed is how many folders were listed, or that it was all of them.
func (m measurement) listed() string {
	if m.Whole {
		return "all"
	}
	return human.Count(m.Dirs)
}

func mebibytes(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n>>20, 10)
}

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

// report makes the report.
func (b *bench) report() *report {
	b.results.sort()
	return &report{
		Machine:  b.machine(),
		Connects: b.connects,
		Results:  b.results,
		Verdicts: b.judge(),
	}
}
