package nearest

// A Field is candidates, ready to be ranked for any number of clients. It must not be
// changed while that is done. The zero Field has none.
type Field struct {
	all   []Candidate
	first []int32 // by site: the position of its first candidate plus one, or 0
	next  []int32 // by candidate: that of the next one of the same site plus one, or 0
}

// Reset makes the field that of some candidates, which it keeps, in the room that it has.
func (f *Field) Reset(all []Candidate) {
	sites := int32(0)
	for i := range all {
		sites = max(sites, all[i].Site+1)
	}
	f.all, f.first, f.next = all, sized(f.first, int(sites)), sized(f.next, len(all))
	clear(f.first)
	for i := len(all) - 1; i >= 0; i-- {
		first := &f.first[all[i].Site]
		f.next[i], *first = *first, int32(i+1)
	}
}

// All returns the candidates.
func (f *Field) All() []Candidate { return f.all }

// firstOf returns the position of a site's first candidate plus one, or 0.
func (f *Field) firstOf(site int32) int32 {
	if int(site) >= len(f.first) {
		return 0
	}
	return f.first[site]
}

// sized returns a slice of n elements, in the room of another where that has as much.
func sized(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}
