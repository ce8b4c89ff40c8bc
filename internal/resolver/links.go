package resolver

import (
	"context"
	"strings"

	"mirrortracker/internal/mirror"
)

// A hierarchy is a root below a base path, with its links resolved. Sites that
// agree in both share it.
type hierarchy struct {
	root *node
	base []string // the names of the base path of the crawl URL
	table
	crowded bool // whether links were left out, because they are too many or too much work
}

// newHierarchy resolves links until it is at the bounds. The error is that of
// ctx.
func newHierarchy(ctx context.Context, root *node, base string, b bounds) (*hierarchy, error) {
	h := &hierarchy{root: root, base: baseNames(base), table: newTable(root)}
	l := &linker{hierarchy: h, bounds: b, way: []stop{{node: root}}}
	if !root.linked {
		return h, nil
	}
	return h, l.resolveBelow(ctx)
}

func baseNames(base string) []string {
	return mirror.Path(strings.TrimSuffix(base, "/")).Names()
}

// A linker fills in the table of a hierarchy.
type linker struct {
	*hierarchy
	bounds  bounds
	way     []stop // to the directory whose links are being resolved, the root first
	target  []stop // room for the way that a link leads
	steps   int    // taken so far
	checked int    // steps at the last look at the context
}

// A stop is one directory on a way.
type stop struct {
	*node
	position int32 // in the directory before
	number   int32 // in the table, or unnumbered
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
	dir := l.way[len(l.way)-1]
	for i, link := range dir.links {
		if !l.room(len(l.way)) {
			return nil
		}
		l.resolve(i, link.Target)
		if err := l.check(ctx); err != nil {
			return err
		}
	}
	for i, c := range dir.children {
		if !c.linked {
			continue
		}
		if !l.room(1) {
			return nil
		}
		l.way = append(l.way, stop{c.node, int32(i), unnumbered})
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
	w := walker{linker: l, way: append(l.target[:0], l.way...), file: noFile}
	found := w.follow(target) && w.above == 0
	l.target = w.way // with the room that it has now
	if found {
		m := member{l.number(l.way), int32(position)}
		l.links[m] = real{l.number(w.way), w.file}
	}
}
