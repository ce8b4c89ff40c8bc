package forest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A Place is a hierarchy: a site's at one snapshot, or a folder's on disk.
type Place struct {
	Source
	Base []string // names of the root's path on its server
	Root digest.ID
}

// Links are followed by the same rules as in package resolver: each name of a path
// by itself has to lead to a place within the site, over at most maxHops links; on
// the way a link may pass above the site's root but not above the server's, and a
// target of more than maxTarget bytes leads nowhere (Linux, path_resolution(7)).
const (
	maxHops   = 40
	maxTarget = 4096
)

// A Nowhere is the error of a path that leads to no directory: why it does not.
type Nowhere string

// Error says why.
func (why Nowhere) Error() string { return string(why) }

// Why a path may lead nowhere.
var (
	errLeavesSite = Nowhere("a link on the way leads out of the site")
	errLoop       = Nowhere(fmt.Sprintf("more than %d links on the way", maxHops))
	errTarget     = Nowhere(fmt.Sprintf("a link on the way has a target of more than %d bytes", maxTarget))
)

// Find walks to the directory that a path leads to, through links, and returns
// where it really is and its tree, of which the leaves are not loaded. Its error
// is a [Nowhere] if there is no such directory.
func (p *Place) Find(ctx context.Context, path mirror.Path) (mirror.Path, *digest.Tree, error) {
	w := &wanderer{Place: p, at: slices.Clone(p.Base)}
	if err := w.back(ctx); err != nil {
		return "", nil, err
	}
	for _, name := range path.Names() {
		w.hops = 0
		err := w.step(ctx, name)
		if err == nil && len(w.trees) == 0 {
			err = errLeavesSite
		}
		if err != nil {
			return "", nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return mirror.FromNames(w.at[len(p.Base):]), w.trees[len(w.trees)-1], nil
}

// A wanderer is somewhere on a site's server: at has the names of its path from
// the server's root, and trees those of the directories from the site's root on,
// none where it has left the site.
type wanderer struct {
	*Place
	at    []string
	trees []*digest.Tree
	hops  int
}

// back notes that it is at the site's root.
func (w *wanderer) back(ctx context.Context) error {
	root, err := load(ctx, w.Source, w.Root, store.Branches)
	w.trees = []*digest.Tree{root}
	return err
}

func (w *wanderer) step(ctx context.Context, name string) error {
	switch {
	case name == "" || name == ".":
		return nil
	case name == "..":
		if len(w.at) == 0 {
			return errLeavesSite
		}
		w.at = w.at[:len(w.at)-1]
		w.trees = w.trees[:max(len(w.trees)-1, 0)]
		return nil
	case len(w.trees) == 0: // above the site, whose base is all that is known there
		if len(w.at) >= len(w.Base) || w.Base[len(w.at)] != name {
			return errLeavesSite
		}
		if w.at = append(w.at, name); len(w.at) == len(w.Base) {
			return w.back(ctx)
		}
		return nil
	}
	here := w.trees[len(w.trees)-1]
	for c := range here.Children() {
		if c.Name == name {
			tree, err := load(ctx, w.Source, c.ID, store.Branches)
			w.at, w.trees = append(w.at, name), append(w.trees, tree)
			return err
		}
	}
	for l := range here.Links() {
		if l.Name == name {
			return w.link(ctx, l.Target)
		}
	}
	return w.missing(ctx, here, name)
}

// link follows a link's target from the directory that holds it.
func (w *wanderer) link(ctx context.Context, target string) error {
	if w.hops++; w.hops > maxHops {
		return errLoop
	}
	switch {
	case target == "":
		return Nowhere("a link on the way has a target that the server does not tell")
	case len(target) > maxTarget:
		return errTarget
	}
	if target[0] == '/' {
		w.at, w.trees = nil, nil
		if len(w.Base) == 0 {
			if err := w.back(ctx); err != nil {
				return err
			}
		}
	}
	for name := range strings.SplitSeq(target, "/") {
		if err := w.step(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// missing says why a name leads nowhere.
func (w *wanderer) missing(ctx context.Context, here *digest.Tree, name string) error {
	if digest.Hidden(name) {
		return Nowhere("names that begin with a dot are not tracked")
	}
	whole, err := load(ctx, w.Source, here.ID, store.Leaves)
	if err != nil {
		return err
	}
	for f := range whole.Files() {
		if f.Name == name {
			return Nowhere("it is a file; only directories have digests")
		}
	}
	return Nowhere("there is no such directory")
}
