package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/redirect"
	"mirrortracker/internal/ui"
)

// show writes an explained answer for people: what was asked and found, then a
// row for each candidate, those that are left out at the end. Paths are escaped, so
// that nothing in it is more than one line. URLs are long: on a terminal they stand
// below the table.
func show(env *ui.Env, answer *redirect.Answer) error {
	if err := env.Facts(facts(answer)); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(env.Stdout); err != nil {
		return err
	}
	all := rows(answer)
	if !env.OutTerm {
		return env.Table(columns, all)
	}
	narrow, urls := apart(all)
	if err := env.Table(slices.Delete(slices.Clone(columns), urlColumn, urlColumn+1), narrow); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(env.Stdout); err != nil {
		return err
	}
	return env.Facts(urls)
}

// apart takes the URLs out of rows and returns them with the rank of each.
func apart(rows [][]any) (narrow [][]any, urls [][2]any) {
	for _, row := range rows {
		urls = append(urls, [2]any{row[0], row[urlColumn]})
		narrow = append(narrow, slices.Delete(slices.Clone(row), urlColumn, urlColumn+1))
	}
	return narrow, urls
}

// facts returns pairs of a word and what it is.
func facts(a *redirect.Answer) [][2]any {
	f := a.Resolved
	facts := [][2]any{
		{"client", a.Client.String()},
		{"asked", a.URL},
		{"location", a.Location},
		{"match", a.Match},
	}
	add := func(word string, value any) { facts = append(facts, [2]any{word, value}) }
	if a.Reason != "" {
		add("why", a.Reason)
	}
	tree := f.Tree()
	if tree.ID.IsZero() {
		return facts
	}
	add("directory", mirror.EscapePath(f.Dir.Dir()))
	add("exact", tree.Exact)
	add("blind", tree.Blind)
	add("files", ui.Number(tree.Files))
	add("directories", ui.Number(tree.Dirs))
	add("bytes", ui.Volume(tree.Bytes))
	snap := f.Snapshot()
	add("snapshot", snap.Finished.UTC().Format(time.RFC3339))
	if snap.Via != "" {
		add("crawled by", ui.Printable(snap.Origin)+", from "+ui.Printable(snap.Via))
	}
	if f.Capped() {
		add("capped", "there may be more replicas than were looked at")
	}
	return facts
}

const urlColumn = 11

var columns = []string{"rank", "match", "site", "weight", "km", "made of", "chance", "ancestor", "files", "bytes", "alike", "URL", "reason"}

func rows(a *redirect.Answer) [][]any {
	var rows [][]any
	for i := range a.Candidates {
		c := &a.Candidates[i]
		rows = append(rows, row(ui.Number(i+1), c, fmt.Sprintf("%.0f", c.Cost), fmt.Sprintf("%.3g%%", 100*c.Probability)))
	}
	for i := range a.LeftOut {
		rows = append(rows, row("-", &a.LeftOut[i], "-", "-"))
	}
	return rows
}

// row writes a candidate; the ancestor is the highest matching directory on the
// replica's site, and files and bytes are those below it.
func row(rank any, c *redirect.Candidate, km, chance string) []any {
	row := []any{rank, c.Match(), c.Site.Name, ui.Number(c.Site.Weight), km, terms(c), chance, "-", "-", "-", "-", c.URL(), c.Reason}
	if r := c.Replica; r != nil && r.Evidence.Class != 0 {
		row[7] = mirror.EscapePath(r.Evidence.Path.Dir())
		row[8] = ui.Number(r.Evidence.Files)
		row[9] = ui.Volume(r.Evidence.Bytes)
		row[10] = ui.Number(r.Similarity)
	}
	return row
}

// terms writes of what the cost of a candidate is made, without what is nothing.
func terms(c *redirect.Candidate) string {
	var all []string
	for _, t := range c.Terms {
		if t.KM > 0 {
			all = append(all, fmt.Sprintf("%s %.0f (%s)", t.Name, t.KM, t.Why))
		}
	}
	if len(all) == 0 {
		return "-"
	}
	return strings.Join(all, ", ")
}
