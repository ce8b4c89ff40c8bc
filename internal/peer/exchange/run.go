package exchange

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/store"
)

// A Loop asks peers again and again. Make it with [NewLoop].
type Loop struct {
	*Exchange
	poll  func() time.Duration // how often each peer is asked, if it gives no notice
	slots chan struct{}        // peers that are being asked

	mu      sync.Mutex
	asking  map[string]bool // peers, by URL
	noticed map[string]bool // that have something new, or something for later
	polled  map[string]time.Time
	told    string // tag of what the peers were told of last
}

const (
	parallel = 4                // peers that are asked at a time
	look     = 3 * time.Second  // at most, between looks at the database
	minGap   = 30 * time.Second // at most, between two times that a peer is asked because it says so
	maxLook  = time.Minute      // that the database may take
)

// NewLoop returns a loop. How often each peer is asked is asked for again and again.
func NewLoop(x *Exchange, poll func() time.Duration) *Loop {
	return &Loop{
		Exchange: x,
		poll:     poll,
		slots:    make(chan struct{}, parallel),
		asking:   map[string]bool{},
		noticed:  map[string]bool{},
		polled:   map[string]time.Time{},
	}
}

// Run asks peers until ctx is done.
func (l *Loop) Run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	for {
		l.once(ctx, &under)
		select {
		case <-ctx.Done():
			return
		case <-time.After(min(look, l.poll()/5)):
		}
	}
}

// once asks those that are due.
func (l *Loop) once(ctx context.Context, under *sync.WaitGroup) {
	looking, cancel := context.WithTimeout(ctx, maxLook)
	defer cancel()
	peers, err := l.Store.Peers(looking)
	if err == nil {
		peers = slices.DeleteFunc(peers, func(p store.Peer) bool { return p.Key == "" })
		l.forget(peers)
		var news bool
		if news, err = l.news(looking); news && err == nil {
			under.Go(func() { l.tell(ctx, peers) })
		}
	}
	if err != nil && ctx.Err() == nil {
		l.Log.Warn("peers are not looked at", "err", err)
	}
	now := l.Now()
	for _, p := range peers {
		if !l.begin(&p, now) {
			continue
		}
		under.Go(func() {
			defer l.end(p.URL)
			l.pull(ctx, &p)
		})
	}
}

// pull asks a peer and logs how it went.
func (l *Loop) pull(ctx context.Context, p *store.Peer) {
	report, err := l.Pull(ctx, p.URL)
	if report.Later > 0 {
		l.soon(p.URL) // such as a site that is being crawled
	}
	if _, held := errors.AsType[*store.LeaseHeldError](err); held || errors.Is(err, store.ErrNoPeer) || ctx.Err() != nil {
		return
	}
	if err != nil {
		l.Log.Warn("peer is asked in vain", "peer", p.URL, "taken", len(report.Taken), "err", err)
		return
	}
	l.Log.Debug("peer is asked", "peer", p.URL, "taken", len(report.Taken), "known", report.Known, "refused", len(report.Refused),
		"strange", report.Strange, "later", report.Later, "bytes", report.Bytes)
}

// begin reports whether a peer is due, and takes a slot for it if there is one.
func (l *Loop) begin(p *store.Peer, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asking[p.URL] || now.Before(l.due(p)) {
		return false
	}
	select {
	case l.slots <- struct{}{}:
	default:
		return false
	}
	l.asking[p.URL] = true
	l.polled[p.URL] = now
	delete(l.noticed, p.URL)
	return true
}

func (l *Loop) end(url string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.asking, url)
	<-l.slots
}

// due is when a peer is asked next. The mutex is held.
func (l *Loop) due(p *store.Peer) time.Time {
	last := p.Polled // by any process
	if mine := l.polled[p.URL]; mine.After(last) {
		last = mine
	}
	if last.IsZero() {
		return last
	}
	poll := l.poll()
	if l.noticed[p.URL] {
		return last.Add(min(minGap, poll/10))
	}
	return last.Add(poll - jitter(p.URL, last, poll/5))
}

// jitter is less than a bound, and differs between peers and between times, lest all
// trackers ask one at once.
func jitter(url string, last time.Time, bound time.Duration) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(url))
	h.Write([]byte(last.String()))
	return time.Duration(h.Sum64() % uint64(max(bound, 1)))
}

// forget forgets what is known of peers that are none any more.
func (l *Loop) forget(peers []store.Peer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	is := make(map[string]bool, len(peers))
	for _, p := range peers {
		is[p.URL] = true
	}
	for url := range l.polled {
		if !is[url] && !l.asking[url] {
			delete(l.polled, url)
		}
	}
	for url := range l.noticed {
		if !is[url] {
			delete(l.noticed, url)
		}
	}
}

// maxNoticed bounds the notices that are remembered between two looks.
const maxNoticed = 10 * peer.MaxTrackers

// Notice lets the loop know that a tracker says that it has something new. Only if it
// is a peer, that has an effect: it is asked soon.
func (l *Loop) Notice(n peer.Notice) { l.soon(n.URL.String()) }

func (l *Loop) soon(url string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.noticed) < maxNoticed {
		l.noticed[url] = true
	}
}

// news reports whether there is something new here since it was called last.
func (l *Loop) news(ctx context.Context) (bool, error) {
	if l.URL == (mirror.URL{}) {
		return false, nil // peers could not know who has it
	}
	state, err := l.Catalogue.State(ctx)
	if err != nil || state.Tag == l.told {
		return false, err
	}
	l.told = state.Tag
	return true, nil
}

// tell gives notice to all peers. Those that do not hear it ask sooner or later anyway.
func (l *Loop) tell(ctx context.Context, peers []store.Peer) {
	notice := peer.Notice{Tracker: l.Catalogue.Name, URL: l.URL}
	var telling errgroup.Group
	telling.SetLimit(parallel)
	for _, p := range peers {
		telling.Go(func() error {
			at, err := mirror.ParseURL(p.URL)
			if err == nil {
				err = l.Client.Notify(ctx, at, notice)
			}
			if err != nil {
				l.Log.Debug("peer is told in vain", "peer", p.URL, "err", err)
			}
			return nil
		})
	}
	telling.Wait()
}
