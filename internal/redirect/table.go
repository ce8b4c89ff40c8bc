package redirect

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"mirrortracker/internal/mirror"
)

var columns = []string{"RANK", "MATCH", "SITE", "WEIGHT", "ANCESTOR", "FILES", "BYTES", "ALIKE", "URL", "REASON"}

// WriteTable writes an explained answer for people: what was asked and found,
// then a row for each candidate, those that are left out at the end. For a
// terminal it draws a table; otherwise columns are separated by tabs. Paths are
// escaped, so nothing in it is more than one line.
func WriteTable(w io.Writer, a *Answer, terminal bool) error {
	var b bytes.Buffer
	facts, rows := a.facts(), a.rows()
	if terminal {
		draw(&b, nil, facts)
		b.WriteByte('\n')
		draw(&b, columns, rows)
	} else {
		separate(&b, facts)
		b.WriteByte('\n')
		separate(&b, append([][]string{columns}, rows...))
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// facts returns pairs of a word and what it is.
func (a *Answer) facts() [][]string {
	f := a.Resolved
	facts := [][]string{
		{"asked", a.URL},
		{"location", a.Location},
		{"match", a.Match},
	}
	add := func(word, value string) { facts = append(facts, []string{word, value}) }
	if a.Reason != "" {
		add("why", a.Reason)
	}
	if f.Tree.ID.IsZero() {
		return facts
	}
	add("directory", mirror.EscapePath(f.Dir.Dir()))
	add("exact", f.Tree.Exact.String())
	add("blind", f.Tree.Blind.String())
	add("files", strconv.FormatInt(f.Tree.Files, 10))
	add("directories", strconv.FormatInt(f.Tree.Dirs, 10))
	add("bytes", strconv.FormatInt(f.Tree.Bytes, 10))
	add("snapshot", stamp(f.Snapshot.Finished))
	if f.Capped {
		add("capped", "there may be more replicas than were looked at")
	}
	return facts
}

func (a *Answer) rows() [][]string {
	var rows [][]string
	for i := range a.Candidates {
		rows = append(rows, a.Candidates[i].row(strconv.Itoa(i+1)))
	}
	for i := range a.LeftOut {
		rows = append(rows, a.LeftOut[i].row("-"))
	}
	return rows
}

// row writes a candidate; the ancestor is the highest matching directory on the
// replica's site, and files and bytes are those below it.
func (c *Candidate) row(rank string) []string {
	r, e := c.Replica, &c.Replica.Evidence
	row := []string{rank, c.Match(), r.Site.Name, strconv.Itoa(r.Site.Weight), "-", "-", "-", "-", c.URL(), c.Reason}
	if e.Class != 0 {
		row[4] = mirror.EscapePath(e.Path.Dir())
		row[5] = strconv.FormatInt(e.Files, 10)
		row[6] = strconv.FormatInt(e.Bytes, 10)
		row[7] = strconv.Itoa(r.Similarity)
	}
	return row
}

func draw(w io.Writer, header []string, rows [][]string) {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	if header != nil {
		t.AppendHeader(row(header))
		var right []table.ColumnConfig
		for _, name := range []string{"RANK", "WEIGHT", "FILES", "BYTES", "ALIKE"} {
			right = append(right, table.ColumnConfig{Name: name, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
		t.SetColumnConfigs(right)
	}
	for _, r := range rows {
		t.AppendRow(row(r))
	}
	t.Render()
}

func row(cells []string) table.Row {
	r := make(table.Row, len(cells))
	for i, c := range cells {
		r[i] = c
	}
	return r
}

func separate(w io.Writer, rows [][]string) {
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
}
