package main

import (
	"context"
	"fmt"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
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

  - PATH     only in the first
  + PATH     only in the second
  ! PATH     in both, but of another kind, size or date
  ? PATH/    not completely known in one of the two, so that there may be more

Only directories whose digests differ are looked into. Links do not count.

` + example("crawler diff gnu gnu-mirror", "crawler diff gnu:/emacs other:/pub/gnu/emacs --blind")
}

// Run compares the two.
func (c *diffCommand) Run(a *app) error {
	s, err := a.open()
	if err != nil {
		return err
	}
	defer s.close()
	d := &differ{session: s, blind: c.Blind, names: [2]string{c.From, c.To}}
	var trees [2]*digest.Tree
	for i, arg := range d.names {
		if trees[i], err = s.directory(arg); err != nil {
			return err
		}
	}
	if a.flags.JSON {
		d.list = a.List()
	}
	if !d.same(&trees[0].Summary, &trees[1].Summary) {
		if err := d.compare(a, mirror.Root, trees[0].ID, trees[1].ID); err != nil {
			return err
		}
	}
	d.incomplete = d.incomplete || trees[0].Blind.Absent() || trees[1].Blind.Absent()
	if d.list != nil {
		if err := d.list.End(); err != nil {
			return err
		}
	}
	switch {
	case d.found > 0 && c.ExitCode:
		return ui.ErrDiffers
	case d.incomplete:
		return ui.ErrIncomplete
	}
	return nil
}

// directory returns the tree that NAME or NAME:PATH means.
func (s *session) directory(arg string) (*digest.Tree, error) {
	name, raw := arg, "/"
	if scheme := strings.Index(arg, "://"); scheme < 0 {
		if before, after, ok := strings.Cut(arg, ":"); ok {
			name, raw = before, after
		}
	}
	path, err := mirror.ParsePath(raw)
	if err != nil {
		return nil, ui.Misuse("%w", err)
	}
	from, err := s.siteOf(name)
	if err != nil {
		return nil, err
	}
	_, tree, err := from.find(s, path)
	if err != nil {
		return nil, fmt.Errorf("site %s: %w", name, err)
	}
	return tree, nil
}

// A change is one line of a difference.
type change struct {
	Sign string `json:"change"` // as in the help
	Path string `json:"path"`   // raw bytes; escaped as in a URL in JSON
	Old  *facts `json:"old,omitempty"`
	New  *facts `json:"new,omitempty"`
	Note string `json:"note,omitempty"`
}

// facts are what is known of an entry.
type facts struct {
	Kind string `json:"kind"` // file or directory
	Size int64  `json:"size"` // in bytes, -1 if unknown
	Date string `json:"date,omitempty"`
	when digest.Date
}

func (f *facts) String() string {
	if f.Kind == "directory" {
		return "directory"
	}
	size := "unknown size"
	if f.Size != digest.UnknownSize {
		size = fmt.Sprint(f.Size)
	}
	return size + " " + f.Date
}

// print writes a change.
func (d *differ) print(c change) error {
	d.found++
	if d.list != nil {
		c.Path = mirror.EscapePath(c.Path)
		return d.list.Add(c)
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
	if d.OutTerm {
		c.Path = ui.Printable(c.Path)
	}
	_, err := fmt.Fprintf(d.Stdout, "%s %s\t%s\n", c.Sign, c.Path, detail)
	return err
}

// A differ compares two directories.
type differ struct {
	*session
	names      [2]string
	blind      bool
	list       *ui.List // nil for lines
	found      int
	incomplete bool
}

// same reports whether nothing below can differ.
func (d *differ) same(a, b *digest.Summary) bool {
	x, y := a.Exact, b.Exact
	if d.blind {
		x, y = a.Blind, b.Blind
	}
	return a.ID == b.ID || !x.Absent() && x == y
}

// compare compares two directories that may differ, at a path from where the
// comparison began.
func (d *differ) compare(ctx context.Context, path mirror.Path, a, b digest.ID) error {
	left, err := d.load(ctx, a)
	if err != nil {
		return err
	}
	right, err := d.load(ctx, b)
	if err != nil {
		return err
	}
	if err := d.gaps(path, left, right); err != nil {
		return err
	}
	var deeper []pair
	for name, both := range merge(left, right) {
		if both[0].isDir() && both[1].isDir() {
			deeper = append(deeper, pair{name, both[0].id, both[1].id})
			continue
		}
		if err := d.entry(path, name, both); err != nil {
			return err
		}
	}
	return d.descend(ctx, path, deeper)
}
