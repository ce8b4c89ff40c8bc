package health

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"mirrortracker/internal/store"
)

// Records keep states and events for others to see. The store has them.
type Records interface {
	Health(ctx context.Context) ([]store.Health, error)
	PutHealth(ctx context.Context, states []store.Health, events []store.HealthEvent) error
	PruneHealth(ctx context.Context, before time.Time) error
}

var _ Records = (*store.Store)(nil)

const (
	recordEvery  = 5 * time.Second // changes are written
	confirmEvery = time.Minute     // all states are written, changed or not
	pruneEvery   = time.Hour
	recordLimit  = 20 * time.Second // for writing once
	lastLimit    = 2 * time.Second  // for that when the program ends
	maxWaiting   = 10_000           // events that wait to be written; the oldest are dropped
)

// A recorder writes records, late where that fails.
type recorder struct {
	records Records
	process string
	days    int
	log     *slog.Logger

	mu      sync.Mutex
	waiting []store.HealthEvent
}

func newRecorder(records Records, process string, days int, log *slog.Logger) *recorder {
	return &recorder{records: records, process: process, days: days, log: log}
}

// note has an event written later.
func (r *recorder) note(e Event) {
	event := store.HealthEvent{
		Time:    e.Time,
		Kind:    string(e.Kind),
		Site:    e.id,
		Family:  e.Family.String(),
		Scheme:  e.Scheme,
		From:    e.From.String(),
		To:      e.To.String(),
		Reason:  e.Reason,
		Checker: r.process,
	}
	if e.URL != nil {
		event.URL = e.URL.String()
	}
	rand.Read(event.ID[:])
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == maxWaiting {
		r.waiting = r.waiting[1:]
	}
	r.waiting = append(r.waiting, event)
}

// read returns what is recorded. Without it the start is as good as the first ever.
func (r *recorder) read(ctx context.Context) []store.Health {
	ctx, cancel := context.WithTimeout(ctx, recordLimit)
	defer cancel()
	found, err := r.records.Health(ctx)
	if err != nil && ctx.Err() == nil {
		r.log.Warn("recorded health cannot be read", "err", err)
	}
	return found
}

// run writes what changed, and now and then everything, until ctx is done.
func (r *recorder) run(ctx context.Context, present func() []standing) {
	tick := time.NewTicker(recordEvery)
	defer tick.Stop()
	var confirmed, pruned time.Time
	broken := false
	for {
		select {
		case <-ctx.Done():
			r.finish(ctx, present)
			return
		case now := <-tick.C:
			events := r.take()
			if len(events) == 0 && now.Sub(confirmed) < confirmEvery {
				continue
			}
			err := r.write(ctx, present(), events)
			if err == nil {
				confirmed = now
				if now.Sub(pruned) >= pruneEvery {
					if err = r.prune(ctx, now); err == nil {
						pruned = now
					}
				}
			} else {
				r.putBack(events)
			}
			switch {
			case ctx.Err() != nil: // what was put back is for finish
			case err != nil && !broken:
				r.log.Warn("health cannot be recorded", "err", err)
			case err == nil && broken:
				r.log.Info("health can be recorded again")
			}
			broken = err != nil
		}
	}
}

// finish writes what happened since the last time, as far as that goes quickly.
func (r *recorder) finish(ctx context.Context, present func() []standing) {
	events := r.take()
	if len(events) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLimit)
	defer cancel()
	if err := r.write(ctx, present(), events); err != nil {
		r.log.Warn("the last changes of health are not recorded", "events", len(events), "err", err)
	}
}

func (r *recorder) take() []store.HealthEvent {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.waiting
	r.waiting = nil
	return events
}

// putBack has events written with those that came meanwhile.
func (r *recorder) putBack(events []store.HealthEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	events = append(events, r.waiting...)
	r.waiting = events[max(len(events)-maxWaiting, 0):]
}

func (r *recorder) write(ctx context.Context, present []standing, events []store.HealthEvent) error {
	ctx, cancel := context.WithTimeout(ctx, recordLimit)
	defer cancel()
	states := make([]store.Health, 0, len(present))
	for _, s := range present {
		if s.checked.IsZero() {
			continue
		}
		states = append(states, store.Health{
			Site:    s.id,
			URL:     s.url.String(),
			Family:  s.family.String(),
			State:   s.state.String(),
			Since:   s.since,
			Reason:  s.reason,
			Checked: s.checked,
			Checker: r.process,
		})
	}
	return r.records.PutHealth(ctx, states, events)
}

func (r *recorder) prune(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, recordLimit)
	defer cancel()
	return r.records.PruneHealth(ctx, now.AddDate(0, 0, -r.days))
}
