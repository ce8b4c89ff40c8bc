package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/process"
	"mirrortracker/internal/program"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type collectCommand struct {
	DryRun bool          `help:"Only count the trees that would go."`
	Wait   time.Duration `help:"How long to wait, at most, for crawls that must end first." default:"0s" placeholder:"TIME"`
}

func (collectCommand) Help() string {
	return `Deletes the snapshots that history.keep and history.days of the configuration do not keep, and then the directories' trees that no snapshot needs any more. Crawls go on meanwhile; those that have begun before must end before anything is deleted, and what is left is done by the next call. "crawler run" does all this by itself.

With --dry-run the snapshots stay, and trees are counted that none of them needs.

` + program.Examples("crawler collect", "crawler collect --dry-run", "crawler collect --wait 1h")
}

// A collection is what came of it.
type collection struct {
	Snapshots int64    `json:"snapshots"`         // deleted
	Kept      *int64   `json:"kept"`              // trees that are needed; null where they were not counted, this time
	Missing   int64    `json:"missing,omitempty"` // trees that are needed and are not there
	Condemned int64    `json:"condemned"`         // trees that were found not to be needed, this time
	Deleted   int64    `json:"deleted"`           // trees
	Bytes     int64    `json:"bytes"`             // of trees, compressed
	Waiting   []string `json:"waiting"`           // sites whose crawls must end first
}

// Run prunes and collects.
func (c *collectCommand) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	var done collection
	if !c.DryRun {
		if done.Snapshots, err = s.prune(time.Now()); err != nil {
			return err
		}
	}
	shown := time.Now()
	got, err := s.Store.Collect(s, store.CollectConfig{
		Owner:  process.Name(),
		Gone:   process.Gone,
		Wait:   c.Wait,
		DryRun: c.DryRun,
		Watch: func(far store.Collected) {
			if time.Since(shown) >= logInterval {
				shown = time.Now()
				s.Log.Info("collecting", "phase", far.Phase, "reached", far.Reached, "condemned", far.Condemned, "deleted", far.Deleted)
			}
		},
	})
	switch held := (*store.LeaseHeldError)(nil); {
	case errors.As(err, &held):
		return fmt.Errorf("%s is collecting already", process.Short(held.Owner))
	case errors.Is(err, context.Canceled):
		return ui.Hint(errors.New("interrupted"), `"crawler collect" goes on where it was`)
	case err != nil:
		return err
	}
	done.Missing, done.Condemned, done.Deleted, done.Bytes = got.Missing, got.Condemned, got.Deleted, got.Bytes
	if got.Marked {
		done.Kept = &got.Reached
	}
	if done.Waiting, err = s.holders(got.Waiting); err != nil {
		return err
	}
	return c.print(a, &done)
}

func (c *collectCommand) print(a *program.App, done *collection) error {
	if done.Missing > 0 {
		fmt.Fprintf(a.Console(), "%s: %d trees are missing that snapshots need; crawl all sites again\n", a.Name, done.Missing)
	}
	if a.Flags.JSON {
		return a.JSON(done)
	}
	if len(done.Waiting) > 0 {
		fmt.Fprintf(a.Console(), "%s: nothing is deleted before the crawls end of %s\n", a.Name, strings.Join(done.Waiting, ", "))
	}
	kept := any("-")
	if done.Kept != nil {
		kept = ui.Number(*done.Kept)
	}
	deleted, trees := "trees deleted", done.Deleted
	if c.DryRun {
		deleted, trees = "trees to delete", done.Condemned
	}
	return a.Facts([][2]any{
		{"snapshots deleted", ui.Number(done.Snapshots)},
		{"trees kept", kept},
		{deleted, ui.Number(trees)},
		{"bytes", ui.Volume(done.Bytes)},
	})
}

// prune deletes the snapshots that the configuration does not keep.
func (s *session) prune(now time.Time) (removed int64, err error) {
	return s.Store.Prune(s, keep(s.Config.History, now))
}

// holders returns the names of the sites that leases are for, sorted.
func (s *session) holders(leases []string) ([]string, error) {
	sites, err := s.Store.Sites(s)
	if err != nil {
		return nil, err
	}
	names := []string{} // never null
	for _, site := range sites {
		if slices.Contains(leases, store.SiteLease(site.ID())) {
			names = append(names, site.Name)
		}
	}
	return names, nil
}
