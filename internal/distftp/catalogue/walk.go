package catalogue

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// maxLinks is how many links a path may lead through, as in Linux (path_resolution(7)).
const maxLinks = 40

// A look finds a name in a directory. It returns nil where there is none.
type look func(parent uint64, name string) (*node, error)

// A spot is where a path leads: to a node, or to a name that is free in a directory that is
// there.
type spot struct {
	above []*node // the directories down to it, the root first; none for the root itself
	name  string
	node  *node // nil: there is nothing of that name
}

// dir is the directory in which it is.
func (s spot) dir() *node { return s.above[len(s.above)-1] }

// path is its path, without links.
func (s spot) path() mirror.Path {
	if len(s.above) == 0 {
		return mirror.Root
	}
	var b strings.Builder
	for _, d := range s.above[1:] {
		b.WriteByte('/')
		b.Write(d.Name)
	}
	return mirror.Path(b.String() + "/" + s.name)
}

// walk follows a path. Links in it are followed, the last component only if follow says
// so. As in a folder that is served from a disk, a link that leads above the root, or that
// is absolute, leads nowhere.
func (l look) walk(p mirror.Path, follow bool) (spot, error) {
	ahead := p.Names()
	slices.Reverse(ahead)
	at := spot{node: root}
	links := 0
	for len(ahead) > 0 {
		name := ahead[len(ahead)-1]
		ahead = ahead[:len(ahead)-1]
		switch {
		case at.node == nil:
			return spot{}, fmt.Errorf("%s: %w", p, fs.ErrNotExist)
		case at.node.Kind != directoryKind:
			return spot{}, fmt.Errorf("%s: %w", p, vfs.ErrNotDir)
		case name == "" || name == ".":
			continue
		case name == "..":
			if len(at.above) == 0 {
				return spot{}, fmt.Errorf("%s: a link leads above the root: %w", p, fs.ErrPermission)
			}
			at = at.up()
			continue
		case len(name) > wire.MaxName:
			return spot{}, fmt.Errorf("%s: %w", p, fs.ErrNotExist)
		}
		n, err := l(at.node.ID, name)
		if err != nil {
			return spot{}, fmt.Errorf("%s: %w", p, err)
		}
		if n != nil && n.Kind == linkKind && (follow || len(ahead) > 0) {
			if links++; links > maxLinks {
				return spot{}, fmt.Errorf("%s: too many links: %w", p, fs.ErrPermission)
			}
			target := string(n.Target)
			if strings.HasPrefix(target, "/") {
				return spot{}, fmt.Errorf("%s: a link is absolute: %w", p, fs.ErrPermission)
			}
			names := strings.Split(target, "/")
			slices.Reverse(names)
			ahead = append(ahead, names...)
			continue
		}
		at = spot{above: append(slices.Clip(at.above), at.node), name: name, node: n}
	}
	return at, nil
}

// up is the directory in which a directory is.
func (s spot) up() spot {
	last := len(s.above) - 1
	return spot{above: s.above[:last:last], name: string(s.above[last].Name), node: s.above[last]}
}

// find follows a path to what must be there.
func (l look) find(p mirror.Path, follow bool) (spot, error) {
	at, err := l.walk(p, follow)
	if err == nil && at.node == nil {
		err = fmt.Errorf("%s: %w", p, fs.ErrNotExist)
	}
	return at, err
}

// place follows a path to where something can be put or taken away: links above it are
// followed, it itself is not. The root is no such place.
func (l look) place(p mirror.Path) (spot, error) {
	if p == mirror.Root {
		return spot{}, fmt.Errorf("change %s: %w", p, fs.ErrPermission)
	}
	above, err := l.find(p.Parent(), true)
	if err != nil {
		return spot{}, err
	}
	if above.node.Kind != directoryKind {
		return spot{}, fmt.Errorf("%s: %w", p, vfs.ErrNotDir)
	}
	names := p.Names()
	name := names[len(names)-1]
	at := spot{above: append(slices.Clip(above.above), above.node), name: name}
	if len(name) > wire.MaxName {
		return spot{}, fmt.Errorf("%s: %w", p, vfs.ErrName)
	}
	at.node, err = l(above.node.ID, name)
	return at, err
}

// reserved is the name in a slave's folders that is its own.
const reserved = ".ftpd-slave"

// free follows a path to where something may come into being.
func (l look) free(p mirror.Path) (spot, error) {
	at, err := l.place(p)
	if err != nil {
		return at, err
	}
	if path := at.path(); len(path) > wire.MaxPath || path == "/"+reserved {
		return spot{}, fmt.Errorf("%s: %w", p, vfs.ErrName)
	}
	return at, nil
}
