package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/bench/run"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
)

// rank measures resolving and ranking alone, in a process of its own.
func (b *bench) rank(ctx context.Context) error {
	var r rankResult
	if err := b.probe(ctx, &r, "rank"); err != nil {
		return err
	}
	b.results.note(ranked, r.Rate, "answers/s")
	b.results.note("  candidates of an answer", r.Candidates, "sites")
	b.results.note("  allocations for an answer", r.Allocations, "")
	b.Say("resolve and rank: %s answers/s among %.1f candidates", report.Significant(r.Rate), r.Candidates)
	return nil
}

// twin measures what mirrors that equal another one add to the memory, in a process of its
// own.
func (b *bench) twin(ctx context.Context) error {
	var r twinResult
	if err := b.probe(ctx, &r, "twin"); err != nil {
		return err
	}
	b.results.note(twinMemory, r.KiB, "KiB")
	return nil
}

// probe runs one of the hidden commands on a copy of the world.
func (b *bench) probe(ctx context.Context, result any, name string) error {
	if err := b.quit(); err != nil { // it shares the folder of the index
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	about, err := json.Marshal(b.world)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, name, string(about), b.database, b.cache(), b.file(cities), b.file(ases))
	cmd.Stderr = b.Log
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return run.ErrInterrupted
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return json.NewDecoder(bytes.NewReader(out)).Decode(result)
}

// A probe is what hidden commands have in common.
type probe struct {
	World     string   `arg:"" help:"Its parameters, as JSON."`
	Database  string   `arg:""`
	Cache     string   `arg:"" help:"The folder of the index."`
	Databases []string `arg:"" help:"Of places."`
}

// rankCommand resolves and ranks on one core.
type rankCommand struct{ probe }

// rankResult is what comes of it, as JSON.
type rankResult struct {
	Rate        float64 `json:"rate"` // answers per second of a core, the median
	Candidates  float64 `json:"candidates"`
	Allocations float64 `json:"allocations"`
}

const (
	rankPaths  = 100_000
	rankRounds = 5
	rankRound  = 2 * time.Second
)

// Run measures, and prints what came of it.
func (c *rankCommand) Run(p *program) error {
	params, x, err := c.index(p)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	databases := nearest.NewDatabases(c.Databases, discard)
	if err := databases.Reload(); err != nil {
		return err
	}
	sites := x.Roster().Sites
	r := &ranker{index: x, offers: map[*resolver.Set]*nearest.Field{}, places: nearest.NewMap(sites, nearest.Options{Costs: nearest.DefaultCosts(), Atlas: databases.Atlas()})}
	tracked := params.Tracked()
	for i, path := range params.Archive(rankPaths) {
		r.texts = append(r.texts, target(&tracked[path.Site], path.Path, i%2 == 0))
	}
	for _, client := range params.Clients(manyClients, manyPrefixes) {
		r.clients = append(r.clients, client.Addr)
	}
	for range 2 * len(r.texts) { // to warm up
		if err := r.next(time.Now()); err != nil {
			return err
		}
	}
	var rates []float64
	var result rankResult
	for range rankRounds {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r.candidates = 0
		count, began, used := 0, time.Now(), cpuTime()
		for time.Since(began) < rankRound {
			now := time.Now()
			for range 1000 {
				if err := r.next(now); err != nil {
					return err
				}
			}
			count += 1000
		}
		rates = append(rates, float64(count)/(cpuTime()-used).Seconds())
		runtime.ReadMemStats(&after)
		result.Candidates = float64(r.candidates) / float64(count)
		result.Allocations = float64(after.Mallocs-before.Mallocs) / float64(count)
	}
	result.Rate, _, _ = report.Median(rates, func(rate float64) float64 { return rate })
	return p.JSON(result)
}

// cpuTime is what this process has taken of the processors: whoever else runs on the
// machine does not count.
func cpuTime() time.Duration {
	var used unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &used) // can only fail for a bad address
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// A ranker goes from one path and one client to the next. As the redirector does, it
// makes candidates of a set of replicas once, for all directories that have it.
type ranker struct {
	index   *resolver.Index
	places  *nearest.Map
	texts   []string
	clients []netip.Addr

	turn       int
	answer     resolver.Answer
	offers     map[*resolver.Set]*nearest.Field
	best       [5]int32
	candidates int
}

// next resolves and ranks, for a moment.
func (r *ranker) next(now time.Time) error {
	text, client := r.texts[r.turn%len(r.texts)], r.clients[r.turn%len(r.clients)]
	r.turn++
	if r.turn%len(r.texts) == 0 {
		r.turn++ // other clients for the same paths
	}
	site, path, err := r.index.Locate(text)
	if err != nil {
		return err
	}
	r.index.Resolve(&r.answer, site, path)
	if !r.answer.Known || r.answer.Set == nil {
		return fmt.Errorf("%s is not known", text)
	}
	field := r.offers[r.answer.Set]
	if field == nil {
		field = new(nearest.Field)
		all := make([]nearest.Candidate, len(r.answer.Set.Members))
		for i, m := range r.answer.Set.Members {
			all[i].Site = m.Site
		}
		field.Reset(all)
		r.offers[r.answer.Set] = field
	}
	if r.places.View(client, now).Rank(field, r.answer.Size, r.best[:]) == 0 {
		return fmt.Errorf("nobody is offered %s", text)
	}
	r.candidates += len(field.All())
	return nil
}

// twinCommand adds mirrors.
type twinCommand struct{ probe }

// twinResult is what they take.
type twinResult struct {
	KiB float64 `json:"kib"` // of memory, each
}

// twins are how many are added: the more, the less matters what else goes on.
const twins = 20

// Run measures, and prints what came of it.
func (c *twinCommand) Run(p *program) error {
	params, live, db, err := c.open(p)
	if err != nil {
		return err
	}
	defer db.Close()
	before := held(live)
	for n := range twins {
		if err := params.Twin(p, db, params.Sites+n, n); err != nil {
			return err
		}
	}
	if err := live.Check(p); err != nil {
		return err
	}
	if sites := live.Index().Len(); sites != params.Sites+twins {
		return fmt.Errorf("the index has %d sites", sites)
	}
	return p.JSON(twinResult{float64(held(live)-before) / twins / (1 << 10)})
}

// held is what an index takes: of the heap, and in its files.
func held(live *resolver.Live) int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc) + live.Index().Bytes()
}
