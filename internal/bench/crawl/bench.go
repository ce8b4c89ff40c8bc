package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"mirrortracker/internal/bench/link"
	"mirrortracker/internal/bench/run"
	"mirrortracker/internal/human"
)

// A bench is one run.
type bench struct {
	run.Run
	options *runCommand
	crawler crawler
	late    bool // parts were left out for lack of time

	near, far *link.Network // servers and close clients; distant clients
	link      *link.Link

	trees    map[int]*tree     // by the number of their folders
	absent   map[string]string // why a server or a client is not there
	mu       sync.Mutex
	results  results
	connects []connect
}

// A connect is how long connecting took over a distance.
type connect struct {
	Asked    time.Duration `json:"asked"` // nanoseconds, as below
	Measured time.Duration `json:"measured"`
}

// open sets up the networks and the folder.
func (b *bench) open() (err error) {
	for _, n := range []**link.Network{&b.near, &b.far} {
		if *n, err = link.NewNetwork(); err != nil {
			return err
		}
		b.AtEnd(func() error { (*n).Close(); return nil })
	}
	if b.link, err = link.Join(b.near, b.far); err != nil {
		return err
	}
	b.AtEnd(b.link.Close)
	b.crawler.dir, err = b.Folder()
	return err
}

// plant returns the tree with a number of folders.
func (b *bench) plant(ctx context.Context, folders int) (*tree, error) {
	if t := b.trees[folders]; t != nil {
		return t, nil
	}
	root, err := b.Folder()
	if err != nil {
		return nil, err
	}
	b.AtEnd(func() error { return fell(root) })
	began := time.Now()
	t, err := plant(ctx, root, folders)
	if err != nil {
		return nil, err
	}
	planted := time.Since(began)
	if err := b.crawler.read(ctx, b.near, t); err != nil {
		return nil, err
	}
	b.Say("made a tree of %s folders and %s files in %.1f s, digested it in %.1f s",
		human.Count(int64(folders)), human.Count(t.truth.Files), planted.Seconds(), (time.Since(began) - planted).Seconds())
	b.trees[folders] = t
	return t, nil
}

// withServers starts the servers of some kinds, calls a function for those that could be
// started, and stops them.
func (b *bench) withServers(t *tree, kinds []kind, fn func([]*server) error) (err error) {
	var running []*server
	defer func() {
		for _, s := range running {
			err = errors.Join(err, s.close())
		}
	}()
	for _, k := range kinds {
		s, err := k.start(b.near, t)
		if err != nil {
			b.missing(k.name, err)
			continue
		}
		s.name = k.name
		running = append(running, s)
	}
	return fn(running)
}
