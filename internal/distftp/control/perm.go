package control

import (
	"mirrortracker/internal/distftp/list"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// permissions make the perm fact (RFC 3659, 7.5.5): what the session's commands would do
// with an entry, as far as the user's rules and the modes on the disk say.
type permissions struct {
	access   Access
	writable bool // the file system can be changed at all
}

func (s *session) permissions() permissions {
	_, writable := s.FS.(Writer)
	return permissions{s.access, writable}
}

// permOf makes the fact for one entry.
func (s *session) permOf(p mirror.Path, e vfs.Entry) []byte {
	if s.facts&list.Perm == 0 {
		return nil
	}
	above, err := s.FS.Stat(s.ctx, parent(p))
	if err != nil {
		above.Bars = vfs.NoWrite
	}
	return s.permissions().append(nil, p, e, above.Bars)
}

// append appends the fact's letters for the entry at p, which stands in a directory with
// these bars. Files are replaced and extended by way of a new one, so that it is the
// directory that must be writable.
func (w permissions) append(b []byte, p mirror.Path, e vfs.Entry, above vfs.Bars) []byte {
	add := func(letter byte, possible bool, p mirror.Path, rights ...Right) {
		for _, r := range rights {
			possible = possible && w.access.Allow(r, p) == nil
		}
		if possible {
			b = append(b, letter)
		}
	}
	const change = vfs.NoWrite | vfs.NoSearch
	movable := w.writable && above&change == 0 && p != mirror.Root
	switch e.Kind {
	case vfs.File:
		add('a', movable && e.Bars&vfs.NoRead == 0, p, Append)
		add('d', movable, p, Delete)
		add('f', movable, p, Rename)
		add('r', e.Bars&vfs.NoRead == 0, p, Read)
		add('w', movable, p, Write, Delete)
	case vfs.Directory:
		member := p.Join("x") // stands for all that may be there
		inside := w.writable && e.Bars&change == 0
		open := e.Bars&(vfs.NoRead|vfs.NoSearch) == 0
		add('c', inside, member, Write)
		add('d', movable, p, Delete)
		add('e', open, p, List)
		add('f', movable, p, Rename)
		add('l', open, p, List)
		add('m', inside, member, MakeDir)
		add('p', inside, member, Delete)
	default:
		add('d', movable, p, Delete)
		add('f', movable, p, Rename)
	}
	return b
}

// appendIn is append for the entry in a directory that a listing shows: of one of its
// members, itself, or the directory above.
func (w permissions) appendIn(b []byte, d *directory, e vfs.Entry, role list.Role) []byte {
	switch role {
	case list.Current:
		return w.append(b, d.path, e, d.above.Bars)
	case list.Parent:
		return w.append(b, parent(d.path), e, 0)
	}
	return w.append(b, d.path.Join(e.Name), e, d.self.Bars)
}
