package redirect

import (
	"hash/maphash"
	"math"
	"slices"
	"sync/atomic"

	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
)

// A menu is what can be offered of some members. It depends on them and on the kind of
// the client alone.
type menu struct {
	all   []nearest.Candidate
	of    []int32       // for each candidate, its member
	field nearest.Field // of the candidates
}

// clone returns a copy of a menu.
func (m *menu) clone() menu {
	c := menu{all: slices.Clone(m.all), of: slices.Clone(m.of)}
	c.field.Reset(c.all)
	return c
}

// Menus are the last that were made of whole sets, for clients of one kind: to look
// through a hundred members takes longer than to rank them. There are some thousands of
// sets in a world of ten million directories; each can be in either of two slots.
type menus [2 * 4096]atomic.Pointer[kept]

// A kept menu is that of a set.
type kept struct {
	set *resolver.Set
	menu
}

// admission is among how many that are made one is kept: most are not asked for again
// soon where there are far more sets than slots.
const admission = 8

var menuSeed = maphash.MakeSeed()

// choose makes candidates of the members of a set.
func (d *decision) choose(set *resolver.Set) {
	at := maphash.Comparable(menuSeed, set) % uint64(len(d.menus)) &^ 1
	slots := d.menus[at : at+2]
	for i := range slots {
		if known := slots[i].Load(); known != nil && known.set == set {
			d.menu = known.menu
			return
		}
	}
	d.offer(math.MaxInt)
	if d.made++; d.made%admission == 0 {
		taken := slots[0].Swap(&kept{set, d.clone()})
		if taken != nil {
			slots[1].Store(taken)
		}
	}
}
