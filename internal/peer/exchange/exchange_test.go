package exchange

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/fetch"
	"mirrortracker/internal/peer/peertest"
	"mirrortracker/internal/peer/receive"
	"mirrortracker/internal/peer/serve"
	"mirrortracker/internal/store"
)

// A tracker is one with both sides of the exchange.
type tracker struct {
	*peertest.Tracker
	*Exchange
	server *httptest.Server

	received string       // folder for downloads
	cut      atomic.Int64 // bytes of answers that are packs, after which they are broken off; -1 for none
	packs    atomic.Int64 // that were asked for
}

func newTracker(t *testing.T, name string) *tracker {
	t.Helper()
	k := &tracker{Tracker: peertest.New(t, name), received: t.TempDir()}
	k.cut.Store(-1)
	log := slog.New(slog.DiscardHandler)
	s, err := serve.New(serve.Config{
		Source:    k.Tracker.Store,
		Catalogue: k.Tracker.Catalogue,
		Key:       k.Tracker.Key,
		Folder:    t.TempDir(),
		Cache:     1 << 30,
		Notice:    func(peer.Notice) {},
		// Nothing is remembered of what was offered a moment ago.
		Now: func() func() time.Time {
			var asked atomic.Int64
			return func() time.Time { return time.Now().Add(time.Duration(asked.Add(1)) * time.Minute) }
		}(),
		Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	answer := s.Handler()
	k.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, "/pack") {
			k.packs.Add(1)
			w = &cutting{w, k.cut.Load()}
		}
		answer.ServeHTTP(w, req)
	}))
	t.Cleanup(k.server.Close)
	k.Exchange = &Exchange{
		Store:     k.Tracker.Store,
		Receiver:  &receive.Receiver{Store: k.Tracker.Store, Owner: name, Rules: receive.DefaultRules, Now: time.Now},
		Client:    fetch.New(fetch.Options{Folder: k.received, MaxPack: 1 << 30}),
		Catalogue: k.Tracker.Catalogue,
		Key:       peer.Public(k.Tracker.Key),
		Owner:     name,
		Now:       time.Now,
		Log:       log,
	}
	return k
}

// cutting breaks off an answer.
type cutting struct {
	http.ResponseWriter
	left int64 // -1 for any number of bytes
}

