package main

import (
	"fmt"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/forest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/program"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type historyCommand struct {
	Name  string `arg:"" help:"The site's name, or its URL."`
	Path  string `arg:"" optional:"" help:"A directory of it. Default: the root."`
	Limit int    `short:"n" help:"Show only so many changes, the newest. Default: all that are known." placeholder:"N"`
}

func (historyCommand) Help() string {
	return `Prints a line for each snapshot in which the directory is not what it was in the one before, newest first. What it became:

  appeared, gone          it was not there before, or is there no longer
  changed                 names or sizes below it
  dates                   nothing but dates
  incomplete, complete    it is not completely known any more, or again
  first                   it is so in the oldest snapshot that is kept

A snapshot that came from another tracker has an origin: who crawled, and from whom it came.

How long snapshots are kept is said by history.keep and history.days of the configuration.

` + program.Examples("crawler history gnu", "crawler history gnu /emacs --limit 5", "crawler history gnu --json")
}

// maxSnapshots is how many snapshots of a site are looked at, at most.
const maxSnapshots = 100_000

// A changeJSON is one line of a history.
type changeJSON struct {
	Time     time.Time   `json:"time"` // when the crawl ended that found it
	Snapshot int64       `json:"snapshot"`
	Change   forest.Turn `json:"change"`
	Blind    digest.Sum  `json:"blind"` // null where the directory is gone or not completely known
	Exact    digest.Sum  `json:"exact"`
	digest.Totals
	Origin string `json:"origin,omitempty"` // the tracker that crawled, where that was not this one
	Via    string `json:"via,omitempty"`    // whose word it is
}

// Run prints when the directory changed.
func (c *historyCommand) Run(a *program.App) error {
	if c.Limit < 0 {
		return ui.Misuse("--limit is %d, must be 1 or more", c.Limit)
	}
	path, err := mirror.ParsePath(c.Path)
	if err != nil {
		return ui.Misuse("%w", err)
	}
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	changes, err := s.history(c.Name, path, c.Limit)
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		list := a.List()
		for _, change := range changes {
			if err := list.Add(jsonChange(change)); err != nil {
				return err
			}
		}
		return list.End()
	}
	now := time.Now()
	rows := make([][]any, len(changes))
	for i, change := range changes {
		rows[i] = []any{stamp(a.Env, change.Snapshot.Finished, now), ui.Number(change.Snapshot.Seq), string(change.Turn), "-", "-", "-", "-", "-", originOf(&change.Snapshot)}
		if t := change.Tree; change.Turn != forest.Gone {
			copy(rows[i][3:], []any{ui.Number(t.Files), ui.Number(t.Dirs), ui.Volume(t.Bytes), t.Blind, t.Exact})
		}
	}
	return a.Table([]string{"time", "snapshot", "change", "files", "directories", "bytes", "blind", "exact", "origin"}, rows)
}

// history returns the changes of a site's directory, newest first; all if limit is 0.
func (s *session) history(name string, path mirror.Path, limit int) (changes []forest.Change, err error) {
	site, err := s.site(name)
	if err != nil {
		return nil, err
	}
	snapshots, err := s.Store.History(s, site.ID(), maxSnapshots)
	if err != nil {
		return nil, err
	}
	if len(snapshots) == 0 {
		return nil, noSnapshot(site)
	}
	base, err := mirror.ParsePath(site.URL.Base)
	if err != nil {
		return nil, err
	}
	err = forest.History(s, s.Store, base.Names(), snapshots, path, func(c forest.Change) (bool, error) {
		changes = append(changes, c)
		return len(changes) != limit, nil
	})
	if err != nil {
		return nil, fmt.Errorf("site %s: %w", site.Name, err)
	}
	return changes, nil
}

func jsonChange(c forest.Change) changeJSON {
	return changeJSON{c.Snapshot.Finished.UTC(), c.Snapshot.Seq, c.Turn, c.Tree.Blind, c.Tree.Exact, c.Tree.Totals, c.Snapshot.Origin, c.Snapshot.Via}
}

// originOf says who made a snapshot, where that was another tracker.
func originOf(s *store.Snapshot) string {
	if s.Via == "" {
		return "-"
	}
	return ui.Printable(s.Origin) + ", from " + ui.Printable(s.Via)
}
