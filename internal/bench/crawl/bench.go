package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"mirrortracker/internal/bench/link"
	"mirrortracker/internal/human"
	"mirrortracker/internal/testbed"
)

// A bench is one run.
type bench struct {
	options *runCommand
	crawler crawler
	log     io.Writer // for progress
	began   time.Time
	late    bool // phases were left out for lack of time

	near, far *link.Network // servers and close clients; distant clients
	link      *link.Link

	trees    map[int]*tree     // by the number of their folders
	absent   map[string]string // why a server or a client is not there
	clean    []func() error
	mu       sync.Mutex
	results  results
	connects []connect
}

// A connect is how long connecting took over a distance.
type connect struct {
	Asked    time.Duration `json:"asked"` // nanoseconds, as below
	Measured time.Duration `json:"measured"`
}

// errInterrupted ends a run that was told to stop.
var errInterrupted = errors.New("interrupted")

// open sets up the networks and the folder.
func (b *bench) open() (err error) {
	for _, n := range []**link.Network{&b.near, &b.far} {
		if *n, err = link.NewNetwork(); err != nil {
			return err
		}
		b.atEnd(func() error { (*n).Close(); return nil })
	}
	if b.link, err = link.Join(b.near, b.far); err != nil {
		return err
	}
	b.atEnd(b.link.Close)
	b.crawler.dir, err = b.folder()
	return err
}

// atEnd remembers what to do at the end of the run, the last first.
func (b *bench) atEnd(fn func() error) { b.clean = append(b.clean, fn) }

// close removes everything.
func (b *bench) close() error {
	b.say("removing what was made")
	var errs []error
	for len(b.clean) > 0 {
		last := len(b.clean) - 1
		errs = append(errs, b.clean[last]())
		b.clean = b.clean[:last]
	}
	return errors.Join(errs...)
}

// folder makes a folder that is removed at the end.
func (b *bench) folder() (string, error) {
	dir, err := testbed.MakeDir()
	if err != nil {
		return "", err
	}
	b.atEnd(func() error { return testbed.RemoveDir(dir) })
	return dir, nil
}

// plant returns the tree with a number of folders.
func (b *bench) plant(ctx context.Context, folders int) (*tree, error) {
	if t := b.trees[folders]; t != nil {
		return t, nil
	}
	root, err := b.folder()
	if err != nil {
		return nil, err
	}
	b.atEnd(func() error { return fell(root) })
	began := time.Now()
	t, err := plant(ctx, root, folders)
	if err != nil {
		return nil, err
	}
	planted := time.Since(began)
	if err := b.crawler.read(ctx, b.near, t); err != nil {
		return nil, err
	}
	b.say("made a tree of %s folders and %s files in %.1f s, digested it in %.1f s",
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

// say tells on standard error what is going on.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, "%6.1fs  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}
