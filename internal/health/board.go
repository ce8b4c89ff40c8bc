package health

import (
	"sync/atomic"

	"mirrortracker/internal/mirror"
)

// A Board shows the present state of every URL. It is read without locks. A nil
// Board, as there is one where nothing is checked, shows that nothing is known.
type Board struct{ table atomic.Pointer[Table] }

// A Table is what a [Board] showed at one moment. It is immutable. A nil Table
// is of generation 0 and shows that nothing is known.
type Table struct {
	generation uint64
	pairs      map[mirror.URL]Pair
	reasons    map[key]string // of what is down
}

// Table returns what is in force now. As long as it returns the same pointer
// nothing has changed, so that what is computed from a table can be kept with it.
func (b *Board) Table() *Table {
	if b == nil {
		return nil
	}
	return b.table.Load()
}

// State returns the state of one URL of a site, by family. It does not allocate.
func (b *Board) State(u mirror.URL) Pair { return b.Table().State(u) }

// show puts a table in force that differs from the last one.
func (b *Board) show(pairs map[mirror.URL]Pair, reasons map[key]string) {
	b.table.Store(&Table{generation: b.Table().Generation() + 1, pairs: pairs, reasons: reasons})
}

// Generation counts the tables: it is greater in each that follows.
func (t *Table) Generation() uint64 {
	if t == nil {
		return 0
	}
	return t.generation
}

// State returns the state of one URL of a site, by family. A URL that is not
// checked, such as one of rsync, is Unknown. It does not allocate.
func (t *Table) State(u mirror.URL) Pair {
	if t == nil {
		return Pair{}
	}
	return t.pairs[u]
}

// Reason returns what took a URL down over a family, for people, in one line; "" where it
// is not down. It may have words of the server's.
func (t *Table) Reason(u mirror.URL, f Family) string {
	if t == nil {
		return ""
	}
	return t.reasons[key{u, f}]
}

// Rows returns the states of all URLs of sites in one slice for each family, and
// where those of a site begin in it: the crawl URL first, then Serving in order.
// It is what a loop over many candidates wants to look into:
//
//	offset, states := table.Rows(sites)
//	state := states[family][offset[site]+url]
func (t *Table) Rows(sites []mirror.Site) (offset []int32, rows [len(Families)][]State) {
	offset = make([]int32, len(sites))
	for i := range sites {
		offset[i] = int32(len(rows[IPv4]))
		for u := range bases(&sites[i]) {
			pair := t.State(*u)
			for _, f := range Families {
				rows[f] = append(rows[f], pair[f])
			}
		}
	}
	return offset, rows
}

// bases yields the URLs of a site, the crawl URL first.
func bases(s *mirror.Site) func(yield func(*mirror.URL) bool) {
	return func(yield func(*mirror.URL) bool) {
		if !yield(&s.URL) {
			return
		}
		for i := range s.Serving {
			if !yield(&s.Serving[i]) {
				return
			}
		}
	}
}
