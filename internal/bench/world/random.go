package world

// A random is a sequence of numbers that its beginning determines: SplitMix64 (Steele,
// Lea, Flood: Fast splittable pseudorandom number generators, 2014). To begin one costs
// nothing, so that each file can have its own.
type random uint64

// newRandom begins the sequence that belongs to some numbers.
func newRandom(numbers ...uint64) random {
	var r random
	for _, n := range numbers {
		r ^= random(n)
		r = random(r.next())
	}
	return r
}

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1.
func (r *random) below(n int) int { return int(r.next() >> 1 % uint64(n)) }

// one reports, once in n times, true.
func (r *random) one(n int) bool { return r.below(n) == 0 }

func pick[T any](r *random, from []T) T { return from[r.below(len(from))] }
