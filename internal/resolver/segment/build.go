package segment

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"

	"mirrortracker/internal/digest"
)

// DefaultMaxHeight is how many directories may stand below each other: no path
// of 4,096 bytes (Linux, PATH_MAX) has more names.
const DefaultMaxHeight = 2048

// Options are those of making a segment.
type Options struct {
	Dir       string // the folder of its file, that of a [Cache]; empty: in memory
	MaxHeight int    // how many directories may stand below each other, at most 32,766; 0 means DefaultMaxHeight
}

func (o Options) maxHeight() int {
	if o.MaxHeight <= 0 {
		return DefaultMaxHeight
	}
	return min(o.MaxHeight, maxHeight)
}

// A Builder makes a [Segment]. Trees go to its file as they come; of each, some
// tens of bytes stay in memory, outside of the heap. It must not be used by two
// goroutines at a time.
//
// Trees are added in any order, and settled together, usually those of one
// site: Commit takes them over if all that is below them is there, or else
// takes all of them back.
type Builder struct {
	below    *Stack
	options  Options
	out      *writer
	recorder recorder
	added    identitySet

	// Of the trees since the last commit: the identities of their children,
	// and the positions from which on they have not been asked for.
	wanted array[digest.ID]
	asked  int

	committed mark
}

// A mark is how far a Builder has come.
type mark struct {
	trees, edges int
	bytes        uint64
}

// NewBuilder returns a Builder of a segment upon a Stack.
func NewBuilder(below *Stack, o Options) (*Builder, error) {
	out, err := newWriter(below.Len(), below.fingerprint(), o.Dir)
	if err != nil {
		return nil, err
	}
	return &Builder{below: below, options: o, out: out}, nil
}

// Close gives back what the Builder holds. It must be called in the end,
// whether or not there is a segment.
func (b *Builder) Close() {
	b.out.close()
	b.added.free()
	b.wanted.free()
}

// Len returns the number of trees.
func (b *Builder) Len() int { return b.added.len() }

// Bytes returns about how large the file is going to be.
func (b *Builder) Bytes() int64 {
	const (
		tree = rowBytes + 4 /* first held */ + 2*4 /* orders */ + 32 /* identity */
		edge = 4 + placeBytes
	)
	return int64(b.out.at) + int64(b.Len())*tree + int64(len(b.out.edges.all)+len(b.wanted.all))*edge
}

// Has reports whether a tree was added, or is in the Stack below.
func (b *Builder) Has(id digest.ID) bool {
	_, ok := b.find(&id)
	return ok
}

// find returns the number of a tree; those of the own segment are in the order
// of arrival.
func (b *Builder) find(id *digest.ID) (uint32, bool) {
	if n, ok := b.added.find(id); ok {
		return b.out.base + n, true
	}
	n, ok := b.below.Find(*id)
	return uint32(n), ok
}

// Add adds a tree. One that is there already is passed over. The tree is not
// kept.
func (b *Builder) Add(t *digest.Tree) error {
	if b.Has(t.ID) {
		return nil
	}
	if err := b.recorder.write(t); err != nil {
		return fmt.Errorf("tree %s: %w", t.ID, err)
	}
	if uint64(b.out.base)+uint64(b.Len()) >= maxTrees {
		return fmt.Errorf("tree %s: more than %d trees", t.ID, uint64(maxTrees))
	}
	edges := uint64(len(b.out.edges.all) + len(b.wanted.all))
	if edges+uint64(len(b.recorder.ids)) >= maxTrees {
		return fmt.Errorf("tree %s: more than %d directories in directories", t.ID, uint64(maxTrees))
	}
	own := newShape(0, b.recorder.names[links].count > 0)
	if err := b.out.record(b.recorder.record, uint32(edges), own); err != nil {
		return err
	}
	if err := b.wanted.add(b.recorder.ids...); err != nil {
		return err
	}
	return b.added.add(t.ID)
}

// Missing returns the identities of directories that stand in trees which were
// added since the last Commit, and are neither added themselves nor in the
// Stack below. There are at most limit of them, and none that it returned
// before since the last Commit.
func (b *Builder) Missing(limit int) []digest.ID {
	var missing []digest.ID
	seen := map[digest.ID]bool{}
	for ; b.asked < len(b.wanted.all) && len(missing) < limit; b.asked++ {
		if id := b.wanted.all[b.asked]; !seen[id] && !b.Has(id) {
			seen[id] = true
			missing = append(missing, id)
		}
	}
	return missing
}

// Commit settles the trees that were added since the last time. If anything
// below them is missing, stands below itself or stands too deep, it takes all
// of them back, and returns an error that names a tree at fault.
func (b *Builder) Commit() error {
	err := b.resolve()
	if err == nil {
		err = b.measure()
	}
	if err != nil {
		b.Rollback()
		return err
	}
	b.begin(mark{b.Len(), len(b.out.edges.all), b.out.at})
	return nil
}

// Rollback takes back the trees that were added since the last Commit.
func (b *Builder) Rollback() {
	b.added.truncate(b.committed.trees)
	b.out.truncate(b.committed)
	b.begin(b.committed)
}

func (b *Builder) begin(m mark) {
	b.committed = m
	b.wanted.all = b.wanted.all[:0]
	b.asked = 0
}

