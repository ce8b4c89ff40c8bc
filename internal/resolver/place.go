package resolver

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"mirrortracker/internal/resolver/segment"
)

// A place is what one asked path of a site turned out to be: a directory, or a
// link to a file. All but its replicas is immutable.
type place struct {
	hash uint64
	site int            // position in Index.Sites
	file int32          // the position of the file in the directory's tree, or noFile
	tree segment.Number // of the real directory
	node segment.Tree   // the same
	path string         // as it was asked, "" for the root
	dir  string         // the real directory that this is or lies in, "" for the root
	name string         // of the real file, "" for a directory
	real *place         // that of the real directory; itself where the path has no links

	set   atomic.Pointer[Set]      // nil until it is looked for
	stand atomic.Pointer[standing] // of a set, where it has one
	near  atomic.Pointer[nearby]   // nil until it is looked for
}

// found returns the replicas of a place as far as they were looked for, with how
// they stand.
func (n *place) found() (*Set, *standing) {
	set := n.set.Load() // kept after how it stands
	if stand := n.stand.Load(); stand != nil {
		return stand.set, stand
	}
	return set, nil
}

// Places remembers what was found out about paths, in bounded memory. There are
// two generations: when the young one is full, it becomes the old one, and what
// is still asked for returns from there. Looking up takes no lock.
type places struct {
	limit int64 // bytes, of a generation
	seed  maphash.Seed
	salt  uint64 // of the hashes of sets
	young atomic.Pointer[generation]
	old   atomic.Pointer[generation]
	mu    sync.Mutex // held by whoever adds
	turns uint32     // generations begun, guarded by mu
}

// A generation is a hash table with linear probing, at most half full. Slots are
// filled and never emptied.
type generation struct {
	slots atomic.Pointer[[]slot]
	count atomic.Int64
	bytes atomic.Int64
	sets  map[uint64]*Set // those of its places, by their hash; guarded by the lock
}

// A slot has the hash of its place, so that other places need not be looked at. It
// is written before the place is.
type slot struct {
	hash  atomic.Uint64
	place atomic.Pointer[place]
}

const firstSlots = 256

func newPlaces(limit int64) *places {
	p := &places{limit: limit / 2, seed: maphash.MakeSeed()}
	p.salt = maphash.String(p.seed, "sets")
	p.old.Store(newGeneration())
	p.young.Store(newGeneration())
	return p
}

func newGeneration() *generation {
	g := &generation{sets: map[uint64]*Set{}}
	slots := make([]slot, firstSlots)
	g.slots.Store(&slots)
	g.bytes.Store(slotBytes * firstSlots)
	return g
}

func (p *places) hash(site int, path string) uint64 {
	return maphash.String(p.seed, path) ^ uint64(site+1)*golden
}

// get returns the place of a path, or nil if nothing is known about it.
func (p *places) get(site int, path string) *place {
	hash := p.hash(site, path)
	if found := p.young.Load().get(hash, site, path); found != nil {
		return found
	}
	found := p.old.Load().get(hash, site, path)
	if found != nil {
		p.mu.Lock()
		p.add(found)
		p.mu.Unlock()
	}
	return found
}

func (g *generation) get(hash uint64, site int, path string) *place {
	slots := *g.slots.Load()
	mask := uint64(len(slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		found := slots[i].place.Load()
		if found == nil || slots[i].hash.Load() == hash && found.site == site && found.path == path {
			return found
		}
	}
}

// put adds a place, and returns it or the one that another has put first.
func (p *places) put(n *place) *place {
	n.hash = p.hash(n.site, n.path)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.add(n)
}

// add puts a place into the young generation, and begins another one first where
// that is full. The lock is held.
func (p *places) add(n *place) *place {
	g := p.young.Load()
	if there := g.get(n.hash, n.site, n.path); there != nil {
		return there
	}
	if g.bytes.Load() > p.limit {
		p.turns++
		p.old.Store(g)
		g = newGeneration()
		p.young.Store(g)
	}
	slots := *g.slots.Load()
	if 2*g.count.Load() >= int64(len(slots)) {
		grown := make([]slot, 2*len(slots))
		for i := range slots {
			if n := slots[i].place.Load(); n != nil {
				insert(grown, n)
			}
		}
		g.slots.Store(&grown)
		g.bytes.Add(slotBytes * int64(len(slots)))
		slots = grown
	}
	insert(slots, n)
	g.count.Add(1)
	g.bytes.Add(n.bytes())
	p.charge(g, n)
	return n
}

func insert(slots []slot, n *place) {
	mask := uint64(len(slots) - 1)
	i := n.hash & mask
	for slots[i].place.Load() != nil {
		i = (i + 1) & mask
	}
	slots[i].hash.Store(n.hash)
	slots[i].place.Store(n)
}

// intern returns the set that is kept and says the same as another, or a copy of
// that, which is kept as soon as a place has it.
func (p *places) intern(s *Set) *Set {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range []*generation{p.young.Load(), p.old.Load()} {
		if kept := g.sets[s.hash]; kept != nil && kept.equal(s) {
			return kept
		}
	}
	return s.clone()
}

// found keeps the replicas of a place.
func (p *places) found(n *place, set *Set, stand *standing) {
	if stand != nil {
		n.stand.Store(stand)
	}
	n.set.Store(set)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.charge(p.young.Load(), n)
}

// close keeps what is nearly equal to a place.
func (p *places) close(n *place, near *nearby) {
	n.near.Store(near)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.young.Load().bytes.Add(near.bytes())
}

// charge adds what a place's replicas take to a generation, once for all places
// in it that share them. The lock is held.
func (p *places) charge(g *generation, n *place) {
	if set := n.set.Load(); set != nil && set.turn.Swap(p.turns+1) != p.turns+1 {
		g.sets[set.hash] = set
		g.bytes.Add(set.bytes())
	}
	if stand := n.stand.Load(); stand != nil && stand.turn.Swap(p.turns+1) != p.turns+1 {
		g.bytes.Add(stand.bytes())
	}
	if near := n.near.Load(); near != nil {
		g.bytes.Add(near.bytes())
	}
}

// What a slot and a place take in memory, in bytes, without what they point to.
const (
	slotBytes  = 16
	placeBytes = 160
)

func (n *place) bytes() int64 { return placeBytes + int64(len(n.path)+len(n.dir)+len(n.name)) }

// usage returns how many places are known, and about how many bytes that takes.
func (p *places) usage() (count, bytes int64) {
	for _, g := range []*generation{p.young.Load(), p.old.Load()} {
		count += g.count.Load()
		bytes += g.bytes.Load()
	}
	return count, bytes
}
