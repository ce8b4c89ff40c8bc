package copies

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// DamagedJob is the kind of jobs for copies that are not what was received. Node and Slave
// say which, Detail is a [damage].
const DamagedJob = "damaged"

// A damage is what was found.
type damage struct {
	Version uint64     `json:"version"`
	Fault   wire.Fault `json:"fault"`
	Text    string     `json:"text"`
}

// Damaged takes note of what a slave found damaged on its disks.
func (r *Runner) Damaged(ctx context.Context, slave catalogue.SlaveID, found []wire.Damage) error {
	var failed []error
	for _, d := range found {
		f, err := r.Catalogue.File(ctx, mirror.Path(d.Ref.Path))
		switch {
		case gone(err), err == nil && f.Ref.Version != d.Ref.Version:
		case err != nil:
			failed = append(failed, err)
		default:
			failed = append(failed, r.damaged(ctx, slave, &f, damage{d.Ref.Version, d.Fault, d.Text}))
		}
	}
	return errors.Join(failed...)
}

func (r *Runner) damaged(ctx context.Context, slave catalogue.SlaveID, f *catalogue.File, d damage) error {
	r.Log.Warn("damaged copy", "path", f.Ref.Path, "slave", r.view.Load().names[slave], "fault", d.Fault, "why", d.Text)
	detail, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := r.Catalogue.AddJobs(ctx, []catalogue.Job{{Kind: DamagedJob, Node: f.Node, Slave: slave, Detail: detail}}); err != nil {
		return err
	}
	r.Wake()
	return nil
}

// suspect takes note of a slave that could not give what it should have.
func (r *Runner) suspect(ctx context.Context, slave catalogue.SlaveID, f *catalogue.File, why *sourceError) {
	failure, ok := errors.AsType[*wire.Failure](why.err)
	if !ok {
		return
	}
	fault, is := map[wire.Reason]wire.Fault{wire.Differs: wire.Rotten, wire.Absent: wire.Missing, wire.ReadError: wire.Unreadable}[failure.Reason]
	if !is {
		return
	}
	if err := r.damaged(ctx, slave, f, damage{f.Ref.Version, fault, failure.Text}); err != nil {
		r.trouble(ctx, "a damaged copy", err)
	}
}

// repair replaces a damaged copy by what another slave has. What is damaged stays until
// that has come and is verified; and where nobody else has the file it stays, too.
func (r *Runner) repair(ctx context.Context, job catalogue.Job) error {
	var d damage
	if err := json.Unmarshal(job.Detail, &d); err != nil {
		return err
	}
	f, err := r.Catalogue.Node(ctx, job.Node)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	holds := func(h catalogue.Holder) bool { return h.Slave == job.Slave }
	if f.Ref.Version != d.Version || !slices.ContainsFunc(f.Holders, holds) {
		return nil
	}
	v := r.view.Load()
	name := v.names[job.Slave]
	still, err := r.confirm(ctx, v, &f, name)
	if err != nil || !still {
		return err
	}
	var others []string
	for _, other := range v.holders(&f) {
		if other != name && v.slaves[other].Online {
			others = append(others, other)
		}
	}
	switch {
	case len(others) > 0:
		if err := r.copy(ctx, v, &f, others, []string{name}); err != nil {
			return err
		}
		r.Counts.Repaired.Add(1)
		r.Log.Info("damaged copy repaired", "path", f.Ref.Path, "slave", name)
		return nil
	case len(f.Holders) > 1:
		return &laterError{time.Minute, "damaged on " + name + ", and others that have it are away"}
	case d.Fault == wire.Missing:
		r.Log.Error("the only copy of a file is gone", "path", f.Ref.Path, "slave", name)
		return r.Catalogue.LoseCopy(ctx, job.Slave, f.Node, f.Ref.Version)
	}
	r.Log.Error("the only copy of a file is damaged", "path", f.Ref.Path, "slave", name, "why", d.Text)
	return &laterError{24 * time.Hour, "the only copy, on " + name + ", is damaged: " + d.Text}
}

// confirm has a slave look again: a disk may have been missing for a moment, or a
// checksum be wrong on the way.
func (r *Runner) confirm(ctx context.Context, v *view, f *catalogue.File, name string) (still bool, err error) {
	p, err := r.party(v, f, name)
	if err != nil {
		return false, err
	}
	algorithm, want := "CRC32", crc(f.Sums.CRC32)
	if f.Sums.SHA256 != nil {
		algorithm, want = "SHA-256", f.Sums.SHA256
	}
	got, err := p.slave.Checksum(ctx, wire.Checksum{Ref: f.Ref, After: p.after, Algorithm: algorithm})
	failure, _ := errors.AsType[*wire.Failure](err)
	switch {
	case failure != nil && (failure.Reason == wire.Absent || failure.Reason == wire.ReadError):
		return true, nil
	case err != nil:
		return false, err
	}
	return f.Summed && !slices.Equal(got, want), nil
}

// crc returns a CRC32 as a slave answers it.
func crc(sum uint32) []byte { return binary.BigEndian.AppendUint32(nil, sum) }
