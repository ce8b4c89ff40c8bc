package segment

import (
	"sync"
	"testing"

	"mirrortracker/internal/digest"
)

// A stack is read, merged, saved and built upon at the same time.
func TestAtTheSameTime(t *testing.T) {
	dir := t.TempDir()
	c, log := cacheIn(t, dir)
	trees := chain(leaf("x"), 100)
	s := push(t, push(t, c.Stack(), c.Dir(), trees[:50]...), c.Dir(), trees[50:]...)
	root, _ := s.Find(trees[100].ID)
	var all sync.WaitGroup
	all.Go(func() {
		for n := range Number(s.Len()) {
			if id := s.Tree(n).ID(); id.IsZero() {
				t.Errorf("tree %d has no identity", n)
			}
		}
	})
	all.Go(func() {
		if err := c.Save(s, nil); err != nil {
			t.Error(err)
		}
	})
	var merged, upon *Stack
	all.Go(func() {
		var err error
		if merged, _, err = Merge(background, s, 0, []Number{root}, Options{Dir: c.Dir()}); err != nil {
			t.Error(err)
		}
	})
	all.Go(func() {
		var err error
		if upon, err = pushed(s, c.Dir(), []*digest.Tree{directory(trees[3], trees[70])}); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	if t.Failed() {
		return
	}
	for _, last := range []*Stack{upon, merged} {
		if err := c.Save(last, nil); err != nil {
			t.Error(err)
		}
	}
	modelOf(trees).check(t, merged)
	c.Close()
	c, _ = cacheIn(t, dir)
	modelOf(trees).check(t, c.Stack())
	if log.Len() > 0 {
		t.Errorf("log: %s", log)
	}
}
