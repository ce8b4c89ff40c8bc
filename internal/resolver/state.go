package resolver

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A state is what a source says about its sites, without their trees.
type state struct {
	sites   []mirror.Site // sorted by name
	current map[mirror.SiteID]store.Snapshot
}

func readState(ctx context.Context, src Source) (state, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	sites, err := src.Sites(ctx)
	if err != nil {
		return state{}, fmt.Errorf("read sites: %w", err)
	}
	snapshots, err := src.Current(ctx)
	if err != nil {
		return state{}, fmt.Errorf("read current snapshots: %w", err)
	}
	return newState(slices.Clone(sites), snapshots), nil
}

func newState(sites []mirror.Site, snapshots []store.Snapshot) state {
	s := state{sites: sites, current: make(map[mirror.SiteID]store.Snapshot, len(snapshots))}
	slices.SortFunc(s.sites, func(a, b mirror.Site) int { return strings.Compare(a.Name, b.Name) })
	for _, snapshot := range snapshots {
		s.current[snapshot.Site] = snapshot
	}
	return s
}

// equal reports whether two states would make the same index.
func (s state) equal(o state) bool {
	return slices.EqualFunc(s.sites, o.sites, sameSite) && maps.EqualFunc(s.current, o.current, sameSnapshot)
}

func sameSnapshot(a, b store.Snapshot) bool {
	return a.Seq == b.Seq && a.Root == b.Root && a.Finished.Equal(b.Finished)
}

func sameSite(a, b mirror.Site) bool { return reflect.DeepEqual(a, b) }

// roster returns that of the previous index if the sites are the same.
func (s state) roster(prev *Index) *Roster {
	if prev != nil && slices.EqualFunc(prev.roster.Sites, s.sites, sameSite) {
		return prev.roster
	}
	return &Roster{s.sites}
}
