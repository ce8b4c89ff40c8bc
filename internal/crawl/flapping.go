package crawl

import (
	"context"
	"fmt"
	"slices"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// When a site flaps.
const (
	flapReturns = 2    // how often a directory must have come back to an older state
	calmVisits  = 10   // without any, after which a site is calm again
	flapNames   = 1000 // how many of a root's directories are looked at, the first by name
)

// emptyTree is the identity of an empty directory.
var emptyTree = digest.NewDigester().Tree(nil, digest.Complete).ID

// flapping returns why a site is thought to be several machines that differ behind one
// name, or "". Visits are what its root held, oldest first.
//
// Each directory at the site's top is looked at by itself, because on a busy site
// something changes between any two visits: a directory returns where a visit finds
// it as an earlier visit did, with other states in between. One return may be a
// mistake undone. A directory flaps if it has returned twice (A B A B; or A B A C A:
// one machine has stopped while another goes on), the last time not long ago. As ten
// visits go by without it is calm again. To be empty or away is no state to return to:
// directories for uploads are, again and again. Files in the root itself are not
// looked at; locks and indexes come and go there.
//
// That takes several visits, and cannot see machines that take turns within one crawl:
// directories from several of them then make trees that no machine has, and that match
// nobody's.
func flapping(visits [][]digest.Child) string {
	pasts := map[string]*past{}
	for visit, dirs := range visits {
		for _, c := range dirs {
			if pasts[c.Name] == nil {
				pasts[c.Name] = &past{}
			}
			pasts[c.Name].see(c.ID, visit)
		}
	}
	worst := ""
	for name, p := range pasts {
		if p.returns < flapReturns || len(visits)-p.last > calmVisits {
			continue
		}
		if worst == "" || p.returns > pasts[worst].returns || p.returns == pasts[worst].returns && name < worst {
			worst = name
		}
	}
	if worst == "" {
		return ""
	}
	return fmt.Sprintf("%s was found as it had been before it changed, %d times in %d visits: several machines that differ seem to have this name",
		mirror.EscapePath(mirror.Root.Join(worst).Dir()), pasts[worst].returns, len(visits))
}

// A past is what was seen of one directory.
type past struct {
	states  []digest.ID // without repetitions in a row
	returns int
	last    int // visit with a return
}

func (p *past) see(id digest.ID, visit int) {
	if n := len(p.states); n > 0 && p.states[n-1] == id {
		return
	}
	if id != emptyTree && slices.Contains(p.states, id) {
		p.returns++
		p.last = visit
	}
	p.states = append(p.states, id)
}

// markFlapping notes whether the site flaps, from its last snapshots. Those count that
// have as many incomplete directories as the newest: one that is refused now and then
// makes other trees as well.
func (j *Job) markFlapping(ctx context.Context, lease store.Lease) {
	why, err := j.flapping(ctx)
	if err == nil {
		err = j.Store.MarkFlapping(ctx, lease, why, j.Now())
	}
	if err != nil {
		j.Log.Warn("not known whether the site flaps", "site", j.Site.Name, "err", err)
	}
}

func (j *Job) flapping(ctx context.Context) (string, error) {
	history, err := j.Store.History(ctx, j.Site.ID(), remembered)
	if err != nil {
		return "", err
	}
	var ids []digest.ID
	for _, s := range slices.Backward(history) {
		if s.Incomplete == history[0].Incomplete {
			ids = append(ids, s.Root)
		}
	}
	roots := map[digest.ID][]digest.Child{}
	err = j.Store.Trees(ctx, ids, store.Branches, func(t *digest.Tree) error {
		for c := range t.Children() {
			if len(roots[t.ID]) == flapNames {
				break
			}
			roots[t.ID] = append(roots[t.ID], c)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	visits := make([][]digest.Child, len(ids))
	for i, id := range ids {
		visits[i] = roots[id]
	}
	return flapping(visits), nil
}
