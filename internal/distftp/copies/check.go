package copies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// FsckJob is the kind of jobs by which an operator's command has a slave compared with the
// database. Node is a number that tells the commands apart, Slave is the slave, and
// Detail an [Order]. The answer, a [Report] in JSON, is the job's note, where the command
// finds it; a day later the job goes.
const FsckJob = "fsck"

// An Order says how to compare.
type Order struct {
	Repair bool `json:"repair"` // bring both in line first, as when a slave joins
}

// A Report is what came out.
type Report struct {
	Away        bool         `json:"away,omitempty"` // no master that could be asked has a link to it
	Repaired    *Repaired    `json:"repaired,omitempty"`
	Differences []Difference `json:"differences,omitempty"`
	More        int          `json:"more,omitempty"` // differences that are not told
}

// Repaired says how many files of a slave were not as they should be, see
// [catalogue.Reconciled].
type Repaired struct {
	Adopted  int `json:"adopted"`
	Copies   int `json:"copies"`
	Collided int `json:"collided"`
	Removed  int `json:"removed"`
	Missing  int `json:"missing"`
}

// A Difference is a file that a slave has and should not, or the other way round.
type Difference struct {
	Path    wire.Path `json:"path"`
	Problem string    `json:"problem"`
}

const (
	maxTold   = 15_000          // bytes of paths in a report
	fsckTries = 3               // of masters, to find one that has a link
	fsckPause = 2 * time.Second // what is still different after that is a difference
	kept      = 24 * time.Hour  // a report
)

// check compares a slave with the database.
func (r *Runner) check(ctx context.Context, job catalogue.Job) error {
	var order Order
	if err := json.Unmarshal(job.Detail, &order); err != nil {
		return err
	}
	slave, _, online := r.Fleet.Link(job.Slave)
	switch {
	case Answered(job) != nil: // a day ago: nobody wants to know any more
		return nil
	case online:
		report, err := r.report(ctx, slave, job.Slave, order)
		if err != nil {
			return err
		}
		return answer(report)
	case job.Tries < fsckTries:
		return &laterError{fsckPause, ""} // another master may have a link
	}
	return answer(Report{Away: true})
}

// answer leaves a report with the job.
func answer(report Report) error {
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	return &laterError{kept, string(text)}
}

// Answered returns the report that a job holds, nil if there is none yet.
func Answered(job catalogue.Job) *Report {
	var report Report
	if json.Unmarshal([]byte(job.Note), &report) != nil {
		return nil
	}
	return &report
}

// report makes a report.
func (r *Runner) report(ctx context.Context, slave wire.Slave, id catalogue.SlaveID, order Order) (report Report, err error) {
	if order.Repair {
		done, err := r.Fleet.Compare(ctx, id)
		if err != nil {
			return report, err
		}
		report.Repaired = &Repaired{done.Adopted, done.Copies, done.Collided, done.Removed, done.Missing}
	}
	first, err := r.differences(ctx, slave, id)
	if err != nil || len(first) == 0 {
		return report, err
	}
	// What changes while it is looked at looks like a difference.
	if err := sleep(ctx, fsckPause); err != nil {
		return report, err
	}
	second, err := r.differences(ctx, slave, id)
	if err != nil {
		return report, err
	}
	told := 0
	for _, p := range slices.Sorted(maps.Keys(first)) {
		switch problem := second[p]; {
		case problem == "":
		case told+len(p) > maxTold:
			report.More++
		default:
			told += len(p)
			report.Differences = append(report.Differences, Difference{p, problem})
		}
	}
	return report, nil
}

// differences goes down from the root where digests differ.
func (r *Runner) differences(ctx context.Context, slave wire.Slave, id catalogue.SlaveID) (map[wire.Path]string, error) {
	side, err := r.Catalogue.Side(ctx, id)
	if err != nil {
		return nil, err
	}
	state, err := slave.State(ctx)
	if err != nil || state.Digest == side.Root() {
		return nil, err
	}
	all := map[wire.Path]string{}
	for todo := []mirror.Path{mirror.Root}; len(todo) > 0; {
		dir := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		below, err := r.compareDir(ctx, slave, id, dir, side.Below(dir), all)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", dir, err)
		}
		todo = append(todo, below...)
	}
	return all, nil
}

// compareDir adds how the files of one directory differ, and returns the directories below
// that do.
func (r *Runner) compareDir(ctx context.Context, slave wire.Slave, id catalogue.SlaveID, dir mirror.Path, digests map[string]wire.SyncDigest, all map[wire.Path]string) (below []mirror.Path, err error) {
	expected, err := r.Catalogue.Expected(ctx, id, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	missing := make(map[wire.Path]wire.Entry, len(expected))
	for _, e := range expected {
		missing[e.Name] = e
	}
	for e, err := range slave.Directory(ctx, wire.Path(dir), false) {
		if err != nil {
			return nil, err
		}
		if e.Kind == wire.Directory {
			if digests[string(e.Name)] != e.Sub {
				below = append(below, dir.Join(string(e.Name)))
			}
			delete(digests, string(e.Name))
			continue
		}
		want, known := missing[e.Name]
		delete(missing, e.Name)
		if problem := unlike(e, want, known); problem != "" {
			all[wire.Path(dir.Join(string(e.Name)))] = problem
		}
	}
	for name := range missing {
		all[wire.Path(dir.Join(string(name)))] = "missing"
	}
	for name := range digests {
		below = append(below, dir.Join(name))
	}
	return below, nil
}

// unlike says what is wrong with a file that a slave has; "" if nothing is.
func unlike(has, want wire.Entry, known bool) string {
	switch {
	case has.Version == 0:
		return "not taken up: it came there by other means"
	case !known:
		return "should not be there"
	case has.Version != want.Version:
		return fmt.Sprintf("is version %d, should be %d", has.Version, want.Version)
	case has.Size != want.Size:
		return fmt.Sprintf("has %d bytes, should have %d", has.Size, want.Size)
	}
	return ""
}
