package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// Save writes a report into a file, as JSON.
func Save(file string, report any) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// Print writes a report for people: facts, then what body adds, then verdicts. No line ends
// with blanks, which the columns of tables leave there.
func Print(w io.Writer, facts []Fact, body func(out *strings.Builder), verdicts []Verdict) error {
	var out strings.Builder
	for _, f := range facts {
		fmt.Fprintln(&out, f)
	}
	body(&out)
	out.WriteString("\n")
	for _, v := range verdicts {
		fmt.Fprintln(&out, v)
	}
	lines := strings.Split(out.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n"))
	return err
}
