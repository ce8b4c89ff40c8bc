package ftplist

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// maxAwaited bounds what is kept of directories that were shown and whose blocks have
// not come yet, in bytes, and awaitedSize is what each takes beside its path. (A tree
// in ls's order awaits no more than the brothers and sisters of its ancestors.)
const (
	maxAwaited  = 64 << 20
	awaitedSize = 64
)

// An index is of no use where more than a quarter of its blocks is doubtful, unless
// those are very few.
const fewDoubts = 16

// survey reads all of the index, says whether it is one tree with this root, and draws
// the directories that are to be compared. The last one, which may be cut off, is none of
// them.
func (x *index) survey(ctx context.Context, root crawl.Listing, random *rand.Rand) ([]mirror.Path, error) {
	s := survey{index: x, awaited: map[mirror.Path]shown{mirror.Root: {}}, draw: newDraw(random, x.dates())}
	for b, err := range x.blocks() {
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err == nil && b.path == mirror.Root:
			err = sameDirs(b, root)
		}
		if err == nil {
			err = s.add(b)
		}
		if err != nil {
			return nil, unfit("%s: %v", x.name, err)
		}
	}
	switch {
	case s.blocks == 0:
		return nil, unfit("%s is empty", x.name)
	case s.doubtful > max(fewDoubts, s.blocks/4):
		return nil, unfit("%s: %d of %d blocks are doubtful, the first: %s", x.name, s.doubtful, s.blocks, s.doubt)
	}
	return slices.DeleteFunc(s.draw.sample(), func(p mirror.Path) bool { return p == x.last }), nil
}

// A survey is a reading of an index under way.
type survey struct {
	*index
	draw *draw

	awaited map[mirror.Path]shown // directories whose blocks have not come
	room    int                   // that these take

	blocks   int
	names    int64
	doubtful int
	doubt    string // the first
}

// shown is what a block shows of a subdirectory.
type shown struct {
	unseen  bool  // it may not be there to be seen live
	changed int64 // when, see [draw.minute]
}

// add takes the next block.
func (s *survey) add(b indexBlock) error {
	itself, ok := s.awaited[b.path]
	if !ok {
		return fmt.Errorf("no block before shows the directory %q, or it comes twice", clip(string(b.path)))
	}
	delete(s.awaited, b.path)
	s.room -= len(b.path) + awaitedSize
	s.blocks++
	s.last = b.path
	if s.names += int64(len(b.Entries)); s.names > s.lister.cfg.Limits.Total {
		return fmt.Errorf("it shows more names than crawl.limits.total = %d", s.lister.cfg.Limits.Total)
	}
	if b.HidesLinks {
		return fmt.Errorf("block %q is not of ls", clip(string(b.path)))
	}
	_, doubt := s.entries(b)
	if doubt != "" {
		if s.doubtful++; s.doubtful == 1 {
			s.doubt = fmt.Sprintf("%s: %s", clip(b.path.Dir()), doubt)
		}
	}
	for _, e := range b.Entries {
		if e.Kind != digest.Dir || !digest.SoundName(e.Name) {
			continue
		}
		path := b.path.Join(e.Name)
		s.awaited[path] = shown{itself.unseen || e.Closed || digest.Hidden(e.Name), s.draw.minute(e.Stamp)}
		if s.room += len(path) + awaitedSize; s.room > maxAwaited {
			return fmt.Errorf("too many directories are shown and have no block")
		}
	}
	if !itself.unseen && doubt == "" && b.path != mirror.Root {
		s.draw.add(b, itself.changed)
	}
	return nil
}

// sameDirs compares the directories of a root. Files in it change with every index.
func sameDirs(b indexBlock, root crawl.Listing) error {
	told, shown := map[string]bool{}, map[string]bool{}
	for _, e := range b.Entries {
		if e.Kind == digest.Dir && counts(e.Name) {
			told[e.Name] = true
		}
	}
	for _, e := range root.Entries {
		if e.Kind == digest.Dir && counts(e.Name) {
			shown[e.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(told)) {
		if !shown[name] {
			return fmt.Errorf("the first block shows the directory %q, and the root does not", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		if !told[name] {
			return fmt.Errorf("the root shows the directory %q, and the first block does not", name)
		}
	}
	return nil
}
