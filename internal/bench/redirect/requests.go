package main

import (
	"context"
	"errors"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/bench/run"
)

// requests loads the redirector and the servers that it is compared with, in turn, so that
// a machine that is slower for a while is so for all of them.
func (b *bench) requests(ctx context.Context) (err error) {
	ours, err := b.serve(ctx)
	if err != nil {
		return err
	}
	servers := []*server{ours}
	defer func() {
		for _, s := range servers[1:] {
			err = errors.Join(err, s.stop())
		}
	}()
	for _, launch := range []func(context.Context) (*server, error){b.startBare, b.startNginx, b.startMirrorbits} {
		s, err := launch(ctx)
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		if s.paths == "" {
			s.paths = ours.paths
		}
		servers = append(servers, s)
	}
	if err := b.check(ctx, ours); err != nil {
		return err
	}
	if err := b.warmUp(ctx, ours); err != nil {
		return err
	}
	for n := range b.options.Rounds + 1 {
		for _, s := range servers {
			r, err := b.round(ctx, s)
			if err != nil {
				return err
			}
			if n > 0 { // the first round is to warm up
				l := b.results.of(s.name)
				l.Rounds = append(l.Rounds, r)
			}
		}
	}
	for _, s := range servers {
		for _, p := range s.processes {
			m, err := p.Family().Memory()
			if err != nil {
				return err
			}
			b.results.of(s.name).Memory.Add(m)
		}
	}
	b.noteMemory(usedMemory, b.results.of(redirector).Memory)
	return nil
}

// warmUp loads the redirector until it has been asked for all paths three times over: for
// the first time it looks for their replicas, while it also merges what it has loaded.
func (b *bench) warmUp(ctx context.Context, s *server) error {
	for asked := int64(0); asked < int64(3*b.options.Paths); {
		r, err := b.round(ctx, s)
		if err != nil {
			return err
		}
		if asked == 0 {
			b.results.note("requests/s while nothing was asked before", r.rate(), "")
		}
		asked += r.Requests
	}
	return nil
}

// round loads a server once.
func (b *bench) round(ctx context.Context, s *server) (round, error) {
	r, err := b.wrk.load(ctx, s, s.paths, b.options.Round)
	switch {
	case ctx.Err() != nil:
		return r, run.ErrInterrupted
	case err != nil:
		return r, err
	}
	b.Say("%s: %s requests/s, p99 %.2f ms, %.1f µs of a processor each", s.name, report.Significant(r.rate()), r.P99/1e3, r.CPU)
	return r, nil
}
