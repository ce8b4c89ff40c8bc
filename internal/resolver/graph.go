package resolver

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"sort"

	"mirrortracker/internal/digest"
)

// A graph is the trees below some roots, each once, with the ways back: from a
// digest to the trees that carry it, and from a tree to those that hold it.
// Trees are numbered by their place in nodes.
type graph struct {
	nodes []*node
	roots map[*node]int32 // the numbers of the roots

	// The places in which tree n is held are places[first[n]:first[n+1]].
	first  []int32
	places []place

	exact, blind []int32 // those that may be looked up, sorted by that digest

	bytes int64 // about what all of this takes in memory
}

// A place is the child of that position in the tree of that number.
type place struct{ parent, position int32 }

// newGraph connects all trees at and below the roots. The error is that of ctx.
func newGraph(ctx context.Context, roots []*node) (*graph, error) {
	g := &graph{roots: make(map[*node]int32, len(roots))}
	number := map[*node]int32{}
	visit := func(n *node) {
		if _, seen := number[n]; !seen {
			number[n] = int32(len(g.nodes))
			g.nodes = append(g.nodes, n)
		}
	}
	for _, r := range roots {
		visit(r)
		g.roots[r] = number[r]
	}
	edges := 0
	for i := 0; i < len(g.nodes); i++ { // g.nodes grows as children are visited
		for _, c := range g.nodes[i].children {
			visit(c.node)
		}
		edges += len(g.nodes[i].children)
		if i%betweenChecks == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	g.turn(number, edges)
	g.exact = g.sorted(exactOf)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g.blind = g.sorted(blindOf)
	for _, n := range g.nodes {
		g.bytes += n.bytes() + 4 /* first */ + 8 /* exact, blind */
	}
	g.bytes += 8 * int64(edges)
	return g, nil
}

// turn fills in the places: it counts those of each tree, and then fills each
// tree's run from its end.
func (g *graph) turn(number map[*node]int32, edges int) {
	g.first = make([]int32, len(g.nodes)+1)
	for _, n := range g.nodes {
		for _, c := range n.children {
			g.first[number[c.node]]++
		}
	}
	sum := int32(0)
	for i, n := range g.first {
		sum += n
		g.first[i] = sum
	}
	g.places = make([]place, edges)
	for parent, n := range slices.Backward(g.nodes) {
		for position, c := range slices.Backward(n.children) {
			child := number[c.node]
			g.first[child]--
			g.places[g.first[child]] = place{int32(parent), int32(position)}
		}
	}
}

// holders yields the trees that hold tree n, and the name that it has there.
func (g *graph) holders(n int32) iter.Seq2[int32, string] {
	return func(yield func(int32, string) bool) {
		for _, p := range g.places[g.first[n]:g.first[n+1]] {
			if !yield(p.parent, g.nodes[p.parent].children[p.position].name) {
				return
			}
		}
	}
}

// A digestOf picks one of the two digests.
type digestOf func(*node) *digest.Sum

func exactOf(n *node) *digest.Sum { return &n.Exact }
func blindOf(n *node) *digest.Sum { return &n.Blind }

// sorted returns the trees that may be looked up by a digest, in its order.
func (g *graph) sorted(of digestOf) []int32 {
	var found []int32
	for i, n := range g.nodes {
		if n.replaceable() && !of(n).Absent() {
			found = append(found, int32(i))
		}
	}
	slices.SortStableFunc(found, func(a, b int32) int {
		return bytes.Compare(of(g.nodes[a])[:], of(g.nodes[b])[:])
	})
	return found
}

// equal returns the numbers of the trees whose digest is want. They are in no
// order that means anything, but always in the same.
func (g *graph) equal(sorted []int32, of digestOf, want *digest.Sum) []int32 {
	compare := func(i int) int { return bytes.Compare(of(g.nodes[sorted[i]])[:], want[:]) }
	from := sort.Search(len(sorted), func(i int) bool { return compare(i) >= 0 })
	to := from + sort.Search(len(sorted)-from, func(i int) bool { return compare(from+i) > 0 })
	return sorted[from:to]
}

// hasRoots reports whether the graph is that of exactly these distinct roots.
func (g *graph) hasRoots(roots []*node) bool {
	if len(roots) != len(g.roots) {
		return false
	}
	for _, r := range roots {
		if _, ok := g.roots[r]; !ok {
			return false
		}
	}
	return true
}
