package auto

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// Tree is the file system of which directories are digested: that of the server itself,
// without what it shows of others. Errors of directories that cannot be read are
// [fs.ErrPermission]; any other is a fault that passes.
type Tree interface {
	OpenDir(ctx context.Context, p mirror.Path) (vfs.Dir, error)
}

// Shared is implemented by a Tree that other servers change, too.
type Shared interface {
	// Others returns a number that is another one whenever they have changed something.
	Others() uint64
}

// Bounds of a survey. Ours is no stranger's file system, but a program must not end because
// of one.
const (
	maxEntries = 4 << 20 // of one directory
	maxDepth   = 512     // of directories below each other
)

// A survey knows what a directory amounts to, and what the directories below it do, so that
// after a change only those are read again in which and above which it was made. It is not
// safe for concurrent use.
type survey struct {
	tree  Tree
	dir   mirror.Path
	root  *surveyed
	maker *digest.Digester
}

// A surveyed is one directory.
type surveyed struct {
	digest.Summary
	known bool
	below map[string]*surveyed
}

func newSurvey(tree Tree, dir mirror.Path) *survey {
	return &survey{tree: tree, dir: dir, root: &surveyed{}, maker: digest.NewDigester()}
}

// forget makes the next reading one of everything.
func (s *survey) forget() { s.root = &surveyed{} }

// changed notes that something is different at a path: an entry of a directory, and all that
// is below it.
func (s *survey) changed(p mirror.Path) {
	if s.dir.Within(p) {
		s.forget()
		return
	}
	if !p.Within(s.dir) {
		return
	}
	names := p.From(s.dir).Names()
	at := s.root
	for _, name := range names[:len(names)-1] {
		at.known = false
		if at = at.below[name]; at == nil {
			return // it will be read with the directory above
		}
	}
	at.known = false
	delete(at.below, names[len(names)-1])
}

// read reads what is not known, and returns what the directory amounts to. After an error,
// the next one goes on from there.
func (s *survey) read(ctx context.Context) (digest.Summary, error) {
	err := s.readDir(ctx, s.root, s.dir, 0)
	return s.root.Summary, err
}

func (s *survey) readDir(ctx context.Context, at *surveyed, p mirror.Path, depth int) error {
	if at.known {
		return nil
	}
	entries, reason, err := s.list(ctx, p)
	if err != nil {
		return err
	}
	if depth == maxDepth {
		entries, reason = nil, digest.Limit
	}
	kept, sound := digest.Clean(entries)
	if !sound && reason == digest.Complete {
		reason = digest.Unparsable
	}
	below := make(map[string]*surveyed)
	for i := range kept {
		e := &kept[i]
		if e.Kind != digest.Dir {
			continue
		}
		child := at.below[e.Name]
		if child == nil {
			child = &surveyed{}
		}
		below[e.Name], e.Sub = child, &child.Summary
	}
	at.below = below
	for name, child := range below {
		if err := s.readDir(ctx, child, p.Join(name), depth+1); err != nil {
			return err
		}
	}
	at.Summary, at.known = s.maker.Tree(kept, reason).Summary, true
	return nil
}

// list reads a directory. The reason says why it is not whole, where that will not pass by
// itself.
func (s *survey) list(ctx context.Context, p mirror.Path) (entries []digest.Entry, reason digest.Reason, err error) {
	d, err := s.tree.OpenDir(ctx, p)
	if err != nil {
		return nil, digest.Refused, passing(p, err)
	}
	defer d.Close()
	for {
		e, err := d.Next()
		switch {
		case err == io.EOF:
			return entries, digest.Complete, ctx.Err()
		case err != nil:
			return entries, digest.Refused, passing(p, err)
		case len(entries) == maxEntries:
			return entries, digest.Limit, nil
		}
		if !digest.Hidden(e.Name) {
			entries = append(entries, entryOf(&e))
		}
		if len(entries)%1024 == 0 && ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
	}
}

// passing returns an error that may be none the next time, nil for another.
func passing(p mirror.Path, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return fmt.Errorf("read directory %s: %w", p, err)
}

func entryOf(e *vfs.Entry) digest.Entry {
	out := digest.Entry{Name: e.Name}
	switch e.Kind {
	case vfs.File:
		out.Kind, out.Size = digest.File, e.Size
		if !e.ModTime.IsZero() {
			out.Date = digest.DateOf(e.ModTime)
		}
	case vfs.Directory:
		out.Kind = digest.Dir
	case vfs.Link:
		out.Kind, out.Target = digest.Link, e.Target
	default:
		out.Kind = digest.Other
	}
	return out
}
