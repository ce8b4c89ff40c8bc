package mirrors

import (
	"context"
	"fmt"

	"mirrortracker/internal/mirror"
)

// ours returns the addresses of aliases that lead to this very server, if that of a given
// one does: a circle that is new goes through it.
func (s *Store) ours(ctx context.Context, a *Alias) map[string]bool {
	if s.config.Ours == nil || !s.config.Ours(ctx, a.Host, a.Port) {
		return nil
	}
	own := map[string]bool{a.Address(): true}
	for _, other := range s.View().Aliases() {
		if at := other.Address(); !own[at] && s.config.Ours(ctx, other.Host, other.Port) {
			own[at] = true
		}
	}
	return own
}

// round reports [ErrLoop] if aliases that lead to ourselves lead round in a circle: the
// tree below such an alias would have no end. They may well lead into each other: what
// counts is that the way from one to the next, which stands in the tree that it shows, or
// in whose tree that lies, comes back nowhere.
//
// Circles by way of other servers cannot be seen from here.
func round(aliases []*Alias, ours map[string]bool) error {
	var own []*Alias
	for _, a := range aliases {
		if ours[a.Address()] {
			own = append(own, a)
		}
	}
	state := make(map[mirror.Path]int, len(own)) // 1: on the way, 2: it leads to no circle
	var walk func(a *Alias) error
	walk = func(a *Alias) error {
		switch state[a.Path] {
		case 1:
			return fmt.Errorf("%w: by way of %s, below which would be %s again", ErrLoop, a.Path, a.Path)
		case 2:
			return nil
		}
		state[a.Path] = 1
		for _, next := range own {
			if next.Path.Within(a.Root) || a.Root.Within(next.Path) {
				if err := walk(next); err != nil {
					return err
				}
			}
		}
		state[a.Path] = 2
		return nil
	}
	for _, a := range own {
		if err := walk(a); err != nil {
			return err
		}
	}
	return nil
}

// ownMember says that an alias cannot be a member of a mirror entry.
func ownMember(p mirror.Path) error {
	return fmt.Errorf("%s: %w, which is called %s in a mirror entry", p, ErrOurs, Local)
}
