package resolver

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver/segment"
)

// A hierarchy is a root below a base path, with its links resolved. Sites that
// agree in both share it.
type hierarchy struct {
	root segment.Number
	base []string // the names of the base path of the crawl URL
	table
	crowded bool // whether links were left out, because they are too many or too much work
}

// newHierarchy resolves links until it is at the bounds. The error is that of
// ctx.
func newHierarchy(ctx context.Context, trees *segment.Stack, root segment.Number, base string, b bounds) (*hierarchy, error) {
	h := &hierarchy{root: root, base: baseNames(base), table: newTable(root)}
	if !trees.Tree(root).Linked() {
		return h, nil
	}
	l := newLinker(h, trees, b)
	if err := l.resolveBelow(ctx); err != nil {
		return nil, err
	}
	l.finish()
	return h, nil
}

// renumbered returns the hierarchy with the numbers that its trees have after a
// merge, which is one that keeps its root.
func (h *hierarchy) renumbered(r *segment.Renumbering) *hierarchy {
	n := *h
	n.root, _ = r.New(h.root)
	n.dirs = slices.Clone(h.dirs)
	for i := range n.dirs {
		n.dirs[i].tree, _ = r.New(h.dirs[i].tree)
	}
	return &n
}

func baseNames(base string) []string {
	return mirror.Path(strings.TrimSuffix(base, "/")).Names()
}

// A linker fills in the table of a hierarchy.
type linker struct {
	*hierarchy
	trees   *segment.Stack
	bounds  bounds
	numbers map[member]int32 // of directories: dirs by their members
	way     []stop           // to the directory whose links are being resolved, the root first
	target  []stop           // room for the way that a link leads
	steps   int              // taken so far
	checked int              // steps at the last look at the context
}

// A stop is one directory on a way.
type stop struct {
	tree     segment.Number
	position int32 // in the directory before
	number   int32 // in the table, or unnumbered
}

func newLinker(h *hierarchy, trees *segment.Stack, b bounds) *linker {
	return &linker{hierarchy: h, trees: trees, bounds: b, numbers: map[member]int32{}, way: []stop{{tree: h.root}}}
}

// betweenChecks is how many steps are taken at least from one look at the
// context to the next; those for one link may come on top.
const betweenChecks = 4096

// room reports whether as many steps and one link more are within bounds.
func (l *linker) room(steps int) bool {
	l.steps += steps
	if l.steps > l.bounds.linkSteps || len(l.links) >= l.bounds.links || l.bytes() >= l.bounds.tableBytes {
		l.crowded = true
	}
	return !l.crowded
}

// check looks at the context now and then.
func (l *linker) check(ctx context.Context) error {
	if l.steps-l.checked < betweenChecks {
		return nil
	}
	l.checked = l.steps
	return ctx.Err()
}

// resolveBelow resolves the links in and below the directory at the end of the
// way.
func (l *linker) resolveBelow(ctx context.Context) error {
	if err := l.check(ctx); err != nil {
		return err
	}
	dir := l.trees.Tree(l.way[len(l.way)-1].tree)
	for links := dir.AllLinks(nil); links.Next(); {
		if !l.room(len(l.way)) {
			return nil
		}
		l.resolve(links.Position(), string(links.Target()))
		if err := l.check(ctx); err != nil {
			return err
		}
	}
	for i := range dir.Children() {
		child := dir.ChildAt(i)
		if !l.trees.Tree(child).Linked() {
			continue
		}
		if !l.room(1) {
			return nil
		}
		l.way = append(l.way, stop{child, int32(i), unnumbered})
		err := l.resolveBelow(ctx)
		l.way = l.way[:len(l.way)-1]
		if err != nil {
			return err
		}
	}
	return nil
}

// resolve puts a link of the directory at the end of the way into the table, if
// it leads somewhere.
func (l *linker) resolve(position int, target string) {
	if len(target) > maxTarget {
		return
	}
	w := walker{linker: l, way: append(l.target[:0], l.way...), file: noFile}
	found := w.follow(target) && w.above == 0
	l.target = w.way // with the room that it has now
	if found {
		from := member{l.number(l.way), int32(position)}
		l.links = append(l.links, link{from, real{l.number(w.way), w.file}})
	}
}

// number numbers the last directory of a way from the root, and those on the
// way, as far as they have no numbers yet.
func (l *linker) number(way []stop) int32 {
	known := len(way) - 1
	for way[known].number == unnumbered {
		known--
	}
	for i := known + 1; i < len(way); i++ {
		m := member{way[i-1].number, way[i].position}
		n, ok := l.numbers[m]
		if !ok {
			n = int32(len(l.dirs))
			l.dirs = append(l.dirs, directory{m, way[i].tree})
			l.numbers[m] = n
		}
		way[i].number = n
	}
	return way[len(way)-1].number
}

// finish sorts the table, so that it can be searched.
func (l *linker) finish() {
	l.order = make([]int32, len(l.dirs)-1)
	for i := range l.order {
		l.order[i] = int32(i + 1)
	}
	slices.SortFunc(l.order, func(a, b int32) int { return l.dirs[a].member.compare(l.dirs[b].member) })
	slices.SortFunc(l.links, func(a, b link) int { return a.member.compare(b.member) })
	l.dirs, l.links = slices.Clip(l.dirs), slices.Clip(l.links)
}

func (m member) compare(o member) int {
	return cmp.Or(cmp.Compare(m.dir, o.dir), cmp.Compare(m.position, o.position))
}