// resolve finds the numbers of the children.
func (b *Builder) resolve() error {
	if err := b.out.edges.reserve(len(b.wanted.all)); err != nil {
		return err
	}
	for i := range b.wanted.all {
		n, ok := b.find(&b.wanted.all[i])
		if !ok {
			parent := b.parentOf(uint32(b.committed.edges + i))
			return fmt.Errorf("tree %s: %w: tree %s", parent, ErrMissing, b.wanted.all[i])
		}
		b.out.edges.all = append(b.out.edges.all, n)
	}
	return nil
}

// parentOf returns the identity of the tree that an edge is of.
func (b *Builder) parentOf(edge uint32) digest.ID {
	rows := b.out.rows.all
	i := sort.Search(len(rows), func(i int) bool { return rows[i].edge > edge }) - 1
	return b.added.ids.all[i]
}

// A visit is a tree whose children are being measured.
type visit struct {
	tree      int    // by arrival
	next, end uint32 // the edges that follow
	shape     shape
}

// A measured says how far the measuring of a tree has come.
type measured uint8

const (
	unseen measured = iota
	open
	done
)

// measure finds out heights and links of the trees since the last commit, and
// refuses those that stand too deep, or below themselves, which only a damaged
// source can tell of and which would have no end.
func (b *Builder) measure() error {
	states, err := made[measured](b.Len() - b.committed.trees)
	if err != nil {
		return err
	}
	defer states.free()
	state := func(tree int) *measured { return &states.all[tree-b.committed.trees] }
	var way []visit
	for top := b.committed.trees; top < b.Len(); top++ {
		if *state(top) == done {
			continue
		}
		*state(top) = open
		way = append(way[:0], b.out.visit(top))
		for len(way) > 0 {
			v := &way[len(way)-1]
			if v.next == v.end {
				b.out.rows.all[v.tree].shape = v.shape
				*state(v.tree) = done
				if v.shape.height() > b.options.maxHeight() {
					return b.tooDeep(v.tree)
				}
				way = way[:len(way)-1]
				continue
			}
			n := b.out.edges.all[v.next]
			child := int(n) - int(b.out.base)
			switch {
			case child < 0:
				v.over(b.below.Tree(Number(n)).row.shape)
			case child < b.committed.trees || *state(child) == done:
				v.over(b.out.rows.all[child].shape)
			case *state(child) == open:
				return fmt.Errorf("tree %s: %w", b.added.ids.all[child], ErrCycle)
			case len(way) > b.options.maxHeight():
				return b.tooDeep(way[0].tree)
			default:
				*state(child) = open
				way = append(way, b.out.visit(child))
			}
		}
	}
	return nil
}

// over goes on to the next child after one of this shape.
func (v *visit) over(child shape) {
	v.shape = newShape(max(v.shape.height(), child.height()+1), v.shape.linked() || child.linked())
	v.next++
}

func (b *Builder) tooDeep(tree int) error {
	return fmt.Errorf("tree %s: %w: more than %d", b.added.ids.all[tree], ErrTooDeep, b.options.maxHeight())
}

// Finish commits, and makes the segment of all trees that were ever committed.
// The Builder can only be closed then. The error is that of ctx, or of the
// commit or of the file.
func (b *Builder) Finish(ctx context.Context) (*Segment, error) {
	if err := b.Commit(); err != nil {
		return nil, err
	}
	b.added.slots.free()
	b.wanted.free()
	order, err := b.sorted(ctx)
	if err != nil {
		return nil, err
	}
	defer order.free()
	numbers, err := made[uint32](b.Len())
	if err != nil {
		return nil, err
	}
	defer numbers.free()
	for number, tree := range order.all {
		numbers.all[tree] = uint32(number)
	}
	return b.out.finish(ctx, numbers.all, func(yield func(*digest.ID) bool) {
		for _, tree := range order.all {
			if !yield(&b.added.ids.all[tree]) {
				return
			}
		}
	})
}

// sorted returns the trees, by arrival, in the order of their identities. They
// are divided by how their identities begin, so that each part fits into the
// processor's cache.
func (b *Builder) sorted(ctx context.Context) (order array[uint32], err error) {
	ids := b.added.ids.all
	if order, err = made[uint32](len(ids)); err != nil {
		return order, err
	}
	var ends [1 << 16]int
	part := func(id *digest.ID) uint16 { return binary.BigEndian.Uint16(id[:]) }
	for i := range ids {
		ends[part(&ids[i])]++
	}
	for i := 1; i < len(ends); i++ {
		ends[i] += ends[i-1]
	}
	for i := len(ids) - 1; i >= 0; i-- {
		p := part(&ids[i])
		ends[p]-- // where the part begins, in the end
		order.all[ends[p]] = uint32(i)
	}
	pace := pacer{ctx: ctx}
	for i, begin := range ends {
		end := len(ids)
		if i+1 < len(ends) {
			end = ends[i+1]
		}
		slices.SortFunc(order.all[begin:end], func(a, b uint32) int { return bytes.Compare(ids[a][:], ids[b][:]) })
		if err := pace.step(end - begin); err != nil {
			order.free()
			return order, err
		}
	}
	return order, nil
}
