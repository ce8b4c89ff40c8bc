package resolver

// Known finds candidates by their places. It is a hash table with linear probing,
// at most half full, of positions, from 1 on.
type known struct {
	slots []int32
	count int
}

const firstKnown = 256

func (k *known) hash(site int32, lead uint32, cut int16) uint64 {
	return mix(uint64(uint32(site))<<32|uint64(lead), uint64(cut))
}

// reset makes it know some candidates only.
func (k *known) reset(all []candidate) {
	size := firstKnown
	for size < 4*len(all) {
		size *= 2
	}
	if len(k.slots) != size {
		k.slots = make([]int32, size)
	} else {
		clear(k.slots)
	}
	for k.count = 0; k.count < len(all); {
		k.put(&all[k.count])
	}
}

// put enters the next candidate.
func (k *known) put(c *candidate) {
	k.count++
	mask := uint64(len(k.slots) - 1)
	i := k.hash(c.Site, c.lead, c.cut) & mask
	for k.slots[i] != 0 {
		i = (i + 1) & mask
	}
	k.slots[i] = int32(k.count)
}

// add makes the last of all candidates known; the others are.
func (k *known) add(all []candidate) {
	if 2*len(all) > len(k.slots) {
		k.reset(all)
		return
	}
	k.put(&all[len(all)-1])
}

// find returns the position of the candidate at a place.
func (k *known) find(all []candidate, site int, lead uint32, cut int) (position int, ok bool) {
	mask := uint64(len(k.slots) - 1)
	for i := k.hash(int32(site), lead, int16(cut)) & mask; k.slots[i] != 0; i = (i + 1) & mask {
		if c := &all[k.slots[i]-1]; int(c.Site) == site && c.lead == lead && int(c.cut) == cut {
			return int(k.slots[i]) - 1, true
		}
	}
	return 0, false
}
