package catalogue

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// adopt takes a file in that came from elsewhere. One that has a version keeps it.
func (r *reconciling) adopt(t *change, at *spot, e *wire.Entry, n known) error {
	p := r.dir.Join(string(e.Name))
	if e.Version == 0 && n.ID != 0 && n.Kind == fileKind && n.Size == e.Size && (n.CRC32 != noSum || n.Held) {
		// Of what has no checksum nobody else has a copy, so that this is it.
		summed := n.CRC32 != noSum
		if summed && e.Sums == nil {
			r.sum.Unsummed = append(r.sum.Unsummed, string(e.Name))
			return nil
		}
		if !summed || n.equal(e.Sums) {
			r.sum.Copies++
			r.intend(t, wire.Intent{Deed: wire.Adopt, Path: wire.Path(p), Version: n.Version, Size: n.Size})
			t.settle(n.ID, p)
			if n.Held {
				return nil
			}
			return t.hold(r.slave, n.ID)
		}
	}
	if err := r.make(t, at); err != nil {
		return err
	}
	name := string(e.Name)
	if n.ID != 0 {
		var err error
		if name, err = r.asideName(t, *at, name); err != nil {
			return err
		}
		r.sum.Collided++
		r.renamed[name] = true
		r.intend(t, wire.Intent{Deed: wire.Rename, Path: wire.Path(p), To: wire.Path(r.dir.Join(name))})
		if n.Held {
			r.sum.Missing++
			t.settle(n.ID, p)
			if err := t.lose(r.slave, n.ID); err != nil {
				return err
			}
		}
	} else {
		r.sum.Adopted++
	}
	modified := e.ModTime
	if modified.IsZero() {
		modified = time.Now()
	}
	fresh := node{
		Parent: at.node.ID, Name: []byte(name), ID: t.next(), Kind: fileKind, Size: e.Size, ModTime: modified.UnixNano(), Mode: newFile,
		Owner: group, Version: e.Version, CRC32: noSum,
	}
	if e.Version == 0 {
		fresh.Version = t.next()
	}
	if e.Sums != nil {
		fresh.CRC32, fresh.SHA256 = int64(e.Sums.CRC32), e.Sums.SHA256
	}
	t.touch(at.below(name, nil))
	t.modify(at.node)
	r.fresh = append(r.fresh, fresh)
	if e.Version == 0 {
		r.intend(t, wire.Intent{Deed: wire.Adopt, Path: wire.Path(r.dir.Join(name)), Version: fresh.Version, Size: e.Size})
	}
	t.settle(fresh.ID, r.dir.Join(name))
	return nil
}

// insert writes the files that were adopted.
func (r *reconciling) insert(t *change) error {
	for some := range slices.Chunk(r.fresh, 50) {
		var nodes, copies []any
		for _, n := range some {
			nodes = append(nodes, n.values()...)
			copies = append(copies, r.slave, n.ID)
			t.files[n.ID] = true
		}
		if err := t.exec(`INSERT INTO ftp_nodes (`+nodeColumns+`) VALUES `+tuples(len(some), len(nodes)/len(some)), nodes...); err != nil {
			return err
		}
		if err := t.exec(`INSERT INTO ftp_copies (slave, node) VALUES `+tuples(len(some), 2), copies...); err != nil {
			return err
		}
	}
	r.fresh = nil
	return nil
}

// equal compares checksums, as far as both sides have them.
func (n *node) equal(sums *wire.Sums) bool {
	return uint32(n.CRC32) == sums.CRC32 && (len(n.SHA256) == 0 || len(sums.SHA256) == 0 || bytes.Equal(n.SHA256, sums.SHA256))
}

// make makes the directory, and those above, where they are missing.
func (r *reconciling) make(t *change, at *spot) error {
	if at.node != nil {
		return nil
	}
	here := spot{node: root}
	for _, name := range r.dir.Names() {
		n, err := t.look(here.node.ID, name)
		if err != nil {
			return err
		}
		next := here.below(name, n)
		if n == nil {
			if err := t.add(next, node{Kind: directoryKind, ModTime: time.Now().UnixNano(), Mode: newDirectory, Owner: group, CRC32: noSum}); err != nil {
				return err
			}
			if next.node, err = t.look(here.node.ID, name); err != nil {
				return err
			}
		}
		here = next
	}
	*at = here
	return nil
}

// aside moves a directory of the slave's out of the way of what is known by that name.
// What is in it shows when it is compared under its new name.
func (r *reconciling) aside(t *change, at spot, name string) {
	to, err := r.asideName(t, at, name)
	if err != nil {
		return // the database has failed, which is known
	}
	r.sum.Collided++
	r.intend(t, wire.Intent{Deed: wire.Rename, Path: wire.Path(r.dir.Join(name)), To: wire.Path(r.dir.Join(to))})
}

// asideName finds a name that is free in the directory: NAME.collision.SLAVE, with a
// number where there is such a file already.
func (r *reconciling) asideName(t *change, at spot, name string) (string, error) {
	for i := 1; ; i++ {
		suffix := ".collision." + r.name
		if i > 1 {
			suffix += "-" + strconv.Itoa(i)
		}
		free := name[:min(len(name), wire.MaxName-len(suffix))] + suffix
		n, err := t.look(at.node.ID, free)
		if err != nil || n == nil && !slices.ContainsFunc(r.fresh, func(n node) bool { return string(n.Name) == free }) {
			return free, err
		}
	}
}
