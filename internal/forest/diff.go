package forest

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

// An Entry is a file or directory, as far as it is known.
type Entry struct {
	Kind digest.Kind
	Size int64       // of a file
	Date digest.Date // of a file
	id   digest.ID   // of a directory
}

// A Difference is a path at which two directories differ. Old or New is nil where
// the first or the second has nothing of that name; both are nil for a directory of
// which a listing is incomplete, so that more may differ in it.
type Difference struct {
	Path       mirror.Path // from the directories that are compared
	Old, New   *Entry
	Incomplete [2]digest.Reason // of the two listings, where both entries are nil
}

// IsDir reports whether either is a directory.
func (d *Difference) IsDir() bool {
	return d.Old == nil && d.New == nil || d.Old.isDir() || d.New.isDir()
}

func (e *Entry) isDir() bool { return e != nil && e.Kind == digest.Dir }

// A Diff compares directories. It descends only where digests differ. Links do not
// count.
type Diff struct {
	Source Source
	Blind  bool // leave dates out of account
	Found  func(Difference) error
}

// Compare calls Found with each difference of two directories, sorted by name
// within each directory, files before what is below directories.
func (d *Diff) Compare(ctx context.Context, a, b *digest.Tree) error {
	if d.same(&a.Summary, &b.Summary) {
		return nil
	}
	return d.compare(ctx, mirror.Root, a.ID, b.ID)
}

// same reports whether nothing below can differ.
func (d *Diff) same(a, b *digest.Summary) bool {
	x, y := a.Exact, b.Exact
	if d.Blind {
		x, y = a.Blind, b.Blind
	}
	return a.ID == b.ID || !x.Absent() && x == y
}

func (d *Diff) compare(ctx context.Context, path mirror.Path, a, b digest.ID) error {
	left, err := load(ctx, d.Source, a, store.Branches|store.Leaves)
	if err != nil {
		return err
	}
	right, err := load(ctx, d.Source, b, store.Branches|store.Leaves)
	if err != nil {
		return err
	}
	if reasons := [2]digest.Reason{left.Reason(), right.Reason()}; reasons != [2]digest.Reason{} {
		if err := d.Found(Difference{Path: path, Incomplete: reasons}); err != nil {
			return err
		}
	}
	var deeper []pair
	for name, both := range merge(left, right) {
		switch {
		case both[0].isDir() && both[1].isDir():
			deeper = append(deeper, pair{path.Join(name), both[0].id, both[1].id})
		case d.differ(both[0], both[1]):
			if err := d.Found(Difference{Path: path.Join(name), Old: both[0], New: both[1]}); err != nil {
				return err
			}
		}
	}
	return d.descend(ctx, deeper)
}

// differ compares two entries of one name as far as they are known. At most one
// is a directory.
func (d *Diff) differ(a, b *Entry) bool {
	if a == nil || b == nil || a.Kind != b.Kind {
		return true
	}
	size := a.Size != b.Size && a.Size != digest.UnknownSize && b.Size != digest.UnknownSize
	date := a.Date != b.Date && a.Date.Known() && b.Date.Known()
	return size || date && !d.Blind
}

// A pair is a directory that both have.
type pair struct {
	path        mirror.Path
	left, right digest.ID
}

// descend compares those of the directories whose digests differ.
func (d *Diff) descend(ctx context.Context, pairs []pair) error {
	pairs = slices.DeleteFunc(pairs, func(p pair) bool { return p.left == p.right })
	for some := range slices.Chunk(pairs, chunk/2) {
		var ids []digest.ID
		for _, p := range some {
			ids = append(ids, p.left, p.right)
		}
		known := make(map[digest.ID]digest.Summary, len(ids))
		err := d.Source.Trees(ctx, ids, 0, func(t *digest.Tree) error { known[t.ID] = t.Summary; return nil })
		if err != nil {
			return err
		}
		for _, p := range some {
			left, ok := known[p.left]
			right, too := known[p.right]
			if !ok || !too {
				return fmt.Errorf("a tree of %s: %w", p.path.Dir(), store.ErrNoTree)
			}
			if d.same(&left, &right) {
				continue
			}
			if err := d.compare(ctx, p.path, p.left, p.right); err != nil {
				return err
			}
		}
	}
	return nil
}

// merge yields the names that are in either directory, sorted, with what each of
// the two has under that name.
func merge(left, right *digest.Tree) iter.Seq2[string, [2]*Entry] {
	return func(yield func(string, [2]*Entry) bool) {
		in := [2]map[string]*Entry{entries(left), entries(right)}
		names := slices.Collect(maps.Keys(in[0]))
		for name := range in[1] {
			if in[0][name] == nil {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			if !yield(name, [2]*Entry{in[0][name], in[1][name]}) {
				return
			}
		}
	}
}

// entries returns a directory's entries by name.
func entries(t *digest.Tree) map[string]*Entry {
	all := map[string]*Entry{}
	for c := range t.Children() {
		all[c.Name] = &Entry{Kind: digest.Dir, id: c.ID}
	}
	for f := range t.Files() {
		all[f.Name] = &Entry{Kind: digest.File, Size: f.Size, Date: f.Date}
	}
	return all
}
