package health

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/process"
	"mirrortracker/internal/store"
)

// A Checker checks all URLs of all sites.
type Checker struct {
	cfg     Config
	log     *slog.Logger
	ask     func(context.Context, *question) finding
	metrics *metrics
	board   Board
	turns   chan struct{} // one for each check under way
	hooks   []*hook
	records *recorder // nil for none

	mu       sync.Mutex // guards the following
	ledger   *ledger
	hosts    hosts
	limiters map[string]*rate.Limiter // by host
}

// New returns a Checker. It registers its metrics, so that a registry can be given to
// one Checker only.
func New(cfg Config) *Checker {
	cfg.Options = cfg.Options.withDefaults()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Checker{
		cfg:      cfg,
		log:      cfg.Log,
		ask:      newProber(&cfg).check,
		turns:    make(chan struct{}, cfg.Options.Parallel),
		ledger:   newLedger(cfg.Options),
		limiters: map[string]*rate.Limiter{},
	}
	c.metrics = newMetrics(cfg.Metrics, c)
	for _, w := range cfg.Webhooks {
		c.hooks = append(c.hooks, newHook(w, process.Short(cfg.Process), cfg.Log, c.metrics))
	}
	if cfg.Records != nil {
		c.records = newRecorder(cfg.Records, cfg.Process, cfg.Options.Days, cfg.Log)
	}
	return c
}

// Board returns where the states stand.
func (c *Checker) Board() *Board { return &c.board }

// beat is how often sites are looked for that were added or are gone, and how often
// it is judged who falls.
const beat = time.Second

// Run checks until ctx is done. As long as it runs the states are in memory; what is
// written or posted about them is done beside, and late or not at all if it fails.
func (c *Checker) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for _, h := range c.hooks {
		running.Go(func() { h.run(ctx) })
	}
	if c.records != nil {
		running.Go(func() {
			c.remember(c.records.read(ctx))
			c.records.run(ctx, c.present)
		})
	}
	watches := map[key]context.CancelFunc{}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		added, gone := c.refresh()
		for _, k := range gone {
			watches[k]()
			delete(watches, k)
		}
		for _, k := range added {
			watch, stop := context.WithCancel(ctx)
			watches[k] = stop
			running.Go(func() { c.watch(watch, k) })
		}
		c.change(func(now time.Time) []Event { return c.ledger.judge(now) })
		select {
		case <-ctx.Done():
			for _, stop := range watches {
				stop()
			}
			return
		case <-tick.C:
		}
	}
}

// refresh looks which sites there are.
func (c *Checker) refresh() (added, gone []key) {
	sites := c.cfg.Sites()
	c.mu.Lock()
	defer c.mu.Unlock()
	added, gone = c.ledger.track(sites)
	c.hosts = hostsOf(sites)
	limiters := make(map[string]*rate.Limiter, len(c.limiters))
	for k := range c.ledger.entries {
		host := k.url.Host
		if limiters[host] = c.limiters[host]; limiters[host] == nil {
			limiters[host] = rate.NewLimiter(rate.Every(c.cfg.Options.Interval/spacings), 1)
		}
	}
	c.limiters = limiters
	if len(added)+len(gone) > 0 {
		c.board.show(c.ledger.pairs(), c.ledger.reasons())
	}
	return added, gone
}

// remember begins with what was found before the start.
func (c *Checker) remember(found []store.Health) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledger.remember(found, time.Now())
	c.board.show(c.ledger.pairs(), c.ledger.reasons())
}

// spacings is the number of checks of one host that fit into an interval.
const spacings = 40

// watch checks one URL over one family again and again.
func (c *Checker) watch(ctx context.Context, k key) {
	// The first checks are spread over a part of an interval.
	wait := rand.N(c.cfg.Options.Interval / 5)
	for sleep(ctx, wait) {
		q, host := c.question(k)
		if q == nil || host.Wait(ctx) != nil {
			return
		}
		select {
		case c.turns <- struct{}{}:
		case <-ctx.Done():
			return
		}
		found := c.ask(ctx, q)
		<-c.turns
		if ctx.Err() != nil {
			return
		}
		c.metrics.count(k, found)
		c.change(func(now time.Time) (changed []Event) {
			wait, changed = c.ledger.take(k, found, now)
			return changed
		})
		wait = jittered(wait)
	}
}

// sleep reports whether the time has passed before the end of ctx.
func sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// jittered returns a time that differs by a tenth at most.
func jittered(d time.Duration) time.Duration { return d - d/10 + rand.N(d/5+1) }

// question returns what to ask now, and the limiter of the host.
func (c *Checker) question(k key) (*question, *rate.Limiter) {
	c.mu.Lock()
	e := c.ledger.entries[k]
	if e == nil {
		c.mu.Unlock()
		return nil, nil
	}
	q := &question{site: *e.site, url: k.url, family: k.family, hosts: c.hosts, whole: c.cfg.Options.Timeout}
	id, limiter := e.id, c.limiters[k.url.Host]
	c.mu.Unlock()
	if c.cfg.Sampler != nil {
		if file, size, ok := c.cfg.Sampler.File(id); ok {
			q.file, q.size = file, size
		}
	}
	return q, limiter
}

// change makes a change and tells of it.
func (c *Checker) change(make func(now time.Time) []Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := make(time.Now())
	if len(changed) == 0 {
		return
	}
	c.board.show(c.ledger.pairs(), c.ledger.reasons())
	for i := range changed {
		c.tell(&changed[i])
	}
}

// tell spreads an event. Nothing here waits.
func (c *Checker) tell(e *Event) {
	c.write(e)
	c.metrics.changed(e)
	if c.records != nil {
		c.records.note(*e)
	}
	if e.beginning() {
		return
	}
	for _, h := range c.hooks {
		h.post(*e)
	}
}

// write writes an event into the log.
func (c *Checker) write(e *Event) {
	level := slog.LevelInfo
	switch {
	case e.beginning():
		level = slog.LevelDebug
	case e.To == Down:
		level = slog.LevelWarn
	}
	message := "health has changed"
	attrs := []any{"site", e.Site, "url", e.URL, "family", e.Family, "from", e.From, "to", e.To, "reason", e.Reason}
	if e.Kind == BrakeEvent {
		message = "brake on health is off"
		if e.To == Down {
			message = "brake on health is on"
		}
		attrs = []any{"family", e.Family, "scheme", e.Scheme, "reason", e.Reason}
	}
	c.log.Log(context.Background(), level, message, attrs...)
}

// present returns how all URLs stand now.
func (c *Checker) present() []standing {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]standing, 0, len(c.ledger.entries))
	for _, e := range c.ledger.entries {
		all = append(all, standing{e.key, e.id, e.site.Name, e.state, e.since, e.checked, e.reason})
	}
	return all
}

// A standing is how one URL stands over one family.
type standing struct {
	key
	id      mirror.SiteID
	site    string
	state   State
	since   time.Time
	checked time.Time
	reason  string
}
