package mirrors

import (
	"cmp"
	"maps"
	"slices"

	"mirrortracker/internal/mirror"
)

// A View is all aliases, mirror entries and bindings as they were at one time. It is never
// changed, nor may what it returns be.
type View struct {
	Version uint64 // grows with each change

	aliases  map[mirror.Path]*Alias
	entries  map[int]*Entry
	bindings map[mirror.Path]*Binding
	below    map[mirror.Path][]string
}

// newView makes a view of what there is. Members have the aliases of the view.
func newView(version uint64, aliases []*Alias, entries []*Entry, bindings []*Binding) *View {
	v := &View{
		Version:  version,
		aliases:  make(map[mirror.Path]*Alias, len(aliases)),
		entries:  make(map[int]*Entry, len(entries)),
		bindings: make(map[mirror.Path]*Binding, len(bindings)),
		below:    map[mirror.Path][]string{},
	}
	for _, a := range aliases {
		v.aliases[a.Path] = a
		v.lead(a.Path)
	}
	for _, e := range entries {
		v.entries[e.ID] = e
	}
	for _, b := range bindings {
		v.bindings[b.Dir] = b
	}
	return v
}

// lead notes the names by which an alias is found from the root on.
func (v *View) lead(p mirror.Path) {
	for ; p != mirror.Root; p = p.Parent() {
		dir := p.Parent()
		names := v.below[dir]
		at, there := slices.BinarySearch(names, p.Name())
		if there {
			return
		}
		v.below[dir] = slices.Insert(names, at, p.Name())
	}
}

// Alias returns the deepest alias at or above a path, and the path from there on, "/" for
// that of the alias itself.
func (v *View) Alias(p mirror.Path) (a *Alias, rest mirror.Path, ok bool) {
	if len(v.aliases) == 0 {
		return nil, "", false
	}
	for at := p; at != mirror.Root; at = at.Parent() {
		if a, ok := v.aliases[at]; ok {
			return a, p.From(at), true
		}
	}
	return nil, "", false
}

// Below returns the names in a directory that are aliases or lead to one, in order. One
// that only leads there is a directory, also where the file system has nothing of the
// name.
func (v *View) Below(dir mirror.Path) []string { return v.below[dir] }

// Binding returns that of the deepest directory above a file, or of the path itself. What
// is below an alias has none.
func (v *View) Binding(p mirror.Path) (*Binding, bool) {
	if len(v.bindings) == 0 {
		return nil, false
	}
	for at := p; ; at = at.Parent() {
		if b, ok := v.bindings[at]; ok {
			return b, true
		}
		if _, linked := v.aliases[at]; linked || at == mirror.Root {
			return nil, false
		}
	}
}

// Aliases returns all aliases, by path.
func (v *View) Aliases() []*Alias { return ordered(v.aliases) }

// Entries returns all mirror entries, by MirrorID.
func (v *View) Entries() []*Entry { return ordered(v.entries) }

// Bindings returns all mirrored directories, by path.
func (v *View) Bindings() []*Binding { return ordered(v.bindings) }

func ordered[K cmp.Ordered, V any](of map[K]*V) []*V {
	all := make([]*V, 0, len(of))
	for _, key := range slices.Sorted(maps.Keys(of)) {
		all = append(all, of[key])
	}
	return all
}

// At returns the alias at a path, nil if there is none.
func (v *View) At(p mirror.Path) *Alias { return v.aliases[p] }

// Entry returns the entry of a MirrorID, nil if there is none.
func (v *View) Entry(id int) *Entry { return v.entries[id] }

// Bound returns the binding of a directory, nil if it has none of its own.
func (v *View) Bound(dir mirror.Path) *Binding { return v.bindings[dir] }
