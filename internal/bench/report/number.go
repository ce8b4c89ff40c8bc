package report

import (
	"slices"
	"strconv"

	"mirrortracker/internal/human"
)

// Significant writes a number with three digits at least.
func Significant(x float64) string {
	switch {
	case x < 9.995:
		return strconv.FormatFloat(x, 'f', 2, 64)
	case x < 99.95:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return human.Count(int64(x + 0.5))
}

// Mebibytes writes a number of bytes; nothing, where it is not known.
func Mebibytes(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n>>20, 10)
}

// Span writes the lowest and the highest of some numbers.
func Span(low, high float64) string { return "[" + Significant(low) + "-" + Significant(high) + "]" }

// Median returns the median of something in all runs, of which there is one at least, and
// its lowest and highest.
func Median[T any](runs []T, of func(T) float64) (median, low, high float64) {
	all := make([]float64, len(runs))
	for i, r := range runs {
		all[i] = of(r)
	}
	slices.Sort(all)
	return all[len(all)/2], all[0], all[len(all)-1]
}
