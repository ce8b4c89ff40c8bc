package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"mirrortracker/internal/bench/run"
	"mirrortracker/internal/bench/steady"
	"mirrortracker/internal/bench/world"
	"mirrortracker/internal/store"
)

const (
	changes     = 5     // new snapshots, one after the other
	changed     = 0.01  // of the directories of the site
	changeRate  = 2_000 // requests a second meanwhile
	changeLimit = time.Minute
)

// change publishes snapshots of a mirror of the archive while requests go on, and asks for
// a new file until the answer knows it.
func (b *bench) change(ctx context.Context) (err error) {
	s, err := b.serve(ctx)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, "sqlite:"+b.database)
	if err != nil {
		return err
	}
	defer db.Close()
	load := b.steady(s)
	running, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		load.Run(running)
	}()
	defer func() {
		stop()
		<-ended
	}()
	site := b.world.Mirrors() - 1
	var most, with, without time.Duration
	var over, overElse int64
	for n := range changes + 1 {
		change, err := b.world.Change(site, 1+n, changed)
		if err != nil {
			return err
		}
		load.Window() // to make it has taken much of the processors
		if err := sleep(ctx, 10*time.Second); err != nil {
			return err
		}
		pause, slow := load.Window()
		took, err := b.publish(ctx, db, s, change)
		if err != nil {
			return err
		}
		if err := sleep(ctx, 2*time.Second); err != nil { // what is cleared up after that counts, too
			return err
		}
		paused, slowed := load.Window()
		b.Say("a new snapshot is live after %.2f s; the slowest request took %.1f ms, and %.1f ms before", took.Seconds(), ms(paused), ms(pause))
		if n == 0 {
			continue // to warm up
		}
		most, with, without = max(most, took), max(with, paused), max(without, pause)
		over, overElse = over+slowed, overElse+slow
	}
	if err := load.Err(); err != nil {
		return err
	}
	b.results.note(changeLive, most.Seconds(), "s")
	b.results.note(slowest, ms(with), "ms")
	b.results.note("  requests of more than 50 ms", float64(over), "")
	b.results.note(slowestElse, ms(without), "ms")
	b.results.note("  requests of more than 50 ms then", float64(overElse), "")
	return nil
}

// publish publishes a change, and returns how long after that it was live.
func (b *bench) publish(ctx context.Context, db *store.Store, s *server, change *world.Change) (time.Duration, error) {
	url := "http://" + s.addr + target(&b.world.Tracked()[change.Fresh.Site], change.Fresh.Path, true)
	if err := change.Publish(ctx, db); err != nil {
		return 0, err
	}
	committed := time.Now()
	for {
		res, err := ask(ctx, url, b.clients[0].Addr.String())
		if err != nil {
			return 0, err
		}
		if match := res.Header.Get("X-Mirror-Match"); match != "none" {
			return time.Since(committed), nil
		}
		if time.Since(committed) > changeLimit {
			return 0, fmt.Errorf("%s is not known %s after it was published", url, changeLimit)
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// steady returns a load for a server.
func (b *bench) steady(s *server) *steady.Load {
	l := &steady.Load{Addr: s.addr, Targets: b.targets(), Status: http.StatusFound, Rate: changeRate, Workers: b.options.Connections}
	for _, c := range b.clients {
		l.Clients = append(l.Clients, c.Addr.String())
	}
	return l
}

// sleep waits, unless the run is told to stop.
func sleep(ctx context.Context, period time.Duration) error {
	select {
	case <-ctx.Done():
		return run.ErrInterrupted
	case <-time.After(period):
		return nil
	}
}

func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }
