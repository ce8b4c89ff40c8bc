package redirect

import (
	"cmp"
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
	all []nearest.Candidate
	of  []int32 // for each candidate, its member
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
		taken := slots[0].Swap(&kept{set, d.promising()})
		if taken != nil {
			slots[1].Store(taken)
		}
	}
}

// promising returns a copy of the menu with what comes before all else in front, so that
// ranking can soon pass over the rest. It makes no difference to who is drawn.
func (d *decision) promising() menu {
	order := make([]int, len(d.all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &d.all[i], &d.all[j]
		return cmp.Or(cmp.Compare(a.Lacks, b.Lacks), cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Add, b.Add))
	})
	m := menu{make([]nearest.Candidate, len(order)), make([]int32, len(order))}
	for to, from := range order {
		m.all[to], m.of[to] = d.all[from], d.of[from]
	}
	return m
}
