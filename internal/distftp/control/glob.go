package control

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"mirrortracker/internal/distftp/list"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// How much is looked at for a pattern before anything is listed.
const (
	maxMatches = 256     // directories
	maxLooked  = 100_000 // names that match in them
)

// isPattern reports whether an argument can mean more than one name. RFC 959 has no
// patterns, but servers have always had those of the shell in LIST and NLST, and clients
// use them for their mget.
func isPattern(arg string) bool { return strings.ContainsAny(arg, "*?[") }

// openMatches opens what a pattern means: everything whose path matches it, directories as
// such and not what is in them. It is called for what no name is, and fails like that if
// nothing matches.
func (l *listing) openMatches(arg string) error {
	at := stop{path: l.session.cwd}
	if strings.HasPrefix(arg, "/") {
		at = stop{path: mirror.Root, shown: "/"}
	}
	names := strings.FieldsFunc(arg, func(r rune) bool { return r == '/' })
	stops, err := l.expand(at, names, &effort{maxMatches, maxLooked})
	if err != nil {
		return err
	}
	slices.Reverse(stops)
	l.pending, l.recursive = stops, false
	for {
		if err := l.advance(); err != nil {
			return err
		}
		switch {
		case l.now == nil && l.bad != nil:
			return l.bad
		case l.now == nil:
			return fmt.Errorf("list %s: %w", l.path, fs.ErrNotExist)
		}
		if err := l.prefetch(); err != nil || len(l.now.head) > 0 || l.now.more {
			return err
		}
	}
}

// An effort is how much may still be looked at.
type effort struct{ directories, names int }

// expand finds the directories in which the last of some names can match, each with that
// name as its pattern.
func (l *listing) expand(at stop, names []string, left *effort) ([]stop, error) {
	for len(names) > 1 && !isPattern(names[0]) {
		p, err := resolve(at.path, names[0])
		if err != nil {
			return nil, err
		}
		at = stop{path: p, shown: at.shown + names[0] + "/"}
		names = names[1:]
	}
	if left.directories--; left.directories < 0 {
		return nil, fmt.Errorf("list %s: %w", l.path, errTooMany)
	}
	at.pattern = names[0]
	if len(names) == 1 {
		return []stop{at}, nil
	}
	d, err := l.visit(at)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, vfs.ErrNotDir) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var below []stop
	err = d.each(func(e vfs.Entry, role list.Role) error {
		if left.names--; left.names < 0 || len(below) > left.directories {
			return fmt.Errorf("list %s: %w", l.path, errTooMany)
		}
		if e.Kind == vfs.Directory || e.Kind == vfs.Link {
			below = append(below, stop{path: d.path.Join(e.Name), shown: at.shown + e.Name + "/"})
		}
		return nil
	})
	// It is closed before others are opened: a path of many patterns must not hold many.
	if err := errors.Join(err, d.close()); err != nil {
		return nil, err
	}
	var stops []stop
	for _, next := range below {
		more, err := l.expand(next, names[1:], left)
		if err != nil {
			return nil, err
		}
		stops = append(stops, more...)
	}
	return stops, nil
}
