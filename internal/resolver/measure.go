package resolver

import (
	"context"
	"fmt"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/resolver/segment"
)

// About what a tree takes in a segment, and what each of its subdirectories and
// files adds, in bytes.
const (
	treeBytes  = 100
	childBytes = 40
	fileBytes  = 16
)

// measure refuses a root below which there is more than one site may have, though
// it may have come little by little. Only where its totals do not rule that out,
// the trees are looked at one by one.
func measure(ctx context.Context, trees *segment.Stack, root segment.Number, limit int64) error {
	if t := trees.Tree(root).Totals(); t.Dirs < limit && t.Files < limit && usualBytes(t) <= limit {
		return nil
	}
	left := limit
	seen := make([]uint64, trees.Len()/64+1)
	pending := []segment.Number{root}
	for steps := 0; len(pending) > 0; steps++ {
		n := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if seen[n/64]&(1<<(n%64)) != 0 {
			continue
		}
		seen[n/64] |= 1 << (n % 64)
		t := trees.Tree(n)
		left -= treeBytes + int64(t.Children())*childBytes + int64(t.Files())*fileBytes
		if left < 0 {
			return tooLarge(limit)
		}
		for i := range t.Children() {
			pending = append(pending, t.ChildAt(i))
		}
		if steps%betweenChecks == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// usualBytes returns what trees of these totals take if none is there twice.
func usualBytes(t digest.Totals) int64 {
	return treeBytes + t.Dirs*(treeBytes+childBytes) + t.Files*fileBytes
}

func tooLarge(limit int64) error {
	return boundError(fmt.Sprintf("trees of more than %d bytes", limit))
}
