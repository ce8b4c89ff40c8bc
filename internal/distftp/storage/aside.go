package storage

import (
	"errors"
	"fmt"
	"slices"

	"mirrortracker/internal/distftp/wire"
)

// errAgain ends a batch that has moved something aside. The intent for which it did begins
// again, with that committed.
var errAgain = errors.New("again")

// vacate makes a path free for a file that an intent brings there. The file that the index
// has there by an intent may be replaced, and is left, and so is what comes, where it has
// come already. What came from elsewhere, there or in place of a directory above it, is
// nobody's to replace: it gets another name.
func (b *batch) vacate(p wire.Path, comes facts) error {
	if _, err := b.make(parent(p)); err != nil {
		return err
	}
	old, found, err := b.moveAside(p, false)
	if err != nil {
		return err
	}
	known := []facts{comes}
	if found {
		known = append(known, old.facts)
	}
	for _, f := range b.storage.folders {
		if err := b.clear(f, p, known...); err != nil {
			return err
		}
	}
	return nil
}

// moveAside gives what the index has at a path, and did not get by an intent, another name;
// or all it has there. It returns the file that stays.
func (b *batch) moveAside(p wire.Path, all bool) (stays record, found bool, err error) {
	above, name := split(p)
	dir, err := b.dir(above)
	if dir == nil || err != nil {
		return record{}, false, err
	}
	below, err := b.child(dir, name)
	if err != nil {
		return record{}, false, err
	}
	if below != nil && below.files > 0 {
		return record{}, false, errors.Join(b.moveDirAside(p, below), errAgain)
	}
	r, found, err := b.file(dir, name)
	if err != nil || !found || r.version != 0 && !all {
		return r, found, err
	}
	return record{}, false, errors.Join(b.moveFileAside(p, dir, r), errAgain)
}

func (b *batch) moveDirAside(p wire.Path, d *dir) error {
	to, err := b.freeName(p)
	if err != nil {
		return err
	}
	for _, f := range b.storage.folders {
		info, err := f.look(p)
		if err == nil && info != nil && info.IsDir() {
			err = b.moveOnDisk(f, p, to)
		}
		if err != nil {
			return err
		}
	}
	_, name := split(to)
	return b.move(d, d.above, name)
}

func (b *batch) moveFileAside(p wire.Path, dir *dir, r record) error {
	f := b.storage.folders[r.folder]
	_, name := split(p)
	info, err := f.look(p)
	if err != nil || info == nil || factsOf(info) != r.facts {
		return errors.Join(err, b.drop(dir, name, r)) // where it is now, nobody knows yet
	}
	to, err := b.freeName(p)
	if err != nil {
		return err
	}
	if err := b.moveOnDisk(f, p, to); err != nil {
		return err
	}
	if err := b.drop(dir, name, r); err != nil {
		return err
	}
	r.version = 0
	_, name = split(to)
	return b.put(dir, name, r)
}

// clear moves aside what stands at a path in a folder, unless it is one of the files that
// are known. The index does not have it.
func (b *batch) clear(f *folder, p wire.Path, known ...facts) error {
	info, err := f.look(p)
	if err != nil || info == nil || slices.Contains(known, factsOf(info)) {
		return err
	}
	if removed, err := removeEmpty(f, p); removed || err != nil {
		return err
	}
	to, err := b.freeName(p)
	if err != nil {
		return err
	}
	return b.moveOnDisk(f, p, to)
}

// freeName finds a name beside a path that nothing has.
func (b *batch) freeName(p wire.Path) (wire.Path, error) {
	above, name := split(p)
	for n := 1; ; n++ {
		suffix := fmt.Sprintf(".elsewhere-%d", n)
		to := join(above, name[:min(len(name), wire.MaxName-len(suffix))]+suffix)
		free := true
		for _, f := range b.storage.folders {
			info, err := f.look(to)
			if err != nil {
				return "", err
			}
			free = free && info == nil
		}
		if free {
			b.storage.config.Log.Warn("what came from elsewhere was in the way, and gets another name", "path", p, "to", to)
			return to, nil
		}
	}
}
