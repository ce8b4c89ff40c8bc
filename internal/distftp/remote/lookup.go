package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// maxLinks is how many links are followed on the way to one entry (as Linux does).
const maxLinks = 40

// list reads a directory of the foreign server, which stands where its path says, or
// remembers it.
func (l *link) list(ctx context.Context, dir mirror.Path) (map[string]vfs.Entry, error) {
	return l.listings.get(ctx, where{l.server, dir}, func(ctx context.Context) (map[string]vfs.Entry, error) {
		all, err := l.server.List(ctx, dir)
		if err != nil {
			return nil, fmt.Errorf("list %s of %s: %w", dir, l.alias.Path, reason(err))
		}
		byName := make(map[string]vfs.Entry, len(all))
		for _, e := range all {
			byName[e.Name] = e
		}
		return byName, nil
	})
}

// lstat describes the entry itself.
func (l *link) lstat(ctx context.Context) (vfs.Entry, error) {
	if l.path == l.alias.Root {
		return l.top(), nil
	}
	at, err := l.real(ctx)
	if err != nil {
		return vfs.Entry{}, err
	}
	return at.entry(ctx)
}

// stat describes what the path leads to, and where that is.
func (l *link) stat(ctx context.Context) (*link, vfs.Entry, error) {
	at := l
	for range maxLinks {
		if at.path == l.alias.Root {
			return at, l.top(), nil
		}
		var err error
		if at, err = at.real(ctx); err != nil {
			return nil, vfs.Entry{}, err
		}
		e, err := at.entry(ctx)
		if err != nil || e.Kind != vfs.Link {
			return at, e, err
		}
		to, err := at.target(at.path.Parent(), e)
		if err != nil {
			return nil, vfs.Entry{}, err
		}
		at = at.to(to)
	}
	return nil, vfs.Entry{}, fmt.Errorf("%s: too many links: %w", l.alias.Path, fs.ErrPermission)
}

// top is the alias itself. Nobody is asked: it has to be in the listing of its directory
// while the server is away, too.
func (l *link) top() vfs.Entry { return directory(l.alias.Path) }

// directory is one that is there because of an alias.
func directory(p mirror.Path) vfs.Entry {
	return vfs.Entry{Name: p.Name(), Kind: vfs.Directory, Mode: fs.ModeDir | 0o755, Owner: "ftp", Group: "ftp", Links: 2}
}

// to is another place at the same server.
func (l *link) to(p mirror.Path) *link {
	other := *l
	other.path = p
	return &other
}

// real returns where the path is once the links in the directories on its way are followed.
func (l *link) real(ctx context.Context) (*link, error) {
	steps := maxLinks
	dir, err := l.way(ctx, l.path.Parent(), &steps)
	if err != nil {
		return nil, err
	}
	return l.to(dir.Join(l.path.Name())), nil
}

// way returns where a directory is, below the alias's root, links followed. Servers that do
// not list a directory on the way are trusted.
func (l *link) way(ctx context.Context, dir mirror.Path, steps *int) (mirror.Path, error) {
	if dir == l.alias.Root {
		return dir, nil
	}
	key := where{l.server, dir}
	if known, ok := l.ways.peek(key); ok && known.Within(l.alias.Root) {
		return known, nil
	}
	above, err := l.way(ctx, dir.Parent(), steps)
	if err != nil {
		return "", err
	}
	at := above.Join(dir.Name())
	names, err := l.list(ctx, above)
	switch {
	case unlistable(err):
		return at, nil
	case err != nil:
		return "", err
	}
	if e := names[dir.Name()]; e.Kind == vfs.Link && e.Name != "" {
		if *steps--; *steps < 0 {
			return "", fmt.Errorf("%s: too many links: %w", l.alias.Path, fs.ErrPermission)
		}
		to, err := l.target(above, e)
		if err != nil {
			return "", err
		}
		if at, err = l.way(ctx, to, steps); err != nil {
			return "", err
		}
	}
	l.ways.put(key, at)
	return at, nil
}

// target returns where a link in a directory leads, if that is below the alias's root.
func (l *link) target(dir mirror.Path, e vfs.Entry) (mirror.Path, error) {
	names := dir.Names()
	if strings.HasPrefix(e.Target, "/") {
		names = nil
	}
	for name := range strings.SplitSeq(e.Target, "/") {
		switch name {
		case "", ".":
		case "..":
			names = names[:max(len(names)-1, 0)]
		default:
			names = append(names, name)
		}
	}
	to, err := mirror.ParsePath(string(mirror.FromNames(names)))
	if err != nil || !to.Within(l.alias.Root) {
		return "", fmt.Errorf("%s: %s leads out of %s: %w", l.alias.Path, e.Name, l.alias.Root, fs.ErrPermission)
	}
	return to, nil
}

// entry describes what is at a path that way has been through, be it a link.
func (l *link) entry(ctx context.Context) (vfs.Entry, error) {
	names, err := l.list(ctx, l.path.Parent())
	if err != nil && !unlistable(err) {
		return vfs.Entry{}, err
	}
	e, listed := names[l.path.Name()]
	if listed && e.Kind != vfs.File {
		return e, nil
	}
	exact, err := l.file(ctx)
	switch {
	case err == nil:
		exact.Name = l.path.Name()
		if listed {
			exact.Mode, exact.Owner, exact.Group, exact.Links = e.Mode, e.Owner, e.Group, e.Links
		}
		if exact.ModTime.IsZero() {
			exact.ModTime = e.ModTime
		}
		return exact, nil
	case listed && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)):
		return e, nil // a server that does not tell of single files
	}
	return vfs.Entry{}, err
}

// file asks for one file.
func (l *link) file(ctx context.Context) (vfs.Entry, error) {
	return l.looks.get(ctx, l.where, func(ctx context.Context) (vfs.Entry, error) {
		e, err := l.server.Stat(ctx, l.path)
		if err != nil {
			return e, fmt.Errorf("look at %s of %s: %w", l.path, l.alias.Path, reason(err))
		}
		return e, nil
	})
}
