package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"

	"mirrortracker/internal/distftp/checksum"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// Retrieve implements [control.Planner].
func (o *Overlay) Retrieve(ctx context.Context, r data.Request) (data.Plan, error) {
	l, err := o.link(r.Path)
	if err != nil {
		return data.Plan{}, err
	}
	if l != nil {
		return l.retrieve(ctx, r)
	}
	if b, bound := o.View().Binding(r.Path); bound {
		return o.mirrored(ctx, r, b)
	}
	return o.Planner.Retrieve(ctx, r)
}

// retrieve plans a download by a remote link.
func (l *link) retrieve(ctx context.Context, r data.Request) (data.Plan, error) {
	at, e, err := l.stat(ctx)
	if err == nil {
		err = begins(r, e)
	}
	if err != nil {
		return data.Plan{}, err
	}
	t := l.transfer(r, at.path)
	t.Size = e.Size
	return data.Plan{
		Holder: t.Name, Why: "it is there", Size: e.Size - r.Offset, Sized: !r.Text,
		Holders: one(func() data.Remote { return l.server.Download(t) }),
	}, nil
}

// begins checks that a download of an entry can begin where it is to.
func begins(r data.Request, e vfs.Entry) error {
	switch {
	case e.Kind != vfs.File:
		return fmt.Errorf("retrieve %s: %w", r.Path, vfs.ErrNotRegular)
	case r.Offset > e.Size:
		return fmt.Errorf("retrieve %s from %d: %w", r.Path, r.Offset, data.ErrOffset)
	}
	return nil
}

// one is a single holder elsewhere, made anew each time that it is asked for.
func one(holder func() data.Remote) iter.Seq[data.Remote] {
	return func(yield func(data.Remote) bool) { yield(holder()) }
}

// mirrored plans a download from a mirrored directory.
func (o *Overlay) mirrored(ctx context.Context, r data.Request, b *mirrors.Binding) (data.Plan, error) {
	ours, err := o.Files.Stat(ctx, r.Path)
	if err == nil {
		err = begins(r, ours)
	}
	if err != nil {
		return data.Plan{}, err
	}
	q := &question{b, r.Path, r.Client, r.Lot, ours, r.At}
	return o.follow(ctx, r, q, o.order(q))
}

// follow plans a download that is with the first of some candidates, or else with those after
// it.
func (o *Overlay) follow(ctx context.Context, r data.Request, q *question, all []candidate) (data.Plan, error) {
	c, others := all[0], all[1:]
	next := func(ctx context.Context) (data.Plan, error) { return o.follow(ctx, r, q, others) }
	if c.server == nil {
		return o.here(ctx, r, c, next, len(others) > 0)
	}
	t := foreign.Transfer{
		Name: c.name, Path: string(c.path), Size: q.ours.Size, Offset: r.Offset, Length: r.Length, Text: r.Text, Tunnel: c.tunnel, At: r.At,
		Check: o.same(q, c), Report: func(report foreign.Report) { o.learn(q, c, report) },
	}
	return data.Plan{
		Holder: c.name, Why: c.why, Size: q.ours.Size - r.Offset, Sized: !r.Text,
		Holders: one(func() data.Remote { return c.server.Download(t) }), Otherwise: next,
	}, nil
}

// here plans a download from what is beneath. Others follow if nobody there has it now.
func (o *Overlay) here(ctx context.Context, r data.Request, c candidate, next func(context.Context) (data.Plan, error), more bool) (data.Plan, error) {
	plan, err := o.Planner.Retrieve(ctx, r)
	if errors.Is(err, data.ErrUnavailable) && more {
		return next(ctx)
	}
	if err == nil {
		plan.Why = c.why + "; " + plan.Why
		if more && plan.Holders != nil {
			plan.Otherwise = next
		}
	}
	return plan, err
}

// learn holds a failure against a candidate, for a client that was bound to it or has lost a
// transfer in its midst: its next try is with another. What failed before is made good in the
// same transfer, and against a server that fails for all its pool holds it; one that is merely
// busy has not failed.
func (o *Overlay) learn(q *question, c candidate, report foreign.Report) {
	err := report.Err
	lost := report.Began && (errors.Is(err, foreign.ErrBroken) || errors.Is(err, data.ErrNoConnection))
	if err == nil || errors.Is(err, data.ErrNotDirect) || errors.Is(err, errOther) || !report.Bound && !lost {
		return
	}
	o.memory.failed(c.server, q.client)
	o.Log.Info("a mirror has failed for a client", "mirror", c.name, "client", q.client, "path", q.path, "way", report.Way, "err", report.Err)
}

// transfer is one by a remote link.
func (l *link) transfer(r data.Request, path mirror.Path) foreign.Transfer {
	return foreign.Transfer{
		Name: string(l.alias.Path), Path: string(path), Size: -1,
		Offset: r.Offset, Length: r.Length, Text: r.Text, Tunnel: l.alias.Tunnel, At: r.At,
	}
}

