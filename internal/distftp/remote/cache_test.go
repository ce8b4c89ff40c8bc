package remote

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func newTestCache() *cache[string, []int] {
	return newCache[string](5*time.Second, 100, func(v []int) int { return len(v) })
}

func TestCacheAsksOnceForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestCache()
		var asked atomic.Int32
		ask := func(context.Context) ([]int, error) {
			asked.Add(1)
			time.Sleep(time.Second)
			return []int{1}, nil
		}
		for range 3 {
			go func() { _, _ = c.get(t.Context(), "a", ask) }()
		}
		if v, err := c.get(t.Context(), "a", ask); err != nil || len(v) != 1 {
			t.Fatalf("got %v, %v", v, err)
		}
		synctest.Wait()
		time.Sleep(4 * time.Second)
		_, _ = c.get(t.Context(), "a", ask)
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times, want once", n)
		}
		time.Sleep(2 * time.Second)
		_, _ = c.get(t.Context(), "a", ask)
		if n := asked.Load(); n != 2 {
			t.Errorf("asked %d times, want again after five seconds", n)
		}
	})
}

func TestCacheForgetsErrorsSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestCache()
		asked := 0
		ask := func(context.Context) ([]int, error) {
			asked++
			return nil, errors.New("no")
		}
		for range 2 {
			if _, err := c.get(t.Context(), "a", ask); err == nil {
				t.Error("no error")
			}
		}
		time.Sleep(time.Second)
		_, _ = c.get(t.Context(), "a", ask)
		if asked != 2 {
			t.Errorf("asked %d times, want 2", asked)
		}
	})
}

func TestCacheIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestCache()
		for i := range 1000 {
			_, _ = c.get(t.Context(), string(rune(i)), func(context.Context) ([]int, error) { return make([]int, 9), nil })
			synctest.Wait()
			if c.full > c.most || len(c.cells) > 10 || len(c.order) > 10 {
				t.Fatalf("after %d answers: weight %d, %d cells", i, c.full, len(c.cells))
			}
		}
	})
}

func TestCacheDropsWhatIsBeingAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestCache()
		first := make(chan []int)
		go func() {
			v, _ := c.get(t.Context(), "a", func(context.Context) ([]int, error) {
				time.Sleep(time.Second)
				return []int{1}, nil
			})
			first <- v
		}()
		synctest.Wait()
		c.drop("a")
		v, _ := c.get(t.Context(), "a", func(context.Context) ([]int, error) { return []int{1, 2}, nil })
		if len(v) != 2 {
			t.Errorf("got %v, which was so before the change", v)
		}
		if v := <-first; len(v) != 1 {
			t.Errorf("the first who asked got %v", v)
		}
		if v, ok := c.peek("a"); !ok || len(v) != 2 {
			t.Errorf("remembered is %v, %v", v, ok)
		}
	})
}

func TestCacheLetsTheImpatientGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestCache()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ask := func(context.Context) ([]int, error) {
			time.Sleep(3 * time.Second)
			return []int{1}, nil
		}
		if _, err := c.get(ctx, "a", ask); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if v, err := c.get(t.Context(), "a", ask); err != nil || len(v) != 1 {
			t.Errorf("who is patient got %v, %v", v, err)
		}
	})
}
