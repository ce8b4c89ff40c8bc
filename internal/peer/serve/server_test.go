package serve

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/catalogue"
	"mirrortracker/internal/peer/peertest"
	"mirrortracker/internal/store"
)

// A desk is a server with what it is asked for.
type desk struct {
	*Server
	*peertest.Tracker
	noticed []peer.Notice
}

func newDesk(t *testing.T, cache int64) *desk {
	t.Helper()
	d := &desk{Tracker: peertest.New(t, "one")}
	// Time stands still but for what a test asks at once, lest anything is limited.
	now := time.Now()
	s, err := New(Config{
		Source:    d.Store,
		Catalogue: d.Tracker.Catalogue,
		Key:       d.Tracker.Key,
		Folder:    t.TempDir(),
		Cache:     cache,
		Notice:    func(n peer.Notice) { d.noticed = append(d.noticed, n) },
		Now:       func() time.Time { return now },
		Log:       slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Server = s
	return d
}

func (d *desk) ask(method, target, body string) *httptest.ResponseRecorder {
	w := &recorder{httptest.NewRecorder()}
	d.Handler().ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w.ResponseRecorder
}

// A recorder has a deadline that nobody keeps.
type recorder struct{ *httptest.ResponseRecorder }

func (*recorder) SetWriteDeadline(time.Time) error { return nil }

func packURL(snap store.Snapshot, have ...digest.ID) string {
	query := url.Values{"root": {snap.Root.String()}}
	for _, id := range have {
		query.Add("have", id.String())
	}
	return fmt.Sprintf("/peer/v1/sites/%s/pack?%s", snap.Site, query.Encode())
}

func TestWhatIsRefused(t *testing.T) {
	d := newDesk(t, 1<<20)
	snap := d.Crawled(t, peertest.Site(t, "site"), 2, 1, time.Now())
	other := store.Snapshot{Site: peertest.Site(t, "other").ID(), Root: snap.Root}
	for name, c := range map[string]struct {
		method, target, body string
		status               int
	}{
		"no identity":      {"GET", "/peer/v1/sites/site/pack?root=" + snap.Root.String(), "", 400},
		"no root":          {"GET", "/peer/v1/sites/" + snap.Site.String() + "/pack", "", 400},
		"short root":       {"GET", "/peer/v1/sites/" + snap.Site.String() + "/pack?root=00", "", 400},
		"no such site":     {"GET", packURL(other), "", 404},
		"no such root":     {"GET", packURL(store.Snapshot{Site: snap.Site, Root: digest.ID{1}}), "", 404},
		"bad have":         {"GET", packURL(snap) + "&have=x", "", 400},
		"too many haves":   {"GET", packURL(snap, make([]digest.ID, peer.MaxHave+1)...), "", 400},
		"as many":          {"GET", packURL(snap, make([]digest.ID, peer.MaxHave)...), "", 200},
		"no notice":        {"POST", "/peer/v1/notify", "x", 400},
		"long notice":      {"POST", "/peer/v1/notify", `{"tracker":"` + strings.Repeat("a", peer.MaxNotice), 400},
		"notice of no URL": {"POST", "/peer/v1/notify", `{"url":"x"}`, 400},
		"nothing":          {"GET", "/", "", 404},
		"a change":         {"PUT", "/peer/v1/snapshots", "", 405},
	} {
		if res := d.ask(c.method, c.target, c.body); res.Code != c.status {
			t.Errorf("%s: status %d, want %d: %s", name, res.Code, c.status, res.Body)
		}
	}
	if len(d.noticed) > 0 {
		t.Errorf("noticed: %v", d.noticed)
	}
	if res := d.ask("POST", "/peer/v1/notify", `{"tracker":"two","url":"http://two.example"}`); res.Code != 202 || len(d.noticed) != 1 || d.noticed[0].URL.String() != "http://two.example/" {
		t.Errorf("a notice is answered with %d, noticed: %v", res.Code, d.noticed)
	}
}

// Roots that the tracker does not know are no bases, and others are.
func TestBases(t *testing.T) {
	d := newDesk(t, 1<<20)
	site := peertest.Site(t, "site")
	old := d.Crawled(t, site, 2, 1, time.Now().Add(-time.Hour))
	snap := d.Crawled(t, site, 2, 2, time.Now())
	other := d.Crawled(t, peertest.Site(t, "other"), 2, 2, time.Now())
	state, err := d.Tracker.Catalogue.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h, err := d.Tracker.Catalogue.Header(t.Context(), state, catalogue.Order{Site: snap.Site, Root: snap.Root, Have: []digest.ID{old.Root, {1}, other.Root, old.Root}})
	if err != nil || len(h.Bases) != 2 || h.Bases[0] != old.Root || h.Bases[1] != other.Root {
		t.Errorf("bases are %v (%v)", h.Bases, err)
	}
}

// Who ask for the same at once get the same, which is made once, and is kept.
func TestAPackIsMadeOnce(t *testing.T) {
	d := newDesk(t, 1<<20)
	snap := d.Crawled(t, peertest.Site(t, "site"), 50, 1, time.Now())
	answers := make([]*httptest.ResponseRecorder, 8)
	var asking sync.WaitGroup
	for i := range answers {
		asking.Go(func() { answers[i] = d.ask("GET", packURL(snap), "") })
	}
	asking.Wait()
	for _, res := range answers {
		if res.Code != 200 || res.Header().Get("ETag") != answers[0].Header().Get("ETag") || res.Body.String() != answers[0].Body.String() {
			t.Errorf("status %d, %s", res.Code, res.Header())
		}
	}
	signature := d.ask("GET", strings.Replace(packURL(snap), "/pack", "/pack.minisig", 1), "")
	if err := pack.Verify(answers[0].Body, peer.Public(d.Tracker.Key), signature.Body.Bytes()); err != nil {
		t.Error(err)
	}
	if made := d.packs.made.Load(); made != 1 {
		t.Errorf("it is made %d times", made)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(d.Collector())
	told := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(told, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{`crawler_peer_requests_total{for="pack",status="200"} 8`, `crawler_peer_packs_made_total 1`} {
		if !strings.Contains(told.Body.String(), "\n"+line+"\n") {
			t.Errorf("%s is not among\n%s", line, told.Body)
		}
	}
}

// What was asked for least lately goes first, and the last one stays whatever it takes.
func TestTheCacheIsBounded(t *testing.T) {
	d := newDesk(t, 0)
	var snaps []store.Snapshot
	for i := range 3 {
		snaps = append(snaps, d.Crawled(t, peertest.Site(t, fmt.Sprintf("site-%d", i)), 5, 1, time.Now()))
	}
	size := int64(d.ask("GET", packURL(snaps[0]), "").Body.Len())
	d.packs.limit = 2*size + size/2
	for i, n := range []int{0, 1} {
		d.ask("GET", packURL(snaps[n]), "")
		// Files were used at times that a clock tells apart.
		for _, path := range d.kept(t) {
			if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) < time.Minute {
				at := time.Now().Add(time.Duration(i-60) * time.Minute)
				if err := os.Chtimes(path, at, at); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	d.ask("GET", packURL(snaps[0]), "") // is the younger one now
	d.ask("GET", packURL(snaps[2]), "")
	if n := len(d.kept(t)); n != 2 {
		t.Fatalf("%d packs are kept", n)
	}
	made := d.packs.made.Load()
	if d.ask("GET", packURL(snaps[0]), ""); d.packs.made.Load() != made {
		t.Error("the one that was asked for lately is gone")
	}
	if d.ask("GET", packURL(snaps[1]), ""); d.packs.made.Load() != made+1 {
		t.Error("the other one is kept")
	}
	if left, err := filepath.Glob(filepath.Join(d.Folder, unfinished+"*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func (d *desk) kept(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(d.Folder, "*"+packSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A storm of requests from one network is turned away, and other networks are not.
func TestAStormIsTurnedAway(t *testing.T) {
	d := newDesk(t, 1<<20)
	h := d.Handler()
	from := func(address string) int {
		req := httptest.NewRequest("POST", "/peer/v1/notify", strings.NewReader(`{"tracker":"two","url":"http://two.example/"}`))
		req.RemoteAddr = address
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w.Code
	}
	answers := map[int]int{}
	for range 3 * limit.Burst {
		answers[from("192.0.2.1:1")]++
	}
	if answers[202] != limit.Burst || answers[429] != 2*limit.Burst {
		t.Errorf("answered with %v", answers)
	}
	if got := from("192.0.2.2:1"); got != 202 {
		t.Errorf("another network gets %d", got)
	}
}

// A database that fails is said to fail, and no more is told.
func TestTheDatabaseIsAway(t *testing.T) {
	d := newDesk(t, 1<<20)
	d.Server.Catalogue = &catalogue.Catalogue{Source: away{d.Store}, Name: "one"}
	d.Source = away{d.Store}
	for _, path := range []string{peer.SnapshotsPath, peer.TrackersPath, peer.SitesPath + mirror.SiteID{}.String() + "/pack?root=" + digest.ID{1}.String()} {
		res := d.ask("GET", "/"+path, "")
		text, err := io.ReadAll(res.Body)
		if err != nil || res.Code != http.StatusServiceUnavailable || res.Header().Get("Retry-After") == "" || strings.Contains(string(text), "secret") {
			t.Errorf("%s: status %d, %s", path, res.Code, text)
		}
	}
}

type away struct{ *store.Store }

func (away) Sites(context.Context) ([]mirror.Site, error) { return nil, fmt.Errorf("a secret") }
func (away) Peers(context.Context) ([]store.Peer, error)  { return nil, fmt.Errorf("a secret") }

// A pack may take longer to be made than other answers.
func TestAPackMayTakeLong(t *testing.T) {
	d := newDesk(t, 1<<20)
	snap := d.Crawled(t, peertest.Site(t, "site"), 2, 1, time.Now())
	const patience = 50 * time.Millisecond
	may := make(chan struct{})
	time.AfterFunc(4*patience, func() { close(may) })
	d.packs.source = slow{d.Store, may}
	server := httptest.NewUnstartedServer(d.Handler())
	server.Config.ReadTimeout, server.Config.WriteTimeout = patience, patience
	server.Start()
	defer server.Close()
	res, err := http.Get(server.URL + packURL(snap))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || len(text) == 0 {
		t.Errorf("status %d, %d bytes, %v", res.StatusCode, len(text), err)
	}
}

// A slow source has nothing before it may.
type slow struct {
	*store.Store
	may <-chan struct{}
}

func (s slow) Trees(ctx context.Context, ids []digest.ID, parts store.Parts, fn func(*digest.Tree) error) error {
	select {
	case <-s.may:
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.Store.Trees(ctx, ids, parts, fn)
}
