package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/crawl/disk"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/forest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/program"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type digestCommand struct {
	Args      []string `arg:"" optional:"" sep:"none" name:"name" help:"The site's name or URL, and then paths on it. Default path: the root."`
	Local     string   `help:"Digest this folder of this machine instead of a site; arguments are paths in it." placeholder:"DIR"`
	Recursive bool     `short:"r" help:"All directories below, too."`
	Format    string   `enum:"columns,original" default:"columns" help:"columns, or original: the digest without dates as MD5, two spaces, and host/path/, as the trackers of old wrote them." placeholder:"FORMAT"`
	All       bool     `help:"Show all problems of a local folder, not only ten."`
}

func (digestCommand) Help() string {
	return `Prints a line for each directory: BLIND EXACT FILES DIRS BYTES PATH/

Digests are 32 hex digits, or 32 dashes where the directory or something below it is not completely known. Files, directories and bytes are those below it. The path is from the site's root, its bytes as they are.

With --format=original a line is: BLIND  HOST/PATH/ (two spaces), as md5sum writes them; directories that are not completely known are left out.

` + program.Examples("crawler digest gnu", "crawler digest gnu /emacs /gcc --recursive", "crawler digest gnu --recursive --format=original", "crawler digest --local /srv/ftp/pub")
}

// Run prints the digests.
func (c *digestCommand) Run(a *program.App) error {
	original := c.Format == "original"
	switch {
	case original && c.Local != "":
		return ui.Misuse("--format=original names the server, and --local has none")
	case original && a.Flags.JSON:
		return ui.Misuse("--format=original and --json are two formats")
	}
	from, paths, err := c.place(a)
	if err != nil {
		return err
	}
	defer from.close()
	out := &digestPrinter{App: a, original: original, url: from.url}
	if a.Flags.JSON {
		out.list = a.List()
	}
	for _, path := range paths {
		if err := c.one(a, from.Place, path, out); err != nil {
			return err
		}
	}
	if out.list != nil {
		if err := out.list.End(); err != nil {
			return err
		}
	}
	if out.incomplete {
		return ui.ErrIncomplete
	}
	return nil
}

func (c *digestCommand) one(ctx context.Context, from *forest.Place, path mirror.Path, out *digestPrinter) error {
	real, tree, err := from.Find(ctx, path)
	if err != nil {
		return err
	}
	if !c.Recursive {
		return out.print(real, tree)
	}
	return forest.Walk(ctx, from.Source, real, tree, out.print)
}

// An origin is a place that has to be closed.
type origin struct {
	*forest.Place
	url   mirror.URL // of the site, if it is one
	close func()
}

// place returns where the trees come from, and which paths are wanted.
func (c *digestCommand) place(a *program.App) (from origin, paths []mirror.Path, err error) {
	args := c.Args
	if c.Local == "" {
		if len(args) == 0 {
			return from, nil, ui.Hint(ui.Misuse("which site?"), "crawler digest NAME [PATH]..., or crawler digest --local DIR")
		}
		args = args[1:]
	}
	for _, arg := range args {
		path, err := mirror.ParsePath(arg)
		if err != nil {
			return from, nil, ui.Misuse("%w", err)
		}
		paths = append(paths, path)
	}
	if len(paths) == 0 {
		paths = []mirror.Path{mirror.Root}
	}
	if c.Local != "" {
		from.close = func() {}
		from.Place, err = local(a, c.Local, c.All)
		return from, paths, err
	}
	s, err := open(a)
	if err != nil {
		return from, nil, err
	}
	from.close = func() { s.Close() }
	site, err := s.site(c.Args[0])
	if err == nil {
		from.url = site.URL
		from.Place, err = s.rootOf(site)
	}
	if err != nil {
		s.Close()
	}
	return from, paths, err
}

// local walks a folder of this machine into memory.
func local(a *program.App, dir string, all bool) (*forest.Place, error) {
	cfg, err := a.Load()
	if err != nil {
		return nil, err
	}
	folder, err := disk.Open(dir)
	if err != nil {
		return nil, err
	}
	found := memory{}
	walker := &crawl.Walker{
		Open:        func(context.Context) (crawl.Lister, error) { return crawl.OneByOne(folder), nil },
		Sink:        found,
		Connections: 1,
		Limits:      limits(&cfg.Crawl),
		Retry:       crawl.Retry{Tries: 1},
		Now:         time.Now,
	}
	result, err := walker.Start(a).Wait()
	if err != nil {
		return nil, err
	}
	printProblems(a.Env, dir, result.Problems, result.Incomplete, all)
	return &forest.Place{Source: found, Root: result.Root.ID}, nil
}

// memory holds the trees of a local folder, without the names of its files.
type memory map[digest.ID]*digest.Tree

var (
	_ crawl.Sink    = memory{}
	_ forest.Source = memory{}
)

// Put implements [crawl.Sink].
func (m memory) Put(t *digest.Tree) { m[t.ID] = &digest.Tree{Summary: t.Summary, Branches: t.Branches} }

// Ready implements [crawl.Sink].
func (memory) Ready(context.Context) error { return nil }

// Trees implements [forest.Source].
func (m memory) Trees(_ context.Context, ids []digest.ID, _ store.Parts, fn func(*digest.Tree) error) error {
	given := map[digest.ID]bool{}
	for _, id := range ids {
		if t := m[id]; t != nil && !given[id] {
			given[id] = true
			if err := fn(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// A digestPrinter prints directories as lines or as JSON.
type digestPrinter struct {
	*program.App
	list       *ui.List // nil for lines
	original   bool     // the lines of old
	url        mirror.URL
	incomplete bool
}

type digestJSON struct {
	Path  string     `json:"path"` // escaped as in a URL
	ID    digest.ID  `json:"id"`
	Blind digest.Sum `json:"blind"`
	Exact digest.Sum `json:"exact"`
	digest.Totals
	Reason digest.Reason `json:"reason,omitempty"` // why its own listing is incomplete
}

func (p *digestPrinter) print(path mirror.Path, t *digest.Tree) error {
	p.incomplete = p.incomplete || t.Reason() != digest.Complete || t.Blind.Absent()
	if err := p.Err(); err != nil {
		return errors.New("interrupted")
	}
	if p.list != nil {
		return p.list.Add(digestJSON{mirror.EscapePath(path.Dir()), t.ID, t.Blind, t.Exact, t.Totals, t.Reason()})
	}
	name := path.Dir()
	if p.original {
		name = p.url.Authority() + p.url.Base + strings.TrimPrefix(name, "/")
	}
	if p.OutTerm {
		name = ui.Printable(name)
	}
	if p.original {
		if t.Blind.Absent() {
			return nil // they had no word for that
		}
		_, err := fmt.Fprintf(p.Stdout, "%s  %s\n", t.Blind, name)
		return err
	}
	_, err := fmt.Fprintln(p.Stdout, t.Blind, t.Exact, t.Totals.Files, t.Dirs, t.Bytes, name)
	return err
}
