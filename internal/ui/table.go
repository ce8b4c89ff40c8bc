package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
)

// Cells that are shown in human units on a terminal, and as plain numbers
// elsewhere: a Number is a count, a Volume is bytes, a Time is a duration, which
// is seconds elsewhere.
type (
	Number int64
	Volume int64
	Time   time.Duration
)

// Table writes rows under the headings of their columns. A cell is a string, one
// of the types above, or anything that fmt prints.
func (e *Env) Table(headings []string, rows [][]any) error {
	if !e.OutTerm {
		return e.lines(rows)
	}
	drawn := [][]string{headings}
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = human(cell)
		}
		drawn = append(drawn, cells)
	}
	widths := make([]int, len(headings))
	numbers := make([]bool, len(headings))
	for _, row := range rows {
		for i, cell := range row {
			numbers[i] = numbers[i] || isNumber(cell)
		}
	}
	for _, cells := range drawn {
		for i, cell := range cells {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	for _, cells := range drawn {
		var line strings.Builder
		for i, cell := range cells {
			blanks := strings.Repeat(" ", widths[i]-runewidth.StringWidth(cell))
			if numbers[i] {
				cell = blanks + cell
			} else {
				cell += blanks
			}
			line.WriteString(cell + "  ")
		}
		if _, err := fmt.Fprintln(e.Stdout, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// lines writes rows for programs. Tabs within a cell would be taken for the end of
// it, so they become blanks.
func (e *Env) lines(rows [][]any) error {
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			if d, ok := cell.(Time); ok {
				cell = fmt.Sprintf("%.1f", time.Duration(d).Seconds())
			}
			cells[i] = strings.NewReplacer("\t", " ", "\n", " ").Replace(fmt.Sprint(cell))
		}
		if _, err := fmt.Fprintln(e.Stdout, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return nil
}

func isNumber(cell any) bool {
	switch cell.(type) {
	case Number, Volume, Time, int, int64:
		return true
	}
	return false
}

func human(cell any) string {
	switch v := cell.(type) {
	case Number:
		return Count(int64(v))
	case Volume:
		return Bytes(int64(v))
	case Time:
		return Span(time.Duration(v))
	}
	return Printable(fmt.Sprint(cell))
}
