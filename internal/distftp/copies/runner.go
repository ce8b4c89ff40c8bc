package copies

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// A Fleet is the slaves that a master has links to.
type Fleet interface {
	// Link returns a slave and its last report; false if there is no link, or it has not
	// joined yet.
	Link(slave catalogue.SlaveID) (wire.Slave, wire.State, bool)
	// Agreed reports whether a slave that has joined has the files that the database says,
	// and no others: until it was compared it may have what it would be sent.
	Agreed(slave catalogue.SlaveID) bool
	// Begin draws the number of an operation. Until end is called it counts as under way,
	// so that what a slave prepared for it is not forgotten.
	Begin(ctx context.Context) (op uint64, end func(), err error)
	// Compare brings a slave and the database in line, as when it joins.
	Compare(ctx context.Context, slave catalogue.SlaveID) (catalogue.Reconciled, error)
}

// Config is what a [Runner] works with. All but Grace, AtOnce and Now must be set.
type Config struct {
	Catalogue *catalogue.Catalogue
	Chooser   *choice.Chooser // gets the rules that are in the database
	Fleet     Fleet
	Log       *slog.Logger

	Grace  time.Duration // for how long a slave can be away before its copies do not count: 10 minutes
	AtOnce int           // copies: 4
	Now    func() time.Time
}

// The times of a runner.
const (
	beat       = 2 * time.Second // how often slaves, rules and jobs are looked at
	lease      = time.Minute     // of a job
	everything = 24 * time.Hour  // all files are looked at again
)

// A Runner does the work on copies, in the process of a master.
type Runner struct {
	Config
	started time.Time
	view    atomic.Pointer[view]
	wake    chan struct{} // holds one if jobs were made
	Counts  Counts
}

// Counts are what a runner has done since it began.
type Counts struct {
	Copies, Bytes atomic.Int64 // from slave to slave
	Failed        atomic.Int64 // copies that did not come about
	Dropped       atomic.Int64 // surplus copies
	Repaired      atomic.Int64 // damaged ones
	Short         atomic.Int64 // files that have too few copies and can get no more: exact when all were looked at, not 0 if there is one
}

// A view is how things are at one time. It is not changed once made.
type view struct {
	rules  choice.Rules
	all    []choice.Rule
	slaves map[string]Standing
	names  map[catalogue.SlaveID]string
	ids    map[string]catalogue.SlaveID
	seen   map[string]time.Time // when a slave was last there
}

// New makes a runner.
func New(c Config) *Runner {
	c.Grace = cmp.Or(c.Grace, 10*time.Minute)
	c.AtOnce = cmp.Or(c.AtOnce, 4)
	if c.Now == nil {
		c.Now = time.Now
	}
	r := &Runner{Config: c, started: c.Now(), wake: make(chan struct{}, 1)}
	r.view.Store(&view{})
	return r
}

// Settles reports whether the copies of a file at a path are to be looked at when it has
// changed. It is what [catalogue.Config] wants as Settle.
func (r *Runner) Settles(p mirror.Path) bool {
	rule := r.view.Load().rules.For(p)
	return rule.Copies > 1 || len(rule.Only) > 0
}

// Wake has jobs looked for at once, after some were made. It never blocks.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, and returns when all that it began has ended.
func (r *Runner) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	settling := r.serve(&running, catalogue.SettleJob, r.AtOnce, r.settle)
	repairing := r.serve(&running, DamagedJob, 1, r.repair)
	sweeping := r.serve(&running, catalogue.SweepJob, 1, r.sweep)
	checking := r.serve(&running, FsckJob, 1, r.check)

	tick := time.NewTicker(beat)
	defer tick.Stop()
	var swept time.Time
	for {
		if err := r.look(ctx); err != nil {
			r.trouble(ctx, "slaves and rules", err)
		} else {
			if now := r.Now(); now.Sub(swept) >= everything {
				swept = now
				r.ask(ctx, catalogue.Job{Kind: catalogue.SweepJob})
			}
			for _, claim := range []func(context.Context) error{repairing, settling, sweeping, checking} {
				if err := claim(ctx); err != nil {
					r.trouble(ctx, "jobs", err)
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.wake:
		}
	}
}

// trouble logs what keeps the runner from its work, unless it is to end.
func (r *Runner) trouble(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		r.Log.Warn("cannot look at "+what, "err", err)
	}
}

// ask makes a job, unless there is one already.
func (r *Runner) ask(ctx context.Context, jobs ...catalogue.Job) {
	if len(jobs) == 0 {
		return
	}
	if err := r.Catalogue.AddJobs(ctx, jobs); err != nil {
		r.trouble(ctx, "what is to be done", err)
		return
	}
	r.Wake()
}

// look finds out how things are now, and asks for sweeps because of what has changed.
func (r *Runner) look(ctx context.Context) error {
	slaves, err := r.Catalogue.Slaves(ctx)
	if err != nil {
		return err
	}
	rules, err := r.Catalogue.Rules(ctx)
	if err != nil {
		return err
	}
	was, now := r.view.Load(), &view{
		all:    rules,
		slaves: make(map[string]Standing, len(slaves)),
		names:  make(map[catalogue.SlaveID]string, len(slaves)),
		ids:    make(map[string]catalogue.SlaveID, len(slaves)),
		seen:   make(map[string]time.Time, len(slaves)),
	}
	for i := range slaves {
		s := &slaves[i]
		now.slaves[s.Name], now.seen[s.Name] = r.standing(s, was.seen[s.Name])
		now.names[s.ID], now.ids[s.Name] = s.Name, s.ID
	}
	if now.rules = was.rules; was.slaves == nil || !reflect.DeepEqual(was.all, now.all) {
		now.rules = choice.NewRules(now.all)
		r.Chooser.SetRules(now.rules)
	}
	r.view.Store(now)
	if was.slaves != nil {
		r.ask(ctx, r.consequences(was, now)...)
	}
	return nil
}

