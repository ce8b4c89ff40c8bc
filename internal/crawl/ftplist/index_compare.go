package ftplist

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// check says whether the index may be believed: nil if so, else an unfitError or what
// ended the connection.
func (x *index) check(ctx context.Context, root crawl.Listing) error {
	sample, err := x.survey(ctx, root, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
	if err != nil {
		return err
	}
	blocks, err := x.find(ctx, sample)
	if err != nil {
		return err
	}
	zone := zoneProof{index: x, compared: map[month]bool{}}
	for _, b := range blocks {
		told, doubt := x.entries(b)
		if doubt != "" {
			continue // drawn for being above another
		}
		if err := x.agrees(ctx, b.path, told); err != nil {
			return err
		}
		if err := zone.add(ctx, b); err != nil {
			return err
		}
	}
	return zone.enough()
}

// find reads the blocks of the sample.
func (x *index) find(ctx context.Context, sample []mirror.Path) ([]indexBlock, error) {
	var found []indexBlock
	for b, err := range x.blocks() {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, unfit("%s: %v", x.name, err)
		}
		if slices.Contains(sample, b.path) {
			if found = append(found, b); len(found) == len(sample) {
				break
			}
		}
	}
	return found, nil
}

// agrees compares a directory, a second time if need be: it may change at that
// moment.
func (x *index) agrees(ctx context.Context, dir mirror.Path, told []digest.Entry) error {
	const looks = 2
	for look := 1; ; look++ {
		live, err := x.lister.List(ctx, dir)
		if err != nil {
			return err
		}
		why := live.Detail
		if live.Reason == digest.Complete {
			why = disagreement(told, live.Entries)
		}
		if why == "" {
			live.Listed = x.lister.cfg.Now()
			x.fresh[dir] = live
			return nil
		}
		if look == looks {
			return unfit("%s does not agree with the server about %s: %s", x.name, dir.Dir(), why)
		}
	}
}

// disagreement says where the entries of an index and a live listing differ. Links
// that the index alone shows do not matter: servers leave out some.
func disagreement(told, live []digest.Entry) string {
	live, _ = digest.Clean(slices.Clone(live))
	for len(told)+len(live) > 0 {
		order := -1
		switch {
		case len(told) == 0:
			order = 1
		case len(live) > 0:
			order = strings.Compare(told[0].Name, live[0].Name)
		}
		switch {
		case order > 0:
			return "only the server has the " + described(live[0])
		case order == 0 && described(told[0]) != described(live[0]):
			return fmt.Sprintf("the %s is a %s there", described(told[0]), described(live[0]))
		case order < 0 && (told[0].Kind == digest.File || told[0].Kind == digest.Dir):
			return "the server does not have the " + described(told[0])
		}
		if order <= 0 {
			told = told[1:]
		}
		if order >= 0 {
			live = live[1:]
		}
	}
	return ""
}

// described writes what must agree of an entry.
func described(e digest.Entry) string {
	if e.Kind == digest.File {
		return fmt.Sprintf("file %q of %d bytes of %s", e.Name, e.Size, e.Date)
	}
	return fmt.Sprintf("%s %q", e.Kind, e.Name)
}
