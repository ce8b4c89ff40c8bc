package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"mirrortracker/internal/distftp/wire"
)

// publish links prepared content to its path.
func (b *batch) publish(in wire.Intent) error {
	p := b.storage.lookUpPrepared(in.Op)
	switch {
	case p == nil:
		return b.missing(in, fmt.Sprintf("operation %d, which was to be published, is not prepared here", in.Op))
	case p.Size != in.Size:
		return b.missing(in, fmt.Sprintf("operation %d has %d bytes, not %d", in.Op, p.Size, in.Size))
	}
	if !in.ModTime.IsZero() {
		if err := p.folder.root.Chtimes(p.name(), in.ModTime, in.ModTime); err != nil {
			return err
		}
		b.stale[place{p.folder, "/" + wire.Path(p.name())}] = true // by which it is recognised
	}
	info, err := p.folder.root.Lstat(p.name())
	if err != nil {
		return err
	}
	is := factsOf(info)
	if err := b.vacate(in.Path, is); err != nil {
		return err
	}
	if err := b.link(p, in.Path, is); err != nil {
		return err
	}
	if err := b.mended(in.Path, in.Version); err != nil {
		return err
	}
	if err := b.settle(in.Path, record{version: in.Version, folder: p.folder.Folder, facts: is, sums: &p.Sums}); err != nil {
		return err
	}
	b.published = append(b.published, p)
	return nil
}

// settle writes down what was brought to a path, in place of what was there. That goes from
// the disk, too, if it was in another folder.
func (b *batch) settle(p wire.Path, r record) error {
	above, name := split(p)
	dir, err := b.make(above)
	if err != nil {
		return err
	}
	old, replaced, err := b.file(dir, name)
	if err != nil {
		return err
	}
	if replaced && old.folder != r.folder {
		if err := b.unlink(b.storage.folders[old.folder], p); err != nil {
			return err
		}
	}
	if replaced {
		return b.replace(dir, name, old, r)
	}
	return b.put(dir, name, r)
}

// link gives prepared content a path, in place of the file that is there.
func (b *batch) link(p *prepared, path wire.Path, is facts) error {
	b.stale[place{p.folder, parent(path)}] = true
	info, err := p.folder.look(path)
	if err != nil {
		return err
	}
	if info != nil && factsOf(info) == is {
		return nil // done before
	}
	second := p.name() + ".link"
	if err := p.folder.root.Link(p.name(), second); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return b.renameOnDisk(p.folder, second, path)
}

// renameOnDisk gives what has a name in a folder a path, and makes the directories for it.
func (b *batch) renameOnDisk(f *folder, name string, path wire.Path) error {
	err := f.root.Rename(name, inside(path))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		if err := b.makeDirs(f, parent(path)); err != nil {
			return err
		}
		err = f.root.Rename(name, inside(path))
	}
	b.stale[place{f, parent(path)}] = true
	return err
}

// moveOnDisk renames what has no other name. So the directory that it comes into, and those
// above, must last before.
func (b *batch) moveOnDisk(f *folder, from, to wire.Path) error {
	info, err := f.look(parent(to))
	if err == nil && (info == nil || !info.IsDir()) {
		if err = b.makeDirs(f, parent(to)); err == nil {
			err = b.sync()
		}
	}
	if err != nil {
		return err
	}
	return b.renameOnDisk(f, inside(from), to)
}

// makeDirs makes a directory on the disk, and those above it. What else is in their place is
// moved aside.
func (b *batch) makeDirs(f *folder, p wire.Path) error {
	err := f.root.Mkdir(inside(p), 0o755)
	switch {
	case err == nil:
		b.stale[place{f, parent(p)}] = true
		return nil
	case errors.Is(err, fs.ErrExist):
		info, err := f.look(p)
		if err != nil || info != nil && info.IsDir() {
			return err
		}
		if err := b.clear(f, p); err != nil {
			return err
		}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		if err := b.makeDirs(f, parent(p)); err != nil {
			return err
		}
	default:
		return err
	}
	b.stale[place{f, parent(p)}] = true
	err = f.root.Mkdir(inside(p), 0o755)
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return err
}

// unlink removes a file from the disk, and the directories that become empty by it.
func (b *batch) unlink(f *folder, p wire.Path) error {
	if err := f.root.Remove(inside(p)); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return err
	}
	return b.left(f, p)
}

// left has the directory synced that something has left, and, when all is done, removed if it
// is empty. It may have gone already, with those above it.
func (b *batch) left(f *folder, p wire.Path) error {
	dir := parent(p)
	b.emptied = append(b.emptied, place{f, dir})
	for {
		info, err := f.look(dir)
		if err != nil {
			return err
		}
		if info != nil {
			b.stale[place{f, dir}] = true
			return nil
		}
		dir = parent(dir)
	}
}

