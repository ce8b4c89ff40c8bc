package catalogue

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// Reconciled says what was different in a directory of a slave.
type Reconciled struct {
	Adopted  int // files that nobody knew
	Copies   int // files that are equal to what is known
	Collided int // files that had to be given another name
	Removed  int // files that the slave should not have
	Missing  int // files that it should have

	Unsummed []string // names of files of which the checksum is needed
}

// Reconcile brings a directory and a slave's listing of it together. The listing is whole,
// but for what is in directories below, and was made when the slave had applied an intent;
// with [ErrPending] later ones touch the directory: they must be delivered and the
// directory be listed again.
//
// The slave's files that nobody knows come into the file system: as a new file, as a copy
// where the file there has the same size and checksums, and otherwise under a name of its
// own, which the slave is told. Where such a comparison lacks the checksums of what the
// slave has, nothing is done, and the file is in Unsummed: ask for them and call again.
// Files of a version that the slave should not have are removed; if it was never in sync
// with this database they are taken in, as they may be what another one had that was lost.
// What the slave should have and has not is noted as lost.
//
// It returns [ErrAhead] if the slave knows more than the database, which then is not the
// one that it last worked with.
func (c *Catalogue) Reconcile(ctx context.Context, slave SlaveID, dir mirror.Path, applied uint64, list []wire.Entry) (Reconciled, error) {
	r := reconciling{slave: slave, dir: dir, checked: applied, list: list, listed: map[string]bool{}, renamed: map[string]bool{}, ours: map[uint64]bool{}}
	for i := range list {
		if list[i].Kind == wire.File {
			r.listed[string(list[i].Name)] = true
		}
	}
	for more := true; more; {
		var next reconciling
		err := c.change(ctx, "compare with a slave", func(t *change) (err error) {
			next = r
			next.renamed, next.ours = maps.Clone(r.renamed), maps.Clone(r.ours)
			more, err = next.step(t)
			return err
		})
		if err != nil {
			return r.sum, err
		}
		r = next
	}
	return r.sum, nil
}

// reconcileStep is how many names are compared in one transaction.
const reconcileStep = 1000

// A reconciling is the comparison of one directory, as far as it has come.
type reconciling struct {
	slave SlaveID
	name  string // the slave's

	// stranger says that the slave was never in sync with this database: what it has may
	// be what a database had that was lost.
	stranger bool

	dir     mirror.Path
	checked uint64 // the last intent of which it is known that it does not touch what is listed
	list    []wire.Entry
	listed  map[string]bool // the files among them; not changed
	next    int             // in the list: those before are done with
	renamed map[string]bool // names that files of the slave's get by this
	ours    map[uint64]bool // intents after checked that came from this
	sum     Reconciled
	fresh   []node // that are still to be written
}

// A known node is one in the directory that is compared.
type known struct {
	node
	Held bool `db:"held"`
}

// step does some, and reports whether there is more.
func (r *reconciling) step(t *change) (more bool, err error) {
	if more, err = r.settle(t); err != nil {
		return more, err
	}
	return more, r.insert(t)
}

// settle decides about some, and does what does not go together with others. What is
// missing comes last.
func (r *reconciling) settle(t *change) (more bool, err error) {
	if err := r.current(t); err != nil {
		return false, err
	}
	at, possible, err := r.place(t)
	if err != nil || !possible {
		return false, err
	}
	some := r.list[r.next:min(r.next+reconcileStep, len(r.list))]
	nodes, err := r.known(t, at, some)
	if err != nil {
		return false, err
	}
	for i := range some {
		e := &some[i]
		name := string(e.Name)
		if strings.ContainsAny(name, "\r\n") {
			continue
		}
		n, there := nodes[name]
		switch {
		case e.Kind == wire.Directory:
			if there && n.Kind != directoryKind {
				r.aside(t, at, name)
			}
		case e.Version == 0:
			err = r.adopt(t, &at, e, n)
		default:
			err = r.check(t, &at, e, n)
		}
		if err != nil {
			return false, err
		}
	}
	if r.next += len(some); r.next < len(r.list) {
		return true, nil
	}
	return r.miss(t, at)
}

// miss notes as lost what the slave should have, and has not listed.
func (r *reconciling) miss(t *change, at spot) (more bool, err error) {
	if at.node == nil {
		return false, nil
	}
	var held []node
	err = t.list(&held, `SELECT `+columns+` FROM ftp_nodes n JOIN ftp_copies c ON c.node = n.id WHERE n.parent = ? AND c.slave = ?`, at.node.ID, r.slave)
	if err != nil {
		return false, err
	}
	done := 0
	for _, n := range held {
		name := string(n.Name)
		if r.listed[name] || r.renamed[name] {
			continue
		}
		if done == reconcileStep {
			return true, nil
		}
		if err := t.lose(r.slave, n.ID); err != nil {
			return false, err
		}
		t.settle(n.ID, r.dir.Join(name))
		r.sum.Missing++
		done++
	}
	return false, nil
}

