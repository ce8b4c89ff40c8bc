package pack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"mirrortracker/internal/digest"
)

// A Reader reads a pack and computes what its trees are. Make it with [NewReader].
type Reader struct {
	src    Source
	limits Limits
	zip    *zstd.Decoder
	ratio  ratio
	blocks blockReader
	header Header

	drafts   []draft // of the block, which are not trees yet
	text     int64   // bytes of the trees so far
	digester *digest.Digester
	places   places
	partial  partial
	ended    bool
}

// NewReader begins to read a pack and returns with its header read. Trees that the pack
// names as known are looked up in src, which may be nil for full packs. What breaks the
// rules is [ErrUnsound]; other errors are those of r and src. The caller closes it.
func NewReader(r io.Reader, src Source, limits Limits) (*Reader, error) {
	p := &Reader{
		src:      src,
		limits:   limits,
		digester: digest.NewDigester(),
		partial:  partial{src: src, known: map[digest.ID]int64{}},
	}
	zip, err := zstd.NewReader(p.ratio.in(r),
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(4*window),
	)
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	p.zip = zip
	p.blocks.in = bufio.NewReaderSize(p.ratio.out(zip), 64<<10)
	if p.header, err = readHeader(p.blocks.in); err != nil {
		zip.Close()
		return nil, unsound("%w", err)
	}
	p.blocks.day = dayOf(p.header.Finished)
	p.limits = p.limits.within(&p.header)
	return p, nil
}

// Header returns what the pack says of itself.
func (p *Reader) Header() *Header { return &p.header }

// Trees returns how many trees have been returned.
func (p *Reader) Trees() int64 { return p.places.count }

// Close gives back what the reader holds.
func (p *Reader) Close() error {
	p.zip.Close()
	return p.places.close()
}

// enough is how many bytes of trees are returned at a time, unless one tree has more.
const enough = 4 << 20

// Next returns some more trees, children before their parents. [io.EOF] says that all of
// the pack was read, that nothing is missing in it or loose, and that it amounts to what
// its header says; before that, none of it can be relied upon. After any other error
// the reader is of no more use.
func (p *Reader) Next(ctx context.Context) ([]*digest.Tree, error) {
	if p.ended {
		return nil, io.EOF
	}
	if len(p.drafts) == 0 {
		drafts, err := p.blocks.block()
		if err != nil {
			return nil, unsound("%w", err)
		}
		if len(drafts) == 0 {
			if err := p.end(ctx); err != nil {
				return nil, err
			}
			p.ended = true
			return nil, io.EOF
		}
		if p.blocks.next > p.limits.Trees {
			return nil, unsound("it has more than %d trees", p.limits.Trees)
		}
		p.drafts = drafts
	}
	some := p.drafts[:min(len(p.drafts), batch)]
	found, err := p.look(ctx, some)
	if err != nil {
		return nil, err
	}
	var trees []*digest.Tree
	for held := 0; len(some) > 0 && held < enough; some = some[1:] {
		tree, err := p.tree(ctx, &some[0], found)
		if err != nil {
			return nil, fmt.Errorf("tree %d: %w", some[0].number, err)
		}
		trees = append(trees, tree)
		held += len(tree.Branches) + len(tree.Leaves)
		p.drafts[0] = draft{} // its entries are of no more use
		p.drafts = p.drafts[1:]
	}
	return trees, nil
}

// tree makes a tree of a draft, and gives it its place.
func (p *Reader) tree(ctx context.Context, d *draft, found known) (*digest.Tree, error) {
	entries, reason := d.entries, d.reason
	if d.edits() {
		var err error
		if entries, err = d.apply(found[d.base]); err != nil {
			return nil, unsound("%w", err)
		}
		reason = found[d.base].Reason()
	}
	sum := place{}
	if reason != digest.Complete {
		sum.incomplete = 1
	}
	whole := make([]digest.Entry, len(entries))
	for i := range entries {
		whole[i] = entries[i].Entry
		if whole[i].Kind != digest.Dir {
			continue
		}
		child, err := p.child(ctx, d, entries[i].child, found)
		if err != nil {
			return nil, fmt.Errorf("directory %q: %w", cut(whole[i].Name), err)
		}
		whole[i].Sub = &child.Summary
		sum.incomplete = min(sum.incomplete+child.incomplete, 1<<62)
		sum.height = max(sum.height, child.height+1)
	}
	tree := p.digester.Tree(whole, reason)
	sum.Summary = tree.Summary
	p.text += int64(len(tree.Branches) + len(tree.Leaves))
	switch {
	case p.text > p.limits.Text:
		return nil, unsound("the trees have more than %d bytes", p.limits.Text)
	case sum.Files+sum.Dirs > p.limits.Entries:
		return nil, unsound("below it are more than %d files and directories", p.limits.Entries)
	case sum.height > p.limits.Depth:
		return nil, unsound("below it are more than %d levels of directories", p.limits.Depth)
	}
	return tree, p.places.add(sum)
}

// child returns what a child amounts to.
func (p *Reader) child(ctx context.Context, parent *draft, r ref, found known) (place, error) {
	if r.back > parent.number {
		return place{}, unsound("@%d is before the first tree", r.back)
	}
	if r.back > 0 {
		return p.places.take(parent.number - r.back)
	}
	tree := found[r.id]
	incomplete, err := p.partial.count(ctx, tree)
	return place{Summary: tree.Summary, incomplete: incomplete}, err
}

// end checks what can be checked only there.
func (p *Reader) end(ctx context.Context) error {
	if _, err := p.blocks.in.ReadByte(); !errors.Is(err, io.EOF) {
		return unsound("something stands behind its end (%v)", err)
	}
	if number, found := p.places.loose(); found {
		return unsound("tree %d is in no directory", number)
	}
	root, err := p.root(ctx)
	if err != nil {
		return err
	}
	is, says := root.Summary, p.header.Summary()
	switch {
	case is.ID != says.ID:
		return unsound("its root is %s, and its header says %s", is.ID, says.ID)
	case is.Exact != says.Exact || is.Blind != says.Blind:
		return unsound("its root has the digests %s (blind) and %s (exact), and its header says %s and %s", is.Blind, is.Exact, says.Blind, says.Exact)
	case is.Totals != says.Totals || root.incomplete != p.header.Incomplete:
		return unsound("its root has %+v and %d incomplete directories, and its header says %+v and %d", is.Totals, root.incomplete, says.Totals, p.header.Incomplete)
	}
	return nil
}

// root returns the last tree, or where there is none, the one that is known already.
func (p *Reader) root(ctx context.Context) (place, error) {
	if p.places.count > 0 {
		return p.places.get(p.places.count - 1)
	}
	found := known{}
	if err := found.look(ctx, p.src, []digest.ID{p.header.Root}, 0); err != nil {
		return place{}, err
	}
	tree := found[p.header.Root]
	incomplete, err := p.partial.count(ctx, tree)
	return place{Summary: tree.Summary, incomplete: incomplete}, err
}