// Unwrap serves [http.ResponseController].
func (c *cutting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *cutting) Write(b []byte) (int, error) {
	if c.left >= 0 && int64(len(b)) > c.left {
		c.ResponseWriter.Write(b[:c.left])
		http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	if c.left >= 0 {
		c.left -= int64(len(b))
	}
	return c.ResponseWriter.Write(b)
}

// url is where the tracker is reached, as others write it down.
func (k *tracker) url() string { return k.server.URL + "/" }

// peers makes another tracker a peer that is believed about patterns.
func (k *tracker) peers(t *testing.T, other *tracker, introduces bool, trust ...string) {
	t.Helper()
	p := store.Peer{URL: other.url(), Key: other.Exchange.Key.String(), Trust: trust, Introduces: introduces}
	if err := k.Tracker.PutPeer(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// pull asks all peers that are asked.
func (k *tracker) pull(t *testing.T) (taken int) {
	t.Helper()
	all, err := k.Tracker.Peers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Key == "" {
			continue
		}
		report, err := k.Pull(t.Context(), p.URL)
		if err != nil {
			t.Fatalf("%s: %v", p.URL, err)
		}
		taken += len(report.Taken)
	}
	return taken
}

// roots returns the root in force of each site.
func (k *tracker) roots(t *testing.T) map[mirror.SiteID]digest.ID {
	t.Helper()
	all, err := k.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	roots := map[mirror.SiteID]digest.ID{}
	for _, s := range all {
		roots[s.Site] = s.Root
	}
	return roots
}

// Three trackers in a ring, each of which is given the next one alone, know all sites
// after two polls, and ask each other.
func TestAllKnowAllWithinTwoPolls(t *testing.T) {
	ring := []*tracker{newTracker(t, "one"), newTracker(t, "two"), newTracker(t, "three")}
	want := map[mirror.SiteID]digest.ID{}
	for i, k := range ring {
		site := peertest.Site(t, k.Tracker.Catalogue.Name)
		want[site.ID()] = k.Crawled(t, site, 3, 1, time.Now()).Root
		k.peers(t, ring[(i+1)%3], true, "*")
	}
	for range 2 {
		for _, k := range ring {
			k.pull(t)
		}
	}
	for _, k := range ring {
		if got := k.roots(t); !maps.Equal(got, want) {
			t.Errorf("%s knows %v, want %v", k.Tracker.Catalogue.Name, got, want)
		}
		if n := k.pull(t); n != 0 {
			t.Errorf("%s takes over %d snapshots again", k.Tracker.Catalogue.Name, n)
		}
	}
	for site, snap := range current(t, ring[0]) {
		own := site == peertest.Site(t, "one").ID()
		if own != (snap.Origin == "") || own != (snap.Via == "") || snap.Origin == "one" {
			t.Errorf("site %s is of %q by %q", site, snap.Origin, snap.Via)
		}
	}
}

func current(t *testing.T, k *tracker) map[mirror.SiteID]store.Snapshot {
	t.Helper()
	all, err := k.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	by := map[mirror.SiteID]store.Snapshot{}
	for _, s := range all {
		by[s.Site] = s
	}
	return by
}

// A peer's changes come as what differs, and sites that are like known ones, too.
func TestWhatIsKnownDoesNotTravel(t *testing.T) {
	one, two := newTracker(t, "one"), newTracker(t, "two")
	two.peers(t, one, false, "*")
	site := peertest.Site(t, "site")
	began := time.Now().Add(-time.Hour)
	one.Crawled(t, site, 300, 1, began)
	bytes := func() int64 {
		t.Helper()
		report, err := two.Pull(t.Context(), one.url())
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Taken) != 1 {
			t.Fatalf("%d snapshots are taken over", len(report.Taken))
		}
		return report.Bytes
	}
	full := bytes()
	one.Crawled(t, site, 300, 2, began.Add(time.Minute))
	if delta := bytes(); delta > full/10 {
		t.Errorf("a change of one file takes %d bytes, all of it %d", delta, full)
	}
	mirrored := peertest.Site(t, "mirror")
	one.CrawledLike(t, mirrored, site, 300, 3, began)
	if delta := bytes(); delta > full/10 {
		t.Errorf("a mirror takes %d bytes, all of it %d", delta, full)
	}
	if got := two.roots(t); !maps.Equal(got, one.roots(t)) {
		t.Errorf("known: %v", got)
	}
}

// Nothing partial is to be seen, wherever the transfer breaks off.
func TestNothingPartialIsVisible(t *testing.T) {
	one, two := newTracker(t, "one"), newTracker(t, "two")
	two.peers(t, one, false, "*")
	site := peertest.Site(t, "site")
	one.Crawled(t, site, 300, 1, time.Now().Add(-time.Hour))
	if n := two.pull(t); n != 1 {
		t.Fatalf("%d snapshots are taken over", n)
	}
	before := current(t, two)
	one.Crawled(t, site, 600, 2, time.Now())
	for range 9 {
		one.cut.Store(500)
		if _, err := two.Pull(t.Context(), one.url()); err == nil {
			t.Fatal("what was broken off is taken over")
		}
		if now := current(t, two); !maps.Equal(now, before) {
			t.Errorf("in force: %v", now)
		}
	}
	peers, err := two.Peers(t.Context())
	if err != nil || peers[0].Error == "" || peers[0].Succeeded.IsZero() {
		t.Errorf("recorded: %+v, %v", peers, err)
	}
	one.cut.Store(-1)
	if two.pull(t); !maps.Equal(two.roots(t), one.roots(t)) {
		t.Errorf("in force: %v", current(t, two))
	}
}

// A download that was broken off and whose part is spoilt begins again.
func TestASpoiltPartIsNoHindrance(t *testing.T) {
	one, two := newTracker(t, "one"), newTracker(t, "two")
	two.peers(t, one, false, "*")
	one.Crawled(t, peertest.Site(t, "site"), 300, 1, time.Now())
	one.cut.Store(5000)
	if _, err := two.Pull(t.Context(), one.url()); err == nil {
		t.Fatal("what was broken off is taken over")
	}
	parts, err := filepath.Glob(filepath.Join(two.received, "*.part"))
	if err != nil || len(parts) != 1 {
		t.Fatalf("there are %v, %v", parts, err)
	}
	if err := os.WriteFile(parts[0], make([]byte, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	one.cut.Store(-1)
	if n := two.pull(t); n != 1 {
		t.Errorf("%d snapshots are taken over", n)
	}
}

// What is of the future is refused until it is no more.
func TestTheFutureComes(t *testing.T) {
	one, two := newTracker(t, "one"), newTracker(t, "two")
	two.peers(t, one, false, "*")
	begin := time.Now()
	now := func() time.Time { return begin }
	two.Now, two.Receiver.Now = func() time.Time { return now() }, func() time.Time { return now() }
	one.Crawled(t, peertest.Site(t, "site"), 2, 1, begin.Add(10*time.Minute))
	for range 2 {
		if n := two.pull(t); n != 0 {
			t.Errorf("%d snapshots of the future are taken over", n)
		}
	}
	now = func() time.Time { return begin.Add(6 * time.Minute) }
	if n := two.pull(t); n != 1 {
		t.Errorf("%d snapshots are taken over", n)
	}
}

// A peer that may introduce others vouches for their keys, within what it is believed
// about itself; what it says of those who are believed already counts for nothing.
func TestIntroductions(t *testing.T) {
	hub, two, three := newTracker(t, "hub"), newTracker(t, "two"), newTracker(t, "three")
	hub.peers(t, two, true, "*")
	two.peers(t, three, true, "*")
	for _, k := range []*tracker{hub, two, three} {
		k.pull(t)
	}
	// The hub knows two, and three by two's word.
	for _, c := range []struct {
		name       string
		introduces bool
		given      bool // two is one's peer already
		trust      []string
		want       map[string]string // URL to how it is known
	}{
		{"it may not", false, false, []string{"*.de"}, map[string]string{hub.url(): "given *.de", two.url(): "known", three.url(): "known"}},
		{"it may", true, false, []string{"*.de"}, map[string]string{hub.url(): "given *.de", two.url(): "by hub *.de", three.url(): "by hub *.de"}},
		{"one is given already", true, true, []string{"*.de"}, map[string]string{hub.url(): "given *.de", two.url(): "given *.at", three.url(): "by hub *.de"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newTracker(t, "one")
			k.peers(t, hub, c.introduces, c.trust...)
			if c.given {
				k.peers(t, two, false, "*.at")
			}
			for range 2 {
				k.pull(t)
			}
			all, err := k.Peers(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, p := range all {
				switch {
				case p.Key == "":
					got[p.URL] = "known"
				case p.Via == hub.url():
					got[p.URL] = "by hub " + strings.Join(p.Trust, " ")
				case p.Via == "":
					got[p.URL] = "given " + strings.Join(p.Trust, " ")
				default:
					got[p.URL] = "by " + p.Via
				}
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("known: %v, want %v", got, c.want)
			}
		})
	}
}

// What an introducer may say no more, those whom it introduced may not either.
func TestIntroductionsEndWithTheirIntroducer(t *testing.T) {
	hub, two, k := newTracker(t, "hub"), newTracker(t, "two"), newTracker(t, "three")
	hub.peers(t, two, false, "*")
	k.peers(t, hub, true, "*")
	k.pull(t)
	two.Crawled(t, peertest.Site(t, "site"), 2, 1, time.Now())
	k.peers(t, hub, true, "*.de")
	if report, err := k.Pull(t.Context(), two.url()); err != nil || len(report.Taken) > 0 || report.Strange != 1 {
		t.Errorf("believed about less: %+v, %v", report, err)
	}
	k.peers(t, hub, false, "*")
	if _, err := k.Pull(t.Context(), two.url()); err == nil || !strings.Contains(err.Error(), "introduced it") {
		t.Errorf("introducing nobody: %v", err)
	}
	k.peers(t, two, false, "*")
	if report, err := k.Pull(t.Context(), two.url()); err != nil || len(report.Taken) != 1 {
		t.Errorf("as a peer of its own: %+v, %v", report, err)
	}
}

func TestWhoIsNotWhoItWas(t *testing.T) {
	one, two := newTracker(t, "one"), newTracker(t, "two")
	for name, c := range map[string]struct {
		peer store.Peer
		want string
	}{
		"another key": {store.Peer{URL: one.url(), Key: two.Exchange.Key.String()}, "it has the key"},
		"itself":      {store.Peer{URL: two.url(), Key: one.Exchange.Key.String()}, "this tracker itself"},
		"nobody":      {store.Peer{URL: "http://127.0.0.1:1/", Key: one.Exchange.Key.String()}, "connection refused"},
	} {
		k := two
		if err := k.PutPeer(t.Context(), c.peer); err != nil {
			t.Fatal(err)
		}
		if name == "another key" {
			k = newTracker(t, "three")
			if err := k.PutPeer(t.Context(), c.peer); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := k.Pull(t.Context(), c.peer.URL); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// What is refused is not downloaded again and again, and own and strange sites are not
// even asked for.
func TestOnlyWhatIsWantedIsDownloaded(t *testing.T) {
	one, two := newTracker(t, "one"), newTracker(t, "two")
	two.peers(t, one, false, "own.example", "old.example", "new.example")
	for name, finished := range map[string]time.Time{
		"own":     time.Now(),
		"old":     time.Now().AddDate(0, -2, 0),
		"new":     time.Now(),
		"strange": time.Now(),
	} {
		one.Crawled(t, peertest.Site(t, name), 2, 1, finished)
	}
	two.Crawled(t, peertest.Site(t, "own"), 2, 2, time.Now().Add(-time.Hour))
	for i := range 3 {
		report, err := two.Pull(t.Context(), one.url())
		if err != nil {
			t.Fatal(err)
		}
		first := map[bool]int{true: 1}[i == 0]
		if len(report.Taken) != first || len(report.Refused) != first {
			t.Errorf("poll %d: %+v", i+1, report)
		}
		// As if the list had changed.
		if err := two.RecordPeer(t.Context(), one.url(), store.PeerState{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := one.packs.Load(); n != 1 {
		t.Errorf("%d packs are asked for", n)
	}
	refusals, err := two.Refusals(t.Context())
	if err != nil || len(refusals) != 1 || refusals[0].Site.Host != "old.example" {
		t.Errorf("refused: %v, %v", refusals, err)
	}
}

// One peer is asked by one process at a time.
func TestAPeerIsAskedByOneAtATime(t *testing.T) {
	one, two := newTracker(t, "one"), newTracker(t, "two")
	two.peers(t, one, false, "*")
	_, _, release, err := two.Hold(t.Context(), store.PeerLease(one.url()), "another", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Pull(t.Context(), one.url()); err == nil || !strings.Contains(err.Error(), "another") {
		t.Errorf("asked beside another: %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if n := two.pull(t); n != 0 {
		t.Errorf("%d snapshots are taken over of nothing", n)
	}
}

func TestWhenPeersAreAsked(t *testing.T) {
	const poll = 5 * time.Minute
	begin := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	l := NewLoop(&Exchange{Log: slog.New(slog.DiscardHandler)}, func() time.Duration { return poll })
	p := &store.Peer{URL: "http://a.example/"}
	asked := func(after time.Duration) bool {
		t.Helper()
		if !l.begin(p, begin.Add(after)) {
			return false
		}
		l.end(p.URL)
		return true
	}
	if !asked(0) {
		t.Error("a new peer is not asked at once")
	}
	if asked(poll*4/5 - time.Second) {
		t.Error("it is asked too soon")
	}
	at, err := mirror.ParseURL(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	// A storm of notices makes it be asked once in a while.
	times := 0
	for s := range 60 {
		for range 1000 {
			l.Notice(peer.Notice{Tracker: "a", URL: at})
		}
		if asked(time.Minute + time.Duration(s)*time.Second) {
			times++
		}
	}
	if times != 2 {
		t.Errorf("it is asked %d times in a minute of notices", times)
	}
	l.noticed = map[string]bool{}
	if !asked(10 * time.Minute) {
		t.Error("it is not asked again")
	}
	p.Polled = begin.Add(12 * time.Minute) // by another process
	if asked(15 * time.Minute) {
		t.Error("it is asked though another process did")
	}
	for i := range 2 * maxNoticed {
		l.Notice(peer.Notice{URL: mirror.URL{Scheme: "http", Host: "a", Port: uint16(1 + i%65535), Base: "/"}})
	}
	if len(l.noticed) > maxNoticed {
		t.Errorf("%d notices are remembered", len(l.noticed))
	}
	if l.forget(nil); len(l.noticed)+len(l.polled) > 0 {
		t.Error("who is no peer is remembered")
	}
}

// The loop takes over what a peer has, tells its own peers of it, and ends when it is
// told to.
func TestLoop(t *testing.T) {
	one, two := newTracker(t, "one"), newTracker(t, "two")
	two.peers(t, one, false, "*")
	two.Exchange.URL = mirror.URL{Scheme: "http", Host: "two.example", Port: 80, Base: "/"}
	one.Crawled(t, peertest.Site(t, "site"), 2, 1, time.Now())
	told := make(chan bool, 10)
	answer := one.server.Config.Handler
	one.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		answer.ServeHTTP(w, req)
		if req.Method == http.MethodPost {
			told <- true
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	loop := NewLoop(two.Exchange, func() time.Duration { return time.Second })
	ended := make(chan bool)
	go func() {
		loop.Run(ctx)
		close(ended)
	}()
	for range 2 { // what it has when it begins, and what it takes over
		<-told
	}
	if !maps.Equal(two.roots(t), one.roots(t)) {
		t.Errorf("in force: %v", slices.Collect(maps.Keys(two.roots(t))))
	}
	stop()
	<-ended
}
