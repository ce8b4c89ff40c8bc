package ftplist

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/listing"
	"mirrortracker/internal/mirror"
)

// How many directories of an index are drawn for a reason, and beside them one for each
// month of which there are times of day: six or seven.
const (
	drawnRandom  = 8
	drawnLargest = 2
	drawnDeepest = 2
	drawnNewest  = 3
)

// A draw chooses directories out of a stream of them.
type draw struct {
	random *rand.Rand
	dates  listing.Dates

	any, largest, deepest, newest *chosen
	months                        map[month]*chosen
}

func newDraw(random *rand.Rand, dates listing.Dates) *draw {
	return &draw{
		random: random, dates: dates,
		any:     &chosen{most: drawnRandom},
		largest: &chosen{most: drawnLargest},
		deepest: &chosen{most: drawnDeepest},
		newest:  &chosen{most: drawnNewest},
		months:  map[month]*chosen{},
	}
}

// add shows a directory to the draw, and when it changed.
func (d *draw) add(b indexBlock, changed int64) {
	ticket := d.random.Uint64()
	d.any.offer(b.path, 0, ticket)
	d.largest.offer(b.path, int64(len(b.Entries)), ticket)
	d.deepest.offer(b.path, int64(len(b.path.Names())), ticket)
	months := map[month]bool{}
	for _, e := range b.Entries {
		if e.Kind == digest.File {
			changed = max(changed, d.minute(e.Stamp))
		}
		if e.Kind == digest.File && e.Stamp.HasTime && plainName(e.Name) {
			months[month{e.Stamp.Month, true}] = true
		}
	}
	d.newest.offer(b.path, changed, ticket)
	for m := range months {
		if d.months[m] == nil {
			d.months[m] = &chosen{most: 1}
		}
		d.months[m].offer(b.path, 0, ticket)
	}
}

// minute orders stamps by time; it is 0 for one that tells no day.
func (d *draw) minute(s listing.Stamp) int64 {
	return int64(d.dates.Date(s))*24*60 + int64(s.Hour)*60 + int64(s.Min)
}

// sample returns the directories drawn, in order.
func (d *draw) sample() []mirror.Path {
	paths := map[mirror.Path]bool{}
	all := slices.AppendSeq([]*chosen{d.any, d.largest, d.deepest, d.newest}, maps.Values(d.months))
	for _, c := range all {
		for _, l := range c.lots {
			paths[l.path] = true
		}
	}
	for _, l := range d.newest.lots {
		paths[l.path.Parent()] = true
	}
	delete(paths, mirror.Root)
	return slices.Sorted(maps.Keys(paths))
}

// chosen are the directories of the highest scores. Among equals the tickets decide,
// which are drawn.
type chosen struct {
	most int
	lots []lot // the best first
}

type lot struct {
	path   mirror.Path
	score  int64
	ticket uint64
}

// offer takes a directory if it is better than one of those chosen.
func (c *chosen) offer(path mirror.Path, score int64, ticket uint64) {
	better := func(have, new lot) int {
		return cmp.Or(-cmp.Compare(have.score, new.score), -cmp.Compare(have.ticket, new.ticket))
	}
	new := lot{path, score, ticket}
	at, _ := slices.BinarySearchFunc(c.lots, new, better)
	if at == c.most {
		return
	}
	c.lots = slices.Insert(c.lots, at, new)
	c.lots = c.lots[:min(len(c.lots), c.most)]
}