// standing says how a slave is, and when it was last there: for us, or by what it reported
// to another master. One that has just started has seen nobody yet.
func (r *Runner) standing(s *catalogue.Slave, seen time.Time) (Standing, time.Time) {
	now := r.Now()
	_, state, online := r.Fleet.Link(s.ID)
	if online {
		seen = now
	} else {
		state = s.Report
		for _, t := range []time.Time{r.started, s.Seen} {
			if t.After(seen) {
				seen = t
			}
		}
	}
	return Standing{
		Name:     s.Name,
		Rack:     state.Rack,
		Online:   online,
		Draining: s.Drain,
		Lost:     now.Sub(seen) > r.Grace,
	}, seen
}

// consequences returns which files are to be looked at because of what has changed.
func (r *Runner) consequences(was, now *view) []catalogue.Job {
	var jobs []catalogue.Job
	all := !reflect.DeepEqual(was.all, now.all)
	for name, s := range now.slaves {
		before, known := was.slaves[name]
		if s.Lost && !before.Lost {
			r.Log.Warn("a slave is lost, its files get other copies", "slave", name, "away_for_more_than", r.Grace)
		}
		if before.Lost && s.Online {
			r.Log.Info("a slave that was lost is back", "slave", name)
		}
		switch {
		case known && (s.Lost != before.Lost || s.Draining != before.Draining || s.Rack != before.Rack):
			jobs = append(jobs, catalogue.Job{Kind: catalogue.SweepJob, Slave: now.ids[name]})
		case s.Online && !before.Online && r.Counts.Short.Load() > 0:
			all = true // it may be the one that was needed
		}
		if before.Draining && !s.Draining {
			all = true
		}
	}
	for name := range was.slaves {
		if _, still := now.slaves[name]; !still {
			all = true
		}
	}
	if all {
		jobs = append(jobs, catalogue.Job{Kind: catalogue.SweepJob})
	}
	return jobs
}

// holders returns the names of the slaves that have a file.
func (v *view) holders(f *catalogue.File) []string {
	names := make([]string, 0, len(f.Holders))
	for _, h := range f.Holders {
		if name, known := v.names[h.Slave]; known {
			names = append(names, name)
		}
	}
	return names
}

// decide finds the next step for a file.
func (v *view) decide(f *catalogue.File) Decision {
	return Decide(v.rules.For(mirror.Path(f.Ref.Path)), v.holders(f), v.slaves)
}

// Standings returns how slaves stand, by name.
func (r *Runner) Standings() map[string]Standing { return maps.Clone(r.view.Load().slaves) }

// A laterError has a job tried again.
type laterError struct {
	wait time.Duration
	note string
}

func (e *laterError) Error() string { return e.note }

// serve returns what claims jobs of one kind, as many as there are hands free, and has them
// done. What is done ends with nil, with a [laterError], or with another error, after
// which it is tried again, later each time.
func (r *Runner) serve(running *sync.WaitGroup, kind string, hands int, do func(context.Context, catalogue.Job) error) (claim func(context.Context) error) {
	free := make(chan struct{}, hands)
	for range hands {
		free <- struct{}{}
	}
	return func(ctx context.Context) error {
		n := len(free)
		if n == 0 {
			return nil
		}
		jobs, err := r.Catalogue.ClaimJobs(ctx, kind, n, lease)
		for _, job := range jobs {
			<-free
			running.Go(func() {
				r.work(ctx, job, do)
				free <- struct{}{}
				r.Wake() // there may be more
			})
		}
		return err
	}
}

// errLeased ends the work on a job whose lease was lost.
var errLeased = errors.New("another master has the job now")

// work does one job, and keeps its lease meanwhile.
func (r *Runner) work(ctx context.Context, job catalogue.Job, do func(context.Context, catalogue.Job) error) {
	held, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var renewing sync.WaitGroup
	renewing.Go(func() { r.renew(held, job, cancel) })
	err := do(held, job)
	lost := context.Cause(held)
	cancel(nil)
	renewing.Wait()
	if errors.Is(lost, errLeased) {
		return
	}
	// What was done is noted also when everything ends.
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	later, _ := errors.AsType[*laterError](err)
	switch {
	case err == nil:
		err = r.Catalogue.FinishJob(ctx, job)
	case lost != nil: // everything ends
		err = r.Catalogue.RetryJob(ctx, job, 0, "")
	case later != nil:
		err = r.Catalogue.RetryJob(ctx, job, later.wait, later.note)
	default:
		wait := min(10*time.Second<<min(job.Tries, 10), time.Hour)
		r.Log.Warn("job failed", "kind", job.Kind, "file", job.Node, "tries", job.Tries+1, "again_in", wait, "err", err)
		err = r.Catalogue.RetryJob(ctx, job, wait, strings.ToValidUTF8(err.Error(), "?"))
	}
	if err != nil && !errors.Is(err, catalogue.ErrLease) {
		r.trouble(ctx, "a job that has ended", err)
	}
}

// renew keeps a lease until ctx ends.
func (r *Runner) renew(ctx context.Context, job catalogue.Job, lost context.CancelCauseFunc) {
	tick := time.NewTicker(lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := r.Catalogue.RenewJob(ctx, job, lease); errors.Is(err, catalogue.ErrLease) {
			lost(errLeased)
			return
		}
	}
}
