package main

import (
	"fmt"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/forest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/program"
	"mirrortracker/internal/ui"
)

type diffCommand struct {
	From     string `arg:"" help:"A site's name, and a path after a colon."`
	To       string `arg:"" help:"Another, or the same."`
	Blind    bool   `help:"Leave dates out of account."`
	ExitCode bool   `help:"Exit with 1 if there is a difference." name:"exit-code"`
}

func (diffCommand) Help() string {
	return `Prints a line for each entry that differs, its path from the two directories:

  ! PATH     in both, but of another kind, size or date
  - PATH     only in the first
  + PATH     only in the second
  ? PATH/    its listing is incomplete in one of them: more may differ

Only directories that both have and whose digests differ are looked into. Links do not count. If one of the two is not completely known, that is said on standard error, and the exit code is 3.

` + program.Examples("crawler diff gnu gnu-mirror", "crawler diff gnu:/emacs other:/pub/gnu/emacs --blind")
}

// Run compares the two.
func (c *diffCommand) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	out := &diffPrinter{App: a, names: [2]string{c.From, c.To}}
	var trees [2]*digest.Tree
	for i, arg := range out.names {
		if trees[i], err = s.directory(arg); err != nil {
			return err
		}
	}
	if a.Flags.JSON {
		out.list = a.List()
	}
	diff := &forest.Diff{Source: s.Store, Blind: c.Blind, Found: out.print}
	if err := diff.Compare(a, trees[0], trees[1]); err != nil {
		return err
	}
	if out.list != nil {
		if err := out.list.End(); err != nil {
			return err
		}
	}
	complete := true
	for i, tree := range trees {
		if tree.Blind.Absent() {
			complete = false
			fmt.Fprintf(a.Console(), "%s: %s is not completely known: \"crawler digest %s -r\" shows where\n",
				a.Name, out.names[i], strings.Join(place(out.names[i]), " "))
		}
	}
	switch {
	case out.found > 0 && c.ExitCode:
		return ui.ErrDiffers
	case !complete:
		return ui.ErrIncomplete
	}
	return nil
}

// place splits NAME:PATH; a URL and a name alone are one part.
func place(arg string) []string {
	if name, path, ok := strings.Cut(arg, ":"); ok && !strings.Contains(arg, "://") {
		return []string{name, path}
	}
	return []string{arg}
}

// directory returns the tree that NAME or NAME:PATH means.
func (s *session) directory(arg string) (*digest.Tree, error) {
	parts := place(arg)
	name, raw := parts[0], "/"
	if len(parts) == 2 {
		raw = parts[1]
	}
	path, err := mirror.ParsePath(raw)
	if err != nil {
		return nil, ui.Misuse("%w", err)
	}
	from, err := s.siteOf(name)
	if err != nil {
		return nil, err
	}
	_, tree, err := from.Find(s, path)
	if err != nil {
		return nil, fmt.Errorf("site %s: %w", name, err)
	}
	return tree, nil
}

// A diffPrinter prints differences as lines or as JSON.
type diffPrinter struct {
	*program.App
	names [2]string
	list  *ui.List // nil for lines
	found int
}

// A change is one line of a difference.
type change struct {
	Sign string     `json:"change"` // as in the help
	Path string     `json:"path"`   // raw bytes; escaped as in a URL in JSON
	Old  *entryJSON `json:"old,omitempty"`
	New  *entryJSON `json:"new,omitempty"`
	Note string     `json:"note,omitempty"`
}

type entryJSON struct {
	Kind string `json:"kind"` // file or directory
	Size int64  `json:"size"` // in bytes, -1 if unknown
	Date string `json:"date,omitempty"`
}

// print writes what differs at one path.
func (p *diffPrinter) print(d forest.Difference) error {
	c := change{Sign: "!", Path: string(d.Path), Old: described(d.Old), New: described(d.New)}
	if d.IsDir() {
		c.Path = d.Path.Dir()
	}
	switch {
	case d.Old == nil && d.New == nil:
		return p.gaps(c, d.Incomplete)
	case d.New == nil:
		c.Sign = "-"
	case d.Old == nil:
		c.Sign = "+"
	}
	return p.line(c)
}

// gaps writes which of the two directories is incomplete.
func (p *diffPrinter) gaps(c change, incomplete [2]digest.Reason) error {
	for i, reason := range incomplete {
		if reason == digest.Complete {
			continue
		}
		c.Sign, c.Note = "?", fmt.Sprintf("incomplete in %s: %s", p.names[i], reason)
		if err := p.line(c); err != nil {
			return err
		}
	}
	return nil
}

func (p *diffPrinter) line(c change) error {
	p.found++
	if p.list != nil {
		c.Path = mirror.EscapePath(c.Path)
		return p.list.Add(c)
	}
	detail := c.Note
	switch {
	case c.Old != nil && c.New != nil:
		detail = c.Old.String() + " -> " + c.New.String()
	case c.Old != nil:
		detail = c.Old.String()
	case c.New != nil:
		detail = c.New.String()
	}
	if p.OutTerm {
		c.Path = ui.Printable(c.Path)
	}
	_, err := fmt.Fprintf(p.Stdout, "%s %s\t%s\n", c.Sign, c.Path, detail)
	return err
}

func described(e *forest.Entry) *entryJSON {
	switch {
	case e == nil:
		return nil
	case e.Kind == digest.Dir:
		return &entryJSON{Kind: "directory"}
	}
	return &entryJSON{Kind: "file", Size: e.Size, Date: e.Date.String()}
}

// String describes an entry for people.
func (e *entryJSON) String() string {
	if e.Kind == "directory" {
		return e.Kind
	}
	size := "unknown size"
	if e.Size != digest.UnknownSize {
		size = fmt.Sprint(e.Size)
	}
	return size + " " + e.Date
}
