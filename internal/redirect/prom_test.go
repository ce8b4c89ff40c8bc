package redirect

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"testing"
)

// parseText reads Prometheus' text format, version 0.0.4, as far as it is
// produced here: every line is a comment or "SERIES VALUE".
func parseText(t *testing.T, r io.Reader) map[string]float64 {
	t.Helper()
	series := map[string]float64{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "# HELP ") || strings.HasPrefix(line, "# TYPE ") {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[i+1:], 64)
		if i < 0 || err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if _, twice := series[line[:i]]; twice {
			t.Fatalf("series %s stands twice", line[:i])
		}
		series[line[:i]] = value
	}
	return series
}
