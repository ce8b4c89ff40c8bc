package forest

import (
	"context"
	"errors"
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

// maxHops is how many links are followed in one path, as on Linux.
const maxHops = 40

// Why a path may lead nowhere.
var (
	errLeavesSite = errors.New("a link on the way leads out of the site")
	errLoop       = fmt.Errorf("more than %d links on the way", maxHops)
)

// Find walks to the directory that a path leads to, through links, and returns
// where it really is and its tree, of which the leaves are not loaded.
func (p *Place) Find(ctx context.Context, path mirror.Path) (mirror.Path, *digest.Tree, error) {
	w := &wanderer{Place: p, at: slices.Clone(p.Base)}
	if err := w.back(ctx); err != nil {
		return "", nil, err
	}
	if err := w.follow(ctx, path.Names()); err != nil {
		return "", nil, fmt.Errorf("%s: %w", path, err)
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

// follow takes one name after the other.
func (w *wanderer) follow(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := w.step(ctx, name); err != nil {
			return err
		}
	}
	if len(w.trees) == 0 {
		return errLeavesSite
	}
	return nil
}

func (w *wanderer) step(ctx context.Context, name string) error {
	switch {
	case name == "" || name == ".":
		return nil
	case name == "..":
		w.at = w.at[:max(len(w.at)-1, 0)]
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
	if target == "" {
		return errors.New("a link on the way has a target that the server does not tell")
	}
	if target[0] == '/' {
		w.at, w.trees = nil, nil
		if len(w.Base) == 0 {
			if err := w.back(ctx); err != nil {
				return err
			}
		}
	}
	return w.follow(ctx, strings.Split(target, "/"))
}

// missing says why a name leads nowhere.
func (w *wanderer) missing(ctx context.Context, here *digest.Tree, name string) error {
	if digest.Hidden(name) {
		return errors.New("names that begin with a dot are not tracked")
	}
	whole, err := load(ctx, w.Source, here.ID, store.Leaves)
	if err != nil {
		return err
	}
	for f := range whole.Files() {
		if f.Name == name {
			return errors.New("it is a file; only directories have digests")
		}
	}
	return errors.New("there is no such directory")
}