// current makes sure that the listing is of what the database speaks of.
func (r *reconciling) current(t *change) error {
	there, err := t.get([]any{&r.name, &r.stranger}, `SELECT name, LENGTH(sync_digest) = 0 FROM ftp_slaves WHERE id = ?`, r.slave)
	if err != nil {
		return err
	}
	last := t.last[r.slave]
	switch {
	case !there:
		return ErrNoSlave
	case r.checked > last:
		return fmt.Errorf("%s has applied intent %d, the last is %d: %w", r.name, r.checked, last, ErrAhead)
	case r.checked == last:
		return nil
	}
	const bound = 10000
	var rows []struct {
		Seq  uint64 `db:"seq"`
		Deed string `db:"deed"`
		Path []byte `db:"path"`
		To   []byte `db:"to_path"`
	}
	err = t.list(&rows, `SELECT seq, deed, path, to_path FROM ftp_intents WHERE slave = ? AND seq > ? ORDER BY seq LIMIT ?`, r.slave, r.checked, bound)
	if err != nil {
		return err
	}
	if len(rows) == bound {
		return ErrPending
	}
	for _, i := range t.intents[r.slave] { // of changes in the same transaction
		if r.touches(i.Seq, wire.Path(i.Path), i.Deed) || r.touches(i.Seq, i.To, i.Deed) {
			return ErrPending
		}
	}
	for _, i := range rows {
		if r.touches(i.Seq, wire.Path(i.Path), wire.Deed(i.Deed)) || r.touches(i.Seq, wire.Path(i.To), wire.Deed(i.Deed)) {
			return ErrPending
		}
	}
	r.checked, r.ours = last, map[uint64]bool{}
	return nil
}

// touches reports whether an intent may change what is listed.
func (r *reconciling) touches(seq uint64, p wire.Path, deed wire.Deed) bool {
	if p == "" || r.ours[seq] {
		return false
	}
	path := mirror.Path(p)
	if path.Parent() == r.dir {
		return true
	}
	return (deed == wire.Rename || deed == wire.RemoveDir) && strings.HasPrefix(r.dir.Dir(), path.Dir())
}

// place finds the directory. What is missing of it is made when it is needed: at is then
// not there. Where there is something else than a directory above, there is nothing to
// compare: what the slave has there is moved aside by comparing the directory in which that
// is.
func (r *reconciling) place(t *change) (at spot, possible bool, err error) {
	at = spot{node: root}
	for _, name := range r.dir.Names() {
		var n *node
		if at.node != nil {
			if n, err = t.look(at.node.ID, name); err != nil || n != nil && n.Kind != directoryKind {
				return at, false, err
			}
		}
		at = at.below(name, n)
	}
	return at, true, nil
}

// known reads what the database has under the names of some entries.
func (r *reconciling) known(t *change, at spot, some []wire.Entry) (map[string]known, error) {
	nodes := map[string]known{}
	if at.node == nil || len(some) == 0 {
		return nodes, nil
	}
	args := []any{r.slave, at.node.ID}
	for i := range some {
		args = append(args, []byte(some[i].Name))
	}
	var rows []known
	err := t.list(&rows, `
		SELECT `+columns+`, c.slave IS NOT NULL AS held
		FROM ftp_nodes n LEFT JOIN ftp_copies c ON c.node = n.id AND c.slave = ?
		WHERE n.parent = ? AND n.name IN `+tuples(1, len(some)), args...)
	for _, n := range rows {
		nodes[string(n.Name)] = n
	}
	return nodes, err
}

// below is a name in a directory, which need not be there; n is what is there.
func (s spot) below(name string, n *node) spot {
	above := append([]*node{}, s.above...)
	return spot{above: append(above, s.node), name: name, node: n}
}

// intend has the slave do something because of what was found.
func (r *reconciling) intend(t *change, i wire.Intent) { r.ours[t.intend(r.slave, i)] = true }

// check looks at a file that has a version.
func (r *reconciling) check(t *change, at *spot, e *wire.Entry, n known) error {
	right := n.Kind == fileKind && n.Version == e.Version && n.Size == e.Size
	switch {
	case right && n.Held:
		return nil
	case right:
		r.sum.Copies++
		t.settle(n.ID, r.dir.Join(string(e.Name)))
		return t.hold(r.slave, n.ID)
	case e.Version > t.tick:
		return fmt.Errorf("%s has version %d of %s: %w", r.name, e.Version, r.dir.Join(string(e.Name)), ErrAhead)
	case r.stranger:
		return r.adopt(t, at, e, n)
	}
	r.sum.Removed++
	r.intend(t, wire.Intent{Deed: wire.Remove, Path: wire.Path(r.dir.Join(string(e.Name))), Version: e.Version})
	if n.Held {
		r.sum.Missing++
		t.settle(n.ID, r.dir.Join(string(e.Name)))
		return t.lose(r.slave, n.ID)
	}
	return nil
}
