package segment

import (
	"hash/maphash"

	"mirrortracker/internal/digest"
)

// An identitySet numbers identities in the order in which they are added. The
// zero identitySet is empty.
type identitySet struct {
	ids   array[digest.ID]
	slots array[uint32] // open addressing with linear probing: the number plus one, or 0
	seed  maphash.Seed
}

func (s *identitySet) len() int { return len(s.ids.all) }

// slot returns the slot in which an identity is, or should be.
func (s *identitySet) slot(id *digest.ID) int {
	mask := len(s.slots.all) - 1
	i := int(maphash.Bytes(s.seed, id[:])) & mask
	for {
		n := s.slots.all[i]
		if n == 0 || s.ids.all[n-1] == *id {
			return i
		}
		i = (i + 1) & mask
	}
}

// find returns the number of an identity.
func (s *identitySet) find(id *digest.ID) (n uint32, ok bool) {
	if len(s.slots.all) == 0 {
		return 0, false
	}
	n = s.slots.all[s.slot(id)]
	return n - 1, n > 0
}

// add appends an identity that is not there yet.
func (s *identitySet) add(id digest.ID) error {
	if 4*(s.len()+1) > 3*len(s.slots.all) {
		if err := s.grow(); err != nil {
			return err
		}
	}
	if err := s.ids.add(id); err != nil {
		return err
	}
	s.slots.all[s.slot(&id)] = uint32(s.len())
	return nil
}

func (s *identitySet) grow() error {
	size := max(1<<10, 2*len(s.slots.all))
	if s.slots.all == nil {
		s.seed = maphash.MakeSeed()
	}
	slots, err := made[uint32](size)
	if err != nil {
		return err
	}
	s.slots.free()
	s.slots = slots
	for i := range s.ids.all {
		// All are different, so that the first free slot is right; they are
		// entered in their order, which truncate relies on.
		s.slots.all[s.slot(&s.ids.all[i])] = uint32(i + 1)
	}
	return nil
}

// truncate takes back all identities but the first n. Since the last one that
// was entered comes first, no other was placed behind it.
func (s *identitySet) truncate(n int) {
	for i := s.len() - 1; i >= n; i-- {
		s.slots.all[s.slot(&s.ids.all[i])] = 0
	}
	s.ids.all = s.ids.all[:n]
}

func (s *identitySet) free() {
	s.ids.free()
	s.slots.free()
}
