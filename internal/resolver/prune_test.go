package resolver

import (
	"context"
	"log/slog"
	"testing"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

// A pruning is a world in which snapshots are replaced, and their trees collected,
// while they are read.
type pruning struct {
	*world
	left int // how often that happens
	next func()
}

func (p *pruning) Trees(ctx context.Context, ids []digest.ID, parts store.Parts, fn func(*digest.Tree) error) error {
	if len(ids) == 50 && p.left > 0 { // the level below the root
		p.left--
		p.next()
		clear(p.trees)
		p.next()
	}
	return p.world.Trees(ctx, ids, parts, fn)
}

func TestASnapshotThatIsPrunedWhileItIsLoaded(t *testing.T) {
	for pruned := range 3 {
		p := &pruning{world: newWorld(), left: pruned}
		version := 0
		p.next = func() {
			version++
			d := dir{}
			for i := range 50 {
				d[string(rune('A'+i))] = dir{"f": version*100 + i}
			}
			p.add("a", "ftp://a.example/", d)
		}
		p.next()
		l := NewLive(p, Options{}, slog.New(slog.DiscardHandler))
		if err := l.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		x := l.Index()
		if a := ask(t, x, "a", "/B/f"); len(x.Problems()) != 0 || a.Size != int64(version*100+1) || a.Snapshot().Seq != int64(version) {
			t.Errorf("%d times: version %d of %d, problems %v", pruned, a.Size, version, x.Problems())
		}
		before := p.asked.Load()
		if err := l.Check(t.Context()); err != nil || p.asked.Load() != before {
			t.Error("read again though nothing changed", err)
		}
	}
}
