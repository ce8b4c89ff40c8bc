package copies

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// maxSteps bounds what is done for one file at a time. It comes to rest with fewer, unless
// slaves come and go.
const maxSteps = 2 * choice.MaxCopies

// settle brings the copies of one file in line with its rule.
func (r *Runner) settle(ctx context.Context, job catalogue.Job) error {
	for range maxSteps {
		f, err := r.Catalogue.Node(ctx, job.Node)
		if gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		v := r.view.Load()
		switch d := v.decide(&f); {
		case d.Settled():
			return nil
		case d.Lacks != "":
			// Nothing can be done until a slave comes, and then all files are looked at. How
			// many such there are a sweep knows, which may have counted this one already.
			r.Counts.Short.CompareAndSwap(0, 1)
			r.Log.Warn("too few copies", "path", f.Ref.Path, "why", d.Lacks)
			return nil
		case d.Drop != "":
			err = r.drop(ctx, v, &f, d)
		default:
			err = r.copy(ctx, v, &f, d.From, d.To)
		}
		if err != nil && !errors.Is(err, vfs.ErrChanged) { // then it is looked at as it is now
			return err
		}
	}
	return &laterError{time.Minute, "slaves come and go"}
}

// gone reports whether there is no such file any more.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, vfs.ErrNotRegular)
}

// drop takes a surplus copy away.
func (r *Runner) drop(ctx context.Context, v *view, f *catalogue.File, d Decision) error {
	dropped, err := r.Catalogue.DropCopy(ctx, v.ids[d.Drop], f.Node, f.Ref.Version, d.Keep)
	if dropped {
		r.Counts.Dropped.Add(1)
		r.Log.Info("surplus copy removed", "path", f.Ref.Path, "slave", d.Drop)
	}
	return err
}

// copy has one of some slaves take a copy from another. None that is being compared takes
// any: what it has of the kind already would be in the way of it.
func (r *Runner) copy(ctx context.Context, v *view, f *catalogue.File, from, to []string) error {
	to = slices.DeleteFunc(to, func(name string) bool { return !r.Fleet.Agreed(v.ids[name]) })
	if len(to) == 0 {
		return &laterError{beat, "the slaves that could take a copy are being compared"}
	}
	request := choice.Request{Path: mirror.Path(f.Ref.Path), Size: f.Ref.Size}
	request.Purpose, request.Candidates = choice.Take, candidates(to)
	taker, err := r.Chooser.Choose(request)
	if err != nil {
		return err
	}
	defer taker.Release()
	request.Purpose, request.Candidates = choice.Give, candidates(from)
	giver, err := r.Chooser.Choose(request)
	if err != nil {
		return err
	}
	defer giver.Release()
	return r.bring(ctx, v, f, giver.Slave, taker.Slave)
}

func candidates(names []string) []choice.Candidate {
	all := make([]choice.Candidate, len(names))
	for i, name := range names {
		all[i].Name = name
	}
	return all
}

// bring makes a copy at one slave of what another one has.
func (r *Runner) bring(ctx context.Context, v *view, f *catalogue.File, from, to string) (err error) {
	began := time.Now()
	defer func() {
		switch source, _ := errors.AsType[*sourceError](err); {
		case err == nil:
			r.Counts.Copies.Add(1)
			r.Counts.Bytes.Add(f.Ref.Size)
			r.Log.Info("copied", "path", f.Ref.Path, "from", from, "to", to, "bytes", f.Ref.Size, "took", time.Since(began).Round(time.Millisecond))
		case ctx.Err() != nil:
		default:
			r.Counts.Failed.Add(1)
			if source != nil {
				r.suspect(ctx, v.ids[from], f, source)
			}
		}
	}()
	giver, err := r.party(v, f, from)
	if err != nil {
		return err
	}
	taker, err := r.party(v, f, to)
	if err != nil {
		return err
	}
	op, end, err := r.Fleet.Begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	var sums *wire.Sums
	if f.Summed {
		sums = &f.Sums
	}
	prepared, err := fetch(ctx, op, f.Ref, sums, giver, taker)
	if err != nil {
		return err
	}
	_, err = r.Catalogue.AddCopy(ctx, v.ids[to], f.Node, f.Ref, prepared)
	return err
}

// party returns a slave as one of two that a copy needs.
func (r *Runner) party(v *view, f *catalogue.File, name string) (party, error) {
	id := v.ids[name]
	slave, state, online := r.Fleet.Link(id)
	if !online {
		return party{}, &laterError{beat, name + " is away"}
	}
	p := party{name: name, slave: slave, state: state}
	for _, h := range f.Holders {
		if h.Slave == id {
			p.after = h.After
		}
	}
	return p, nil
}