// Store implements [control.Storer].
func (o *Overlay) Store(ctx context.Context, r data.Request) (data.Plan, error) {
	l, err := o.link(r.Path)
	if err != nil {
		return data.Plan{}, err
	}
	if l != nil {
		return l.store(ctx, r)
	}
	if b, bound := o.View().Binding(r.Path); bound {
		q := &question{binding: b, path: r.Path, client: r.Client, lot: r.Lot, at: r.At}
		if c := o.order(q)[0]; c.server != nil {
			return data.Plan{}, fmt.Errorf("store %s: %w", r.Path, &vfs.MirroredError{Site: c.name})
		}
	}
	storer, ok := o.Planner.(control.Storer)
	if !ok {
		return data.Plan{}, fmt.Errorf("store %s: %w", r.Path, fs.ErrPermission)
	}
	return storer.Store(ctx, r)
}

// store plans an upload by a remote link.
func (l *link) store(ctx context.Context, r data.Request) (data.Plan, error) {
	at, err := l.place(ctx)
	if err != nil {
		return data.Plan{}, err
	}
	t := l.transfer(r, at.path)
	return data.Plan{
		Holder: t.Name, Why: "it is there", Upload: true,
		Holders: one(func() data.Remote { return storing{l.server.Upload(t), at} }),
	}, nil
}

// place returns where a file is or would be.
func (l *link) place(ctx context.Context) (*link, error) {
	at, e, err := l.stat(ctx)
	switch {
	case err == nil && e.Kind != vfs.File:
		return nil, fmt.Errorf("store in %s: %w", l.path, vfs.ErrNotRegular)
	case errors.Is(err, fs.ErrNotExist):
		return l.real(ctx)
	}
	return at, err
}

// A storing upload forgets what was known of the file.
type storing struct {
	data.Remote
	at *link
}

// Close implements [data.Remote].
func (s storing) Close() error {
	s.at.forget()
	return s.Remote.Close()
}

// Expect implements [control.Host].
func (o *Overlay) Expect(ctx context.Context, e data.Expectation) (data.Rendezvous, error) {
	l, err := o.link(e.Path)
	switch {
	case err != nil:
		return nil, err
	case l != nil && l.alias.Tunnel:
		return nil, data.ErrNotDirect
	case l != nil:
		return l.server.Expect(ctx, string(l.alias.Path), e, nil)
	}
	if b, bound := o.View().Binding(e.Path); bound && e.Path != "" {
		return o.expect(ctx, e, b)
	}
	return o.expectHere(ctx, e)
}

// expect finds the client a place for what it wants of a mirrored directory.
func (o *Overlay) expect(ctx context.Context, e data.Expectation, b *mirrors.Binding) (data.Rendezvous, error) {
	q := &question{binding: b, path: e.Path, client: e.Client, lot: e.Lot}
	if !e.Upload {
		var err error
		if q.ours, err = o.Files.Stat(ctx, e.Path); err != nil {
			return nil, err
		}
	}
	for _, c := range o.order(q) {
		switch {
		case c.server == nil:
			return o.expectHere(ctx, e)
		case c.tunnel, e.Upload: // which will be refused
			return nil, data.ErrNotDirect
		}
		at, err := c.server.Expect(ctx, c.name, e, o.same(q, c))
		if err == nil || errors.Is(err, data.ErrNotDirect) {
			return at, err
		}
		o.Log.Info("a mirror does not listen for a client", "mirror", c.name, "client", e.Client, "path", e.Path, "err", err)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	return nil, data.ErrNotDirect
}

func (o *Overlay) expectHere(ctx context.Context, e data.Expectation) (data.Rendezvous, error) {
	host, ok := o.Planner.(control.Host)
	if !ok {
		return nil, data.ErrNotDirect
	}
	return host.Expect(ctx, e)
}

// Checksum implements [control.Summer]. That of a file at a foreign server is computed here,
// as few of them compute any; what is mirrored is ours.
func (o *Overlay) Checksum(ctx context.Context, r data.Request, algorithm string, flow *data.Flow) ([]byte, error) {
	l, err := o.link(r.Path)
	if err != nil {
		return nil, err
	}
	if summer, ok := o.Planner.(control.Summer); ok && l == nil {
		return summer.Checksum(ctx, r, algorithm, flow)
	}
	var plan data.Plan
	if l != nil {
		plan, err = l.retrieve(ctx, r)
	} else {
		plan, err = o.Planner.Retrieve(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	sum, known := checksum.New(algorithm)
	if !known {
		plan.Release()
		return nil, fmt.Errorf("checksum by %s: %w", algorithm, errors.ErrUnsupported)
	}
	limit := r.Length
	if limit == 0 {
		limit = math.MaxInt64
	}
	plan.Flow = flow
	err = plan.Drain(ctx, sum, limit)
	return sum.Sum(nil), err
}
