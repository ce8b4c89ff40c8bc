package matrix

import (
	"cmp"
	"slices"
	"testing"
)

// every takes all cells.
func every(cell) bool { return true }

// sample chooses cells such that each client does every operation, every way and every
// protection that it has at least once, and among these such that operations, ways and
// protections meet in as many pairs as possible. It knows no others than those taken.
func sample(clients []*client, take func(cell) bool) (chosen []cell) {
	covered := map[[2]string]bool{}
	for _, c := range clients {
		cells := slices.DeleteFunc(c.cells(), func(c cell) bool { return !take(c) })
		for {
			best, most := cell{}, [2]int{}
			for _, candidate := range cells {
				own, shared := candidate.pairs()
				gain := [2]int{missing(covered, own), missing(covered, shared)}
				if cmp.Or(cmp.Compare(gain[0], most[0]), cmp.Compare(gain[1], most[1])) > 0 {
					best, most = candidate, gain
				}
			}
			if most[0] == 0 {
				break
			}
			own, shared := best.pairs()
			for _, pair := range append(own, shared...) {
				covered[pair] = true
			}
			chosen = append(chosen, best)
		}
	}
	return chosen
}

// pairs are what a cell shows of its client, and of any client.
func (c cell) pairs() (own, shared [][2]string) {
	name, w, p, o := c.client.name, c.way.String(), string(c.protection), c.operation.name
	return [][2]string{{name, w}, {name, p}, {name, o}}, [][2]string{{w, p}, {w, o}, {p, o}}
}

func missing(covered map[[2]string]bool, pairs [][2]string) (n int) {
	for _, pair := range pairs {
		if !covered[pair] {
			n++
		}
	}
	return n
}

// The sample leaves out nothing that a client has.
func TestSample(t *testing.T) {
	covered := map[[2]string]bool{}
	for _, c := range sample(clients, every) {
		own, _ := c.pairs()
		for _, pair := range own {
			covered[pair] = true
		}
	}
	for _, c := range allCells() {
		if own, _ := c.pairs(); missing(covered, own) > 0 {
			t.Errorf("%s: not all of %q is in the sample", c, own)
		}
	}
}
