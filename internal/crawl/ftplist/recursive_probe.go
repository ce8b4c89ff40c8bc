package ftplist

import (
	"context"
	"slices"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// A probe lists at most so many directories alone, and is passed when so many of them
// come out of a recursive listing in the same way.
const (
	maxSamples  = 4
	enoughAlike = 2
)

// maxProbe is how many directories a probe may bring so that another stream for the
// rest of the subtree, which brings them again, is no waste.
const maxProbe = 1000

// probe goes down from a directory, listing each alone, and then lists recursively the
// lowest of them that has another below it, which is a small subtree as a rule. It
// reports whether that proved recursive listings, and that the rest of the subtree may
// be listed in this way, too.
func (r *recursion) probe(ctx context.Context, dir mirror.Path) (ok bool, err error) {
	above, last := dir, dir
	for len(r.samples) < maxSamples {
		below, err := r.sample(ctx, last)
		if err != nil || !r.fitsRecursive() {
			return false, err
		}
		if r.samples[last] == nil || len(below) == 0 {
			break
		}
		above, last = last, below[0]
	}
	if last == dir || r.samples[last] == nil {
		return false, nil
	}
	if err := r.stream(ctx, above); err != nil {
		return false, err
	}
	if !r.recursionsKnown().proven {
		return false, unfit("%s does not show what is below a directory", listAll)
	}
	return r.brought <= maxProbe, nil
}

// sample lists a directory alone and returns those below it that are wanted.
func (r *recursion) sample(ctx context.Context, dir mirror.Path) (below []mirror.Path, err error) {
	found, err := r.List(ctx, dir)
	if err == nil {
		err = r.ready(ctx)
	}
	if err != nil {
		return nil, err
	}
	if found.Reason == digest.Complete {
		r.samples[dir], _ = digest.Clean(slices.Clone(found.Entries))
	}
	if err := r.tree.deliver(ctx, dir, found); err != nil {
		return nil, err
	}
	for _, e := range r.samples[dir] {
		if e.Kind == digest.Dir && r.tree.wants(dir.Join(e.Name)) {
			below = append(below, dir.Join(e.Name))
		}
	}
	return below, nil
}

// compare compares a block with what a listing of the directory alone showed.
func (r *recursion) compare(dir mirror.Path, found crawl.Listing, shows bool) error {
	alone, ok := r.samples[dir]
	if !ok {
		return nil
	}
	delete(r.samples, dir)
	same, _ := digest.Clean(slices.Clone(found.Entries))
	why := difference(same, alone)
	if !shows {
		why = "it is not shown as a whole"
	}
	if why != "" {
		return &mismatch{dir, why}
	}
	if r.agreed++; r.agreed >= enoughAlike {
		r.recursed(func(known *recursions) { known.proven = true })
	}
	return nil
}
