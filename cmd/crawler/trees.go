package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

// A forest is where trees are found: the store, or memory. Trees calls fn with
// each of the trees that is there, once, in any order.
type forest interface {
	Trees(ctx context.Context, ids []digest.ID, parts store.Parts, fn func(*digest.Tree) error) error
}

var _ forest = (*store.Store)(nil)

// A place is a directory of a site, or of a folder on disk.
type place struct {
	forest
	base []string // names of the root's path on its server
	root digest.ID
}

// siteOf returns the root of a site's snapshot in force.
func (s *session) siteOf(name string) (*place, error) {
	sites, err := s.named([]string{name})
	if err != nil {
		return nil, err
	}
	site := sites[0]
	last, err := s.store.History(s, site.ID(), 1)
	if err != nil {
		return nil, err
	}
	if len(last) == 0 {
		return nil, ui.Hint(fmt.Errorf("site %s has no snapshot yet", site.Name), "crawler crawl "+site.Name)
	}
	base, err := mirror.ParsePath(site.URL.Base)
	if err != nil {
		return nil, err
	}
	return &place{s.store, base.Names(), last[0].Root}, nil
}

// load returns one tree.
func (p *place) load(ctx context.Context, id digest.ID, parts store.Parts) (tree *digest.Tree, err error) {
	err = p.Trees(ctx, []digest.ID{id}, parts, func(t *digest.Tree) error { tree = t; return nil })
	if err == nil && tree == nil {
		err = fmt.Errorf("tree %s: %w", id, store.ErrNoTree)
	}
	return tree, err
}

// maxHops is how many links are followed in one path, as on Linux.
const maxHops = 40

var (
	errLeavesSite = errors.New("a link on the way leads out of the site")
	errLoop       = fmt.Errorf("more than %d links on the way", maxHops)
)

// find walks to the directory that a path leads to, through links, and returns
// where it really is.
func (p *place) find(ctx context.Context, path mirror.Path) (mirror.Path, *digest.Tree, error) {
	w := &wanderer{place: p, at: slices.Clone(p.base)}
	if err := w.back(ctx); err != nil {
		return "", nil, err
	}
	if err := w.follow(ctx, path.Names()); err != nil {
		return "", nil, fmt.Errorf("%s: %w", path, err)
	}
	return mirror.FromNames(w.at[len(p.base):]), w.trees[len(w.trees)-1], nil
}

// A wanderer is somewhere on a site's server: at has the names of its path from
// the server's root, and trees those of the directories from the site's root on,
// none where it has left the site.
type wanderer struct {
	*place
	at    []string
	trees []*digest.Tree
	hops  int
}

// back notes that it is at the site's root.
func (w *wanderer) back(ctx context.Context) error {
	root, err := w.load(ctx, w.root, store.Branches)
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
		if len(w.at) >= len(w.base) || w.base[len(w.at)] != name {
			return errLeavesSite
		}
		if w.at = append(w.at, name); len(w.at) == len(w.base) {
			return w.back(ctx)
		}
		return nil
	}
	here := w.trees[len(w.trees)-1]
	for c := range here.Children() {
		if c.Name == name {
			tree, err := w.load(ctx, c.ID, store.Branches)
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
		if len(w.base) == 0 {
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
	whole, err := w.load(ctx, here.ID, store.Leaves)
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

// chunk is how many trees are asked for at a time.
const chunk = 500

// walk calls fn with a directory and all below it, parents first, names sorted.
func (p *place) walk(ctx context.Context, path mirror.Path, tree *digest.Tree, fn func(mirror.Path, *digest.Tree) error) error {
	if err := fn(path, tree); err != nil {
		return err
	}
	for some := range slices.Chunk(slices.Collect(tree.Children()), chunk) {
		ids := make([]digest.ID, len(some))
		for i, c := range some {
			ids[i] = c.ID
		}
		found := make(map[digest.ID]*digest.Tree, len(some))
		if err := p.Trees(ctx, ids, store.Branches, func(t *digest.Tree) error { found[t.ID] = t; return nil }); err != nil {
			return err
		}
		for _, c := range some {
			below := found[c.ID]
			if below == nil {
				return fmt.Errorf("tree %s of %s: %w", c.ID, path.Join(c.Name).Dir(), store.ErrNoTree)
			}
			if err := p.walk(ctx, path.Join(c.Name), below, fn); err != nil {
				return err
			}
		}
	}
	return nil
}
