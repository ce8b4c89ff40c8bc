package nearest

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
)

// A cache keeps values by their keys: as many as it has slots, in sets of a few, of
// which a new value takes any slot when all are full. Nobody waits for anybody.
type cache[K comparable, V any] struct {
	seed maphash.Seed
	sets [][ways]atomic.Pointer[entry[K, V]]
}

// ways is how many slots a set has: enough for hardly any set to be full where
// half of all slots are.
const ways = 8

type entry[K comparable, V any] struct {
	key   K
	value V
}

// newCache returns a cache of at least so many slots.
func newCache[K comparable, V any](slots int) *cache[K, V] {
	sets := 1 << bits.Len(uint(max(slots-1, 0)/ways))
	return &cache[K, V]{maphash.MakeSeed(), make([][ways]atomic.Pointer[entry[K, V]], sets)}
}

func (c *cache[K, V]) set(key K) *[ways]atomic.Pointer[entry[K, V]] {
	return &c.sets[maphash.Comparable(c.seed, key)&uint64(len(c.sets)-1)]
}

// get returns the value of a key, or nil.
func (c *cache[K, V]) get(key K) *V {
	set := c.set(key)
	for i := range set {
		if e := set[i].Load(); e != nil && e.key == key {
			return &e.value
		}
	}
	return nil
}

// put keeps a value, in place of the one that its key had, and returns where it is.
func (c *cache[K, V]) put(key K, value V) *V {
	set := c.set(key)
	slot := rand.IntN(ways)
	for i := range set {
		e := set[i].Load()
		if e == nil || e.key == key {
			slot = i
		}
		if e != nil && e.key == key {
			break
		}
	}
	e := &entry[K, V]{key, value}
	set[slot].Store(e)
	return &e.value
}
