package storage

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// Scanned counts what a scan found.
type Scanned struct {
	Files   int // in all
	New     int // that came from elsewhere
	Missing int
	Changed int // by somebody else
}

// scanSlice is for how long a scan keeps names from being changed.
const scanSlice = 100 * time.Millisecond

// Scan looks at what stands on the disks at and below a directory, and corrects the
// index: files that it did not know have version 0, those that are gone are missing, and those
// that were changed are missing as what they were and come from elsewhere as what they
// are. Links, and what else is no plain file, are passed over. It fails with [ErrUnsettled]
// if nothing can be told from the disks.
func (s *Storage) Scan(ctx context.Context, top wire.Path) (Scanned, error) {
	s.applying.Lock()
	settled := s.settled()
	s.applying.Unlock()
	if !settled {
		return Scanned{}, ErrUnsettled
	}
	return s.scan(ctx, top, 0)
}

// scan is Scan, with pauses.
func (s *Storage) scan(ctx context.Context, top wire.Path, pause time.Duration) (Scanned, error) {
	sc := &scan{storage: s, ahead: []wire.Path{top}}
	for len(sc.ahead) > 0 {
		if err := sc.someDirectories(ctx); err != nil {
			return sc.Scanned, failure(wire.ReadError, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return sc.Scanned, ctx.Err()
		}
	}
	return sc.Scanned, nil
}

type scan struct {
	Scanned
	storage *Storage
	ahead   []wire.Path // directories to look at, the last one first
}

// someDirectories looks at some, as one transaction.
func (sc *scan) someDirectories(ctx context.Context) error {
	s := sc.storage
	if err := s.lockSettled(ctx); err != nil {
		return err
	}
	defer s.applying.Unlock()
	b, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer b.rollback()
	for begun := time.Now(); len(sc.ahead) > 0 && time.Since(begun) < scanSlice; {
		p := sc.ahead[len(sc.ahead)-1]
		sc.ahead = sc.ahead[:len(sc.ahead)-1]
		if err := sc.directory(b, p); err != nil {
			return err
		}
	}
	return b.commit(s.applied.Load())
}

// A found file is on a disk.
type found struct {
	folder int
	facts
}

// directory compares one directory with the index.
func (sc *scan) directory(b *batch, p wire.Path) error {
	files, below, err := sc.storage.entries(p)
	if errors.Is(err, fs.ErrPermission) { // lost+found
		sc.storage.config.Log.Warn("a directory cannot be read, and is passed over", "path", p, "err", err)
		return nil
	}
	if err != nil {
		return err
	}
	d, err := b.dir(p)
	if err != nil {
		return err
	}
	known, err := b.content(d)
	if err != nil {
		return err
	}
	maps.Copy(below, known.dirs)
	for _, name := range slices.Sorted(maps.Keys(known.files)) {
		if err := sc.compare(b, d, join(p, name), known.files[name], files[name]); err != nil {
			return err
		}
		delete(files, name)
	}
	sc.Files += len(known.files)
	if len(files) > 0 && d == nil {
		if d, err = b.change.make(p); err != nil {
			return err
		}
	}
	for name, at := range files {
		if below[name] {
			sc.storage.config.Log.Warn("a file has the name of a directory in another folder", "path", join(p, name), "folder", sc.storage.folders[at[0].folder].path)
			continue
		}
		sc.Files++
		sc.New++
		if err := b.put(d, name, record{folder: at[0].folder, facts: at[0].facts}); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(below)) {
		sc.ahead = append(sc.ahead, join(p, name))
	}
	return nil
}

// entries reads a directory in all folders.
func (s *Storage) entries(p wire.Path) (files map[string][]found, below map[string]bool, err error) {
	files, below = map[string][]found{}, map[string]bool{}
	for _, f := range s.folders {
		err := f.each(p, func(name string, info fs.FileInfo) {
			p := join(p, name)
			switch {
			case reserved(p) || strings.ContainsAny(name, "\r\n"):
			case info.IsDir() && device(info) != f.device:
				s.config.Log.Warn("another file system within a folder is passed over; name it as a folder of its own", "folder", f.path, "path", p)
			case info.IsDir():
				below[name] = true
			case info.Mode().IsRegular() && !f.readable(p, info):
				s.config.Log.Warn("a file that must not be read is passed over", "folder", f.path, "path", p)
			case info.Mode().IsRegular():
				files[name] = append(files[name], found{f.Folder, factsOf(info)})
			}
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return files, below, nil
}

// readable reports whether a file may be read, without trying that where everybody may.
func (f *folder) readable(p wire.Path, info fs.FileInfo) bool {
	if info.Mode().Perm()&0o444 == 0o444 {
		return true
	}
	file, _, err := f.openFile(p)
	if err == nil {
		file.Close()
	}
	return !errors.Is(err, fs.ErrPermission)
}

// each tells what is in a directory of a folder, which need not be there.
func (f *folder) each(p wire.Path, tell func(name string, info fs.FileInfo)) error {
	info, err := f.look(p)
	if err != nil || info == nil || !info.IsDir() {
		return err
	}
	root, err := f.root.OpenRoot(inside(p))
	if err != nil {
		return err
	}
	defer root.Close()
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(512)
		for _, name := range names {
			info, err := root.Lstat(name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			tell(name, info)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// A content is what the index has in a directory.
type content struct {
	files map[string]record
	dirs  map[string]bool
}

func (c *change) content(d *dir) (has content, err error) {
	has = content{map[string]record{}, map[string]bool{}}
	if d == nil {
		return has, nil
	}
	rows, err := c.tx.QueryContext(c.ctx, `SELECT name, `+fileColumns+` FROM files WHERE dir = ?`, d.id)
	if err != nil {
		return has, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var r record
		if err := r.read(rows, &name); err != nil {
			return has, err
		}
		has.files[name] = r
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return has, err
	}
	below, err := c.tx.QueryContext(c.ctx, `SELECT name FROM dirs WHERE parent = ?`, d.id)
	if err != nil {
		return has, err
	}
	defer below.Close()
	for below.Next() {
		var name string
		if err := below.Scan(&name); err != nil {
			return has, err
		}
		has.dirs[name] = true
	}
	return has, below.Err()
}

// compare corrects what the index has of a file by what is on the disks.
func (sc *scan) compare(b *batch, d *dir, p wire.Path, r record, on []found) error {
	_, name := split(p)
	i := slices.IndexFunc(on, func(f found) bool { return f.folder == r.folder })
	if len(on) > 1 {
		sc.storage.config.Log.Warn("a file is in several folders, of which one counts", "path", p, "folder", sc.storage.folders[r.folder].path)
	}
	switch {
	case i >= 0 && on[i].facts == r.facts:
		return nil
	case i < 0 && len(on) == 0:
		sc.Files--
		sc.Missing++
		if r.version != 0 {
			if err := b.damage(wire.Damage{Ref: wire.Ref{Path: p, Version: r.version, Size: r.size}, Fault: wire.Missing, Text: "it is not on the disk"}, kept{}); err != nil {
				return err
			}
		}
		return b.drop(d, name, r)
	case i < 0:
		i = 0 // somebody moved it to another folder
	}
	is := r
	is.folder, is.facts = on[i].folder, on[i].facts
	if r.version == 0 {
		if r.size != is.size || r.mtime != is.mtime {
			is.sums = nil
		}
		return b.replace(d, name, r, is)
	}
	same, err := sc.storage.same(p, r, is)
	if err != nil {
		return err
	}
	if same { // its disk was copied, or its time changed
		return b.replace(d, name, r, is)
	}
	sc.Changed++
	fault := wire.Rotten
	if r.size != is.size {
		fault = wire.Resized
	}
	if err := b.damage(wire.Damage{Ref: wire.Ref{Path: p, Version: r.version, Size: r.size}, Fault: fault, Text: "somebody else changed it"}, kept{}); err != nil {
		return err
	}
	is.version, is.sums = 0, nil
	return b.replace(d, name, r, is)
}

// same reports whether a file that has other facts than the index has is what it was. It is
// believed where size and modification time are equal; otherwise its checksum tells.
func (s *Storage) same(p wire.Path, r, is record) (bool, error) {
	switch {
	case r.size != is.size:
		return false, nil
	case r.mtime == is.mtime:
		return true, nil
	case r.sums == nil:
		return false, nil
	}
	file, _, err := s.folders[is.folder].openFile(p)
	if err != nil {
		return false, err
	}
	defer file.Close()
	sums, _, err := sumUp(file, r.sums.SHA256 != nil)
	return err == nil && agree(sums, *r.sums), err
}
