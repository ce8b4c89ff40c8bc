package catalogue

import (
	"hash/maphash"
	"sync"
)

// A cache keeps what was read from the database, in bounded memory. What was used lately
// stays longest: there is a young and an old half, what is used becomes young, and when the
// young half is full it becomes the old one.
//
// What is read while it changes must not stay. So a reader asks for a stamp before it
// reads, and what it then brings is kept only if nothing about it was dropped meanwhile.
type cache[K comparable, V any] struct {
	seed   maphash.Seed
	shards [cacheShards]shard[K, V]
	half   int // how many one half of a shard holds
}

const (
	cacheShards = 16
	stripes     = 64 // of stamps, in a shard
)

type shard[K comparable, V any] struct {
	mu         sync.Mutex
	young, old map[K]V
	stamps     [stripes]uint64
}

func newCache[K comparable, V any](entries int) *cache[K, V] {
	c := &cache[K, V]{seed: maphash.MakeSeed(), half: max(entries/cacheShards/2, 1)}
	for i := range c.shards {
		c.shards[i].young, c.shards[i].old = map[K]V{}, map[K]V{}
	}
	return c
}

func (c *cache[K, V]) at(key K) (s *shard[K, V], stamp *uint64) {
	h := maphash.Comparable(c.seed, key)
	s = &c.shards[h%cacheShards]
	return s, &s.stamps[h/cacheShards%stripes]
}

// get returns what is kept, and a stamp for what will be read if there is nothing.
func (c *cache[K, V]) get(key K) (v V, stamp uint64, ok bool) {
	s, at := c.at(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok = s.young[key]; ok {
		return v, *at, true
	}
	if v, ok = s.old[key]; ok {
		delete(s.old, key)
		c.put(s, key, v)
	}
	return v, *at, ok
}

// keep keeps what was read since the stamp was got.
func (c *cache[K, V]) keep(key K, v V, stamp uint64) {
	s, at := c.at(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if *at == stamp {
		delete(s.old, key)
		c.put(s, key, v)
	}
}

func (c *cache[K, V]) put(s *shard[K, V], key K, v V) {
	if len(s.young) >= c.half {
		s.young, s.old = map[K]V{}, s.young
	}
	s.young[key] = v
}

// drop forgets one.
func (c *cache[K, V]) drop(key K) {
	s, at := c.at(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	*at++
	delete(s.young, key)
	delete(s.old, key)
}

// clear forgets all.
func (c *cache[K, V]) clear() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for j := range s.stamps {
			s.stamps[j]++
		}
		clear(s.young)
		clear(s.old)
		s.mu.Unlock()
	}
}
