package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mirrortracker/internal/bench/run"
	"mirrortracker/internal/human"
	"mirrortracker/internal/testbed"
)

// crawl measures a crawl of ours.
func (b *bench) crawl(ctx context.Context, v vantage, s *server, connections int, most time.Duration) error {
	return b.take(ctx, v, s, ours(connections), true, func(left time.Duration) (measurement, error) {
		c := b.crawler
		c.most = min(most, left)
		return c.measure(ctx, v.from, s, connections)
	})
}

// walk measures the plain walk for a window.
func (b *bench) walk(ctx context.Context, v vantage, s *server) error {
	return b.take(ctx, v, s, jlaffaye, false, func(left time.Duration) (measurement, error) {
		return measureWalk(ctx, v.from, s, min(b.options.Window, left))
	})
}

// download measures the server's own listing of the whole tree, where it has one.
func (b *bench) download(ctx context.Context, v vantage, s *server) error {
	if !s.lists {
		return nil
	}
	return b.client(ctx, v, s, curlListing, b.options.Most)
}

// client measures another client. One that is not there is left out.
func (b *bench) client(ctx context.Context, v vantage, s *server, c client, window time.Duration) error {
	program, err := b.program(c.program)
	if err != nil {
		b.missing(c.name, err)
		return nil
	}
	return b.take(ctx, v, s, c.name, false, func(left time.Duration) (measurement, error) {
		return c.measure(ctx, program, v.from, s, min(window, left))
	})
}

// program returns the path of a program that takes part.
func (b *bench) program(name string) (string, error) {
	switch name {
	case crawlerProgram:
		return b.crawler.path, nil
	case rclone.program:
		if b.options.Rclone == "" {
			return "", errors.New("set RCLONE to the path of rclone")
		}
		return b.options.Rclone, nil
	}
	return testbed.Find(name)
}

// take measures something, and keeps what came of it, if there is time left. A client
// that fails has no figure; that is an error only of those that must not fail.
func (b *bench) take(ctx context.Context, v vantage, s *server, client string, must bool, measure func(left time.Duration) (measurement, error)) error {
	sub := subject{v.distance, int(s.tree.dirs) - 1, s.name, client}
	left := b.left()
	if left < time.Second {
		b.keep(sub, func(r *result) { r.Skipped = noTime })
		return nil
	}
	m, err := measure(left)
	if err == nil && m.Whole && m.Dirs != s.tree.dirs {
		err = fmt.Errorf("it ended after %d directories of %d", m.Dirs, s.tree.dirs)
	}
	switch {
	case ctx.Err() != nil:
		return run.ErrInterrupted
	case err != nil && must:
		return fmt.Errorf("%s, %s, %s: %w", v.distance, s.name, client, err)
	case err != nil:
		b.Say("%s, %s, %s: %v", v.distance, s.name, client, err)
		b.keep(sub, func(r *result) { r.Skipped = "failed" })
		return nil
	}
	if !m.Whole && must && b.left() <= 0 { // the run's limit is not the crawl's fault
		b.keep(sub, func(r *result) { r.Skipped = noTime })
		return nil
	}
	end := ""
	if !m.Whole {
		end = ", not finished"
	}
	b.Say("%s, %s, %s: %s directories in %.1f s%s", v.distance, s.name, client, human.Count(m.Dirs), m.Seconds, end)
	b.keep(sub, func(r *result) { r.Runs = append(r.Runs, m) })
	return nil
}

// noTime is why something was left out.
const noTime = "no time left"

// left is how long the run may still take.
func (b *bench) left() time.Duration { return time.Until(b.Began.Add(b.options.Limit)) }

// keep changes the result of a subject.
func (b *bench) keep(s subject, change func(*result)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b.results.of(s))
}

// missing notes that a server or a client is not there, and says so once.
func (b *bench) missing(name string, why error) {
	if b.absent[name] == "" {
		b.Say("%s: %v", name, why)
		b.absent[name] = why.Error()
	}
}