// tidy removes a directory if it is empty on the disk, and those above it that become
// empty. Nothing depends on it.
func (at place) tidy() {
	for p := at.path; p != "/" && !reserved(p); p = parent(p) {
		info, err := at.folder.look(p)
		if err == nil && info != nil && info.IsDir() {
			err = at.folder.root.Remove(inside(p))
		}
		if err != nil {
			return
		}
	}
}

// remove removes a file.
func (b *batch) remove(in wire.Intent) error {
	if err := b.mended(in.Path, in.Version); err != nil {
		return err
	}
	above, name := split(in.Path)
	dir, err := b.dir(above)
	if err != nil {
		return err
	}
	old, found, err := b.file(dir, name)
	if err != nil || !found || old.version > in.Version || old.version == 0 && in.Version != 0 {
		return err
	}
	f := b.storage.folders[old.folder]
	info, err := f.look(in.Path)
	if err != nil {
		return err
	}
	if info != nil && factsOf(info) == old.facts {
		err = b.unlink(f, in.Path)
	} else {
		err = b.left(f, in.Path) // it may have been unlinked, and its directory not synced
	}
	if err != nil {
		return err
	}
	return b.drop(dir, name, old)
}

// rename gives a file or a directory another path.
func (b *batch) rename(in wire.Intent) error {
	above, name := split(in.Path)
	dir, err := b.dir(above)
	if dir == nil || err != nil {
		return err
	}
	file, found, err := b.file(dir, name)
	if err != nil {
		return err
	}
	if found {
		return b.renameFile(in, dir, name, file)
	}
	moving, err := b.child(dir, name)
	if moving == nil || err != nil {
		return err
	}
	return b.renameDir(in, moving)
}

func (b *batch) renameFile(in wire.Intent, dir *dir, name string, r record) error {
	if err := b.vacate(in.To, r.facts); err != nil {
		return err
	}
	f := b.storage.folders[r.folder]
	info, err := f.look(in.Path)
	if err != nil {
		return err
	}
	if info != nil && factsOf(info) == r.facts { // otherwise that is done, or it is missing, which will be found
		if err := b.moveOnDisk(f, in.Path, in.To); err != nil {
			return err
		}
	}
	b.stale[place{f, parent(in.To)}] = true
	if err := b.left(f, in.Path); err != nil {
		return err
	}
	if err := b.drop(dir, name, r); err != nil {
		return err
	}
	return b.settle(in.To, r)
}

func (b *batch) renameDir(in wire.Intent, moving *dir) error {
	if strings.HasPrefix(string(in.To), string(in.Path)+"/") {
		b.storage.config.Log.Error("the master wants to move a directory into itself", "path", in.Path, "to", in.To)
		return nil // it cannot ever
	}
	above, name := split(in.To)
	target, err := b.make(above)
	if err != nil {
		return err
	}
	if _, _, err := b.moveAside(in.To, true); err != nil {
		return err
	}
	for _, f := range b.storage.folders {
		info, err := f.look(in.Path)
		if err != nil {
			return err
		}
		if info == nil || !info.IsDir() {
			continue // it has nothing of it, or that is done
		}
		if err := b.clear(f, in.To); err != nil {
			return err
		}
		if err := b.moveOnDisk(f, in.Path, in.To); err != nil {
			return err
		}
		if err := b.left(f, in.Path); err != nil {
			return err
		}
	}
	return b.move(moving, target, name)
}

// removeDir removes directories without files.
func (b *batch) removeDir(p wire.Path) error {
	for _, f := range b.storage.folders {
		removed, err := removeEmpty(f, p)
		if err != nil {
			return err
		}
		if removed {
			b.stale[place{f, parent(p)}] = true
		}
	}
	return nil
}

// removeEmpty removes a directory that has nothing but directories in it. What is none, or
// has something in it, stays.
func removeEmpty(f *folder, p wire.Path) (bool, error) {
	info, err := f.look(p)
	if err != nil || info == nil || !info.IsDir() {
		return false, err
	}
	entries, err := fs.ReadDir(f.root.FS(), inside(p))
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if !e.IsDir() {
			return false, nil
		}
	}
	for _, e := range entries {
		if removed, err := removeEmpty(f, join(p, e.Name())); !removed {
			return false, err
		}
	}
	err = f.root.Remove(inside(p))
	if errors.Is(err, syscall.ENOTEMPTY) {
		return false, nil
	}
	return err == nil, err
}

// adopt gives a file that came from elsewhere its version.
func (b *batch) adopt(in wire.Intent) error {
	above, name := split(in.Path)
	dir, err := b.dir(above)
	if err != nil {
		return err
	}
	r, found, err := b.file(dir, name)
	switch {
	case err != nil:
		return err
	case !found:
		return b.missing(in, "the file that was to be adopted is gone")
	case r.size != in.Size || r.version != 0 && r.version != in.Version:
		return b.missing(in, "the file that was to be adopted is another by now")
	}
	if err := b.mended(in.Path, in.Version); err != nil {
		return err
	}
	adopted := r
	adopted.version = in.Version
	return b.replace(dir, name, r, adopted)
}
