package store

import (
	"context"
	"fmt"
	"slices"

	"mirrortracker/internal/digest"
)

// A Keeper reads trees for somebody who makes a snapshot of trees that are there
// already, without putting each of them again: it sees to it that they and all below
// them are there, and stay. Whoever uses it holds a site's lease from before the first
// use until the snapshot is published, see [Store.Collect].
//
// It holds ten bytes for each tree that it has seen. It must not be used by several
// goroutines at a time.
type Keeper struct {
	store *Store
	seen  *marks
}

// Keeper returns one that has seen nothing.
func (s *Store) Keeper() *Keeper { return &Keeper{store: s, seen: newMarks(0)} }

// Trees is [Store.Trees] for trees that are kept from then on. If one of them, or one
// below them, is not there, it returns [ErrNoTree], and the Keeper is of no more use.
func (k *Keeper) Trees(ctx context.Context, ids []digest.ID, parts Parts, fn func(*digest.Tree) error) error {
	if err := k.keep(ctx, ids); err != nil {
		return fmt.Errorf("keep trees: %w", err)
	}
	return k.store.Trees(ctx, ids, parts, fn)
}

// keep goes through all that is not seen yet.
func (k *Keeper) keep(ctx context.Context, ids []digest.ID) error {
	var pending []digest.ID
	meet := func(id digest.ID) {
		if k.seen.add(id) {
			pending = append(pending, id)
		}
	}
	for _, id := range ids {
		meet(id)
	}
	for len(pending) > 0 {
		// From the end, so that what is pending follows the depth of trees, not their number.
		first := max(len(pending)-maxRows, 0)
		some := slices.Clone(pending[first:])
		pending = pending[:first]
		// Pardoned first, and then read: what was swept meanwhile is not there.
		if err := k.store.pardonAny(ctx, some); err != nil {
			return err
		}
		found := 0
		if err := k.store.Trees(ctx, some, Branches, func(t *digest.Tree) error {
			found++
			for child := range t.Children() {
				meet(child.ID)
			}
			return nil
		}); err != nil {
			return err
		}
		if found < len(some) {
			return ErrNoTree
		}
	}
	return nil
}

// pardonAny pardons those of the trees that are condemned.
func (s *Store) pardonAny(ctx context.Context, ids []digest.ID) error {
	var condemned []digest.ID
	if err := s.selectRows(ctx, "look for condemned trees", &condemned, `
		SELECT id
		FROM condemned
		WHERE id IN (`+placeholders(len(ids))+`)
		ORDER BY id`,
		anyOf(ids)...,
	); err != nil {
		return err
	}
	_, err := s.pardon(ctx, condemned)
	return err
}
