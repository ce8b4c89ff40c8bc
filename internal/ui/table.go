package ui

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"mirrortracker/internal/human"
)

// Cells that are shown in human units on a terminal, and as plain numbers
// elsewhere: a Number is a count, a Volume is bytes, a Time is a duration, which
// is seconds elsewhere. A Rest is text that a terminal shows only as far as there
// is room for it in its line; it belongs in the last column.
type (
	Number int64
	Volume int64
	Time   time.Duration
	Rest   string
)

// Table writes rows under the headings of their columns. A cell is a string, one
// of the types above, or anything that fmt prints.
func (e *Env) Table(headings []string, rows [][]any) error {
	if !e.OutTerm {
		return e.lines(headings, rows)
	}
	t := table.NewWriter()
	t.SetColumnConfigs(columns(headings, rows))
	t.AppendHeader(row(headings, func(h string) string { return h }))
	for _, cells := range e.fit(headings, rows) {
		t.AppendRow(cells)
	}
	return e.draw(t)
}

// Facts writes pairs of a word and what it stands for; a value is what a cell of
// a table may be.
func (e *Env) Facts(pairs [][2]any) error {
	t := table.NewWriter()
	for _, pair := range pairs {
		if !e.OutTerm {
			if err := e.line(pair[:]); err != nil {
				return err
			}
			continue
		}
		t.AppendRow(row(pair[:], shown))
	}
	if !e.OutTerm {
		return nil
	}
	return e.draw(t)
}

// gap stands between columns.
const gap = "  "

// draw writes a table for people.
func (e *Env) draw(t table.Writer) error {
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Box.PaddingLeft = "" // no blank before the first column
	t.Style().Box.PaddingRight = gap
	t.SuppressTrailingSpaces()
	_, err := fmt.Fprintln(e.Stdout, t.Render())
	return err
}

// leastRest is what is shown of a [Rest] at least, in columns.
const leastRest = 20

// fit returns the rows as a terminal shows them.
func (e *Env) fit(headings []string, rows [][]any) []table.Row {
	fitting := make([]table.Row, len(rows))
	before := make([]int, len(headings)) // widths, but for the last column
	for i, h := range headings {
		before[i] = text.StringWidth(h)
	}
	last := len(headings) - 1
	for i, cells := range rows {
		fitting[i] = row(cells, shown)
		for j, cell := range fitting[i][:last] {
			before[j] = max(before[j], text.StringWidth(cell.(string)))
		}
	}
	room := e.OutWidth
	for _, width := range before[:last] {
		room -= width + len(gap)
	}
	for i, cells := range rows {
		if rest, ok := cells[last].(Rest); ok && e.OutWidth > 0 {
			fitting[i][last] = text.Snip(Printable(string(rest)), max(room, leastRest), "…")
		}
	}
	return fitting
}

// columns puts to the right what holds a number in any row.
func columns(headings []string, rows [][]any) []table.ColumnConfig {
	all := make([]table.ColumnConfig, len(headings))
	for i := range all {
		all[i].Number = i + 1
		for _, cells := range rows {
			if isNumber(cells[i]) {
				all[i].Align, all[i].AlignHeader = text.AlignRight, text.AlignRight
			}
		}
	}
	return all
}

func row[T any](cells []T, show func(T) string) table.Row {
	shown := make(table.Row, len(cells))
	for i, cell := range cells {
		shown[i] = show(cell)
	}
	return shown
}

// lines writes a table for programs. Tabs within a cell would be taken for the end
// of it, so they become blanks.
func (e *Env) lines(headings []string, rows [][]any) error {
	if _, err := fmt.Fprintln(e.Stdout, strings.ToUpper(strings.Join(headings, "\t"))); err != nil {
		return err
	}
	for _, cells := range rows {
		if err := e.line(cells); err != nil {
			return err
		}
	}
	return nil
}

func (e *Env) line(cells []any) error {
	shown := make([]string, len(cells))
	for i, cell := range cells {
		if d, ok := cell.(Time); ok {
			cell = fmt.Sprintf("%.1f", time.Duration(d).Seconds())
		}
		shown[i] = strings.NewReplacer("\t", " ", "\n", " ").Replace(fmt.Sprint(cell))
	}
	_, err := fmt.Fprintln(e.Stdout, strings.Join(shown, "\t"))
	return err
}

func isNumber(cell any) bool {
	switch cell.(type) {
	case Number, Volume, Time, int, int64:
		return true
	}
	return false
}

// shown returns what a terminal shows of a cell.
func shown(cell any) string {
	switch v := cell.(type) {
	case Number:
		return human.Count(int64(v))
	case Volume:
		return human.Bytes(int64(v))
	case Time:
		return human.Span(time.Duration(v))
	}
	return Printable(fmt.Sprint(cell))
}
