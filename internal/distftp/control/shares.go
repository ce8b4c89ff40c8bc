package control

import (
	"cmp"
	"errors"
	"net/netip"
)

// Shares count what each address has, and know the greatest count.
type shares struct {
	counts map[netip.Prefix]int
	sizes  []int // how many addresses have so many; the last one is not zero
}

func newShares() shares { return shares{counts: map[netip.Prefix]int{}} }

func (s *shares) of(addr netip.Prefix) int { return s.counts[addr] }

// most is the greatest count of one address.
func (s *shares) most() int { return max(len(s.sizes)-1, 0) }

func (s *shares) add(addr netip.Prefix) { s.set(addr, s.counts[addr]+1) }

func (s *shares) drop(addr netip.Prefix) { s.set(addr, s.counts[addr]-1) }

func (s *shares) set(addr netip.Prefix, n int) {
	if before := s.counts[addr]; before > 0 {
		s.sizes[before]--
	}
	if n == 0 {
		delete(s.counts, addr)
	} else {
		s.counts[addr] = n
		for len(s.sizes) <= n {
			s.sizes = append(s.sizes, 0)
		}
		s.sizes[n]++
	}
	for len(s.sizes) > 0 && s.sizes[len(s.sizes)-1] == 0 {
		s.sizes = s.sizes[:len(s.sizes)-1]
	}
}

// errDisplaced ends a session in favour of a client that has a better right to be served.
var errDisplaced = errors.New("too many sessions, others come first")

// makeRoom ends a session in favour of one more from an address, and reports whether
// there was one to end. Transfers go on in any case.
//
// Addresses get equal shares, so that those who come from few cannot keep the others out:
// the address that has the most gives one up, if it would still not have fewer than the
// newcomer. It loses one that has not logged in, or else what has been idle the longest.
//
// Where that would not be fair, because many addresses have few each, it is the oldest of
// those who have not said anything yet, or else not logged in. Who means to log in does so
// at once, and who only holds a place does not hold it for long.
func (r *roster) makeRoom(newcomer netip.Prefix) bool {
	fair := r.addresses.of(newcomer) + 1
	var out *place
	if r.addresses.most() > fair {
		for _, p := range r.places {
			if p.doing == nil && r.addresses.of(p.from) > fair && (out == nil || p.goesBefore(out)) {
				out = p
			}
		}
	} else if oldest := cmp.Or(r.silent.Front(), r.strangers.Front()); oldest != nil {
		if p := oldest.Value.(*place); r.addresses.of(p.from) >= fair {
			out = p
		}
	}
	if out == nil {
		return false
	}
	out.vacate()
	out.end(errDisplaced)
	return true
}

// goesBefore reports whether p is to be ended rather than q.
func (p *place) goesBefore(q *place) bool {
	if n, m := p.roster.addresses.of(p.from), p.roster.addresses.of(q.from); n != m {
		return n > m
	}
	if p.user == "" != (q.user == "") {
		return p.user == ""
	}
	return p.active.Before(q.active)
}

// freePort closes a listener of the address that has most of them waiting, if that would
// still not have fewer than this one. So those who ask for ports and do not use them
// cannot keep the others from getting one.
func (p *place) freePort() bool {
	p.roster.mu.Lock()
	defer p.roster.mu.Unlock()
	waiting := map[netip.Prefix]int{}
	for _, q := range p.roster.places {
		if q.listener != nil {
			waiting[q.from]++
		}
	}
	var out *place
	most := waiting[p.from] + 1
	for _, q := range p.roster.places {
		n := waiting[q.from]
		if q.listener != nil && (n > most || n == most && out != nil && q.listening.Before(out.listening)) {
			out, most = q, n
		}
	}
	if out == nil {
		return false
	}
	out.listener.Close()
	out.listener = nil
	return true
}
