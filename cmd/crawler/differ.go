package main

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// load returns a directory with its files.
func (d *differ) load(ctx context.Context, id digest.ID) (*digest.Tree, error) {
	return (&place{forest: d.store}).load(ctx, id, store.Branches|store.Leaves)
}

// An entry is a name in one of the two directories; nil is none.
type entry struct {
	facts
	id digest.ID // of a directory
}

func (e *entry) isDir() bool { return e != nil && e.Kind == "directory" }

// entries returns a directory's entries by name.
func entries(t *digest.Tree) map[string]*entry {
	all := map[string]*entry{}
	for c := range t.Children() {
		all[c.Name] = &entry{facts: facts{Kind: "directory"}, id: c.ID}
	}
	for f := range t.Files() {
		all[f.Name] = &entry{facts: facts{Kind: "file", Size: f.Size, Date: f.Date.String(), when: f.Date}}
	}
	return all
}

// merge yields the names that are in either directory, sorted, with what each of
// the two has under that name.
func merge(left, right *digest.Tree) iter.Seq2[string, [2]*entry] {
	return func(yield func(string, [2]*entry) bool) {
		in := [2]map[string]*entry{entries(left), entries(right)}
		names := slices.Collect(maps.Keys(in[0]))
		for name := range in[1] {
			if in[0][name] == nil {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			if !yield(name, [2]*entry{in[0][name], in[1][name]}) {
				return
			}
		}
	}
}

// gaps tells of the two directories what is incomplete.
func (d *differ) gaps(path mirror.Path, trees ...*digest.Tree) error {
	for i, t := range trees {
		if t.Reason() == digest.Complete {
			continue
		}
		note := fmt.Sprintf("incomplete in %s: %s", d.names[i], t.Reason())
		if err := d.print(change{Sign: "?", Path: path.Dir(), Note: note}); err != nil {
			return err
		}
	}
	return nil
}

// entry compares two entries of which at most one is a directory.
func (d *differ) entry(path mirror.Path, name string, both [2]*entry) error {
	c := change{Sign: "!", Path: string(path.Join(name))}
	if both[0].isDir() || both[1].isDir() {
		c.Path += "/"
	}
	if both[0] != nil {
		c.Old = &both[0].facts
	}
	if both[1] != nil {
		c.New = &both[1].facts
	}
	switch {
	case c.New == nil:
		c.Sign = "-"
	case c.Old == nil:
		c.Sign = "+"
	case !d.differs(c.Old, c.New):
		return nil
	}
	return d.print(c)
}

// differs compares two entries of one name as far as they are known.
func (d *differ) differs(a, b *facts) bool {
	if a.Kind != b.Kind {
		return true
	}
	size := a.Size != b.Size && a.Size != digest.UnknownSize && b.Size != digest.UnknownSize
	date := a.when != b.when && a.when.Known() && b.when.Known()
	return size || date && !d.blind
}

// A pair is a directory that both have.
type pair struct {
	name        string
	left, right digest.ID
}

// descend compares those of the directories whose digests differ.
func (d *differ) descend(ctx context.Context, path mirror.Path, pairs []pair) error {
	for some := range slices.Chunk(pairs, chunk/2) {
		var ids []digest.ID
		for _, p := range some {
			if p.left != p.right {
				ids = append(ids, p.left, p.right)
			}
		}
		known, err := d.store.Summaries(ctx, ids)
		if err != nil {
			return err
		}
		for _, p := range some {
			left, right := known[p.left], known[p.right]
			if p.left == p.right || d.same(&left, &right) {
				continue
			}
			if err := d.compare(ctx, path.Join(p.name), p.left, p.right); err != nil {
				return err
			}
		}
	}
	return nil
}
