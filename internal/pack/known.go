package pack

import (
	"context"
	"fmt"
	"slices"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

// Known are trees that the reader of a pack has.
type known map[digest.ID]*digest.Tree

// look adds trees from where they are. One that is not there is [ErrLacking].
func (k known) look(ctx context.Context, src Source, ids []digest.ID, parts store.Parts) error {
	if len(ids) == 0 {
		return nil
	}
	if src != nil {
		for some := range slices.Chunk(ids, chunk) {
			if err := src.Trees(ctx, some, parts, func(t *digest.Tree) error { k[t.ID] = t; return nil }); err != nil {
				return err
			}
		}
	}
	for _, id := range ids {
		if k[id] == nil {
			return fmt.Errorf("%w: %s", ErrLacking, id)
		}
	}
	return nil
}

// look returns all that drafts name as known: whole trees that they are edits of, and
// what children amount to.
func (p *Reader) look(ctx context.Context, drafts []draft) (known, error) {
	var bases, children []digest.ID
	for i := range drafts {
		if drafts[i].edits() {
			bases = append(bases, drafts[i].base)
		}
	}
	found := known{}
	if err := found.look(ctx, p.src, bases, store.Branches|store.Leaves); err != nil {
		return nil, err
	}
	for i := range drafts {
		for _, e := range drafts[i].entries {
			if e.Kind == digest.Dir && e.child.back == 0 && found[e.child.id] == nil {
				children = append(children, e.child.id)
			}
		}
		if drafts[i].edits() {
			for c := range found[drafts[i].base].Children() {
				if found[c.ID] == nil {
					children = append(children, c.ID)
				}
			}
		}
	}
	return found, found.look(ctx, p.src, children, 0)
}

// A partial counts the incomplete directories below trees that are known.
type partial struct {
	src   Source
	known map[digest.ID]int64
}

// count returns how many directories at a tree and below it have an incomplete listing.
// Below one that has a digest there are none.
func (p *partial) count(ctx context.Context, t *digest.Tree) (n int64, err error) {
	if !t.Blind.Absent() {
		return 0, nil
	}
	if n, ok := p.known[t.ID]; ok {
		return n, nil
	}
	below, children := known{}, []digest.ID(nil)
	if err := below.look(ctx, p.src, []digest.ID{t.ID}, store.Branches); err != nil {
		return 0, err
	}
	whole := below[t.ID]
	if whole.Reason() != digest.Complete {
		n = 1
	}
	for c := range whole.Children() {
		children = append(children, c.ID)
	}
	if err := below.look(ctx, p.src, children, 0); err != nil {
		return 0, err
	}
	for _, id := range children {
		more, err := p.count(ctx, below[id])
		if err != nil {
			return 0, err
		}
		n = min(n+more, 1<<62)
	}
	p.known[t.ID] = n
	return n, nil
}
