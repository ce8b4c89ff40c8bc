package health

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A lab is a Checker whose checks find what they are told to.
type lab struct {
	*Checker
	registry *prometheus.Registry
	mu       sync.Mutex
	sites    []mirror.Site
	found    map[key]finding
	asked    map[key]int
}

func parse(t testing.TB, text string) mirror.URL {
	t.Helper()
	u, err := mirror.ParseURL(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// three are sites with one URL of HTTP each.
func three(t testing.TB) []mirror.Site {
	var all []mirror.Site
	for _, name := range []string{"a", "b", "c"} {
		all = append(all, mirror.Site{
			Name:    name,
			URL:     parse(t, "ftp://"+name+".example/"),
			Serving: []mirror.URL{parse(t, "http://"+name+".example/pub/"), parse(t, "rsync://"+name+".example/")},
		})
	}
	return all
}

func newLab(t testing.TB, cfg Config, sites []mirror.Site) *lab {
	l := &lab{registry: prometheus.NewRegistry(), sites: sites, found: map[key]finding{}, asked: map[key]int{}}
	cfg.Metrics = l.registry
	cfg.Process = "tester"
	cfg.Sites = func() []mirror.Site {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.sites
	}
	l.Checker = New(cfg)
	l.ask = func(_ context.Context, q *question) finding {
		l.mu.Lock()
		defer l.mu.Unlock()
		k := key{q.url, q.family}
		l.asked[k]++
		f := l.found[k]
		f.file = q.file
		return f
	}
	return l
}

func (l *lab) finds(f finding, u mirror.URL, families ...Family) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, family := range families {
		l.found[key{u, family}] = f
	}
}

func (l *lab) track(sites []mirror.Site) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sites = sites
}

// start runs the Checker until the end of the test's bubble.
func (l *lab) start(t testing.TB) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (l *lab) want(t testing.TB, u mirror.URL, want Pair) {
	t.Helper()
	if got := l.Board().State(u); got != want {
		t.Errorf("%s: %v, want %v", u, got, want)
	}
}

// scrape compares the series of a metric, without its name.
func (l *lab) scrape(t testing.TB, name, want string) {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(l.registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	var got strings.Builder
	for line := range strings.Lines(w.Body.String()) {
		if series, ok := strings.CutPrefix(line, "redirector_health_"+name+"{"); ok {
			got.WriteString("{" + series)
		}
	}
	if got.String() != want {
		t.Errorf("%s:\n%s\nwant:\n%s", name, got.String(), want)
	}
}

// A site that dies leaves within a minute and comes back by itself; the others and its
// other URL stay.
func TestLeavesWithinAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Config{}, three(t))
		u := l.sites[0].Serving[0]
		l.finds(nowhere, u, IPv6)
		l.want(t, u, Pair{Unknown, Unknown})
		defer l.start(t)()
		time.Sleep(30 * time.Second)
		l.want(t, u, Pair{Up, Absent})
		l.want(t, l.sites[0].URL, Pair{Up, Up})
		before := l.Board().Table()
		time.Sleep(10 * time.Minute)
		if l.Board().Table() != before {
			t.Error("the board changed although nothing did")
		}
		l.finds(refuses, u, IPv4)
		time.Sleep(time.Minute)
		l.want(t, u, Pair{Down, Absent})
		l.want(t, l.sites[0].URL, Pair{Up, Up})
		l.want(t, l.sites[1].Serving[0], Pair{Up, Up})
		if four, six := l.Board().Table().Reason(u, IPv4), l.Board().Table().Reason(u, IPv6); four != refuses.reason || six != "" {
			t.Errorf("it is down over IPv4 because %q, over IPv6 because %q", four, six)
		}
		if l.Board().Table().Generation() <= before.Generation() {
			t.Error("the generation does not grow")
		}
		l.finds(fine, u, IPv4)
		time.Sleep(70 * time.Second)
		l.want(t, u, Pair{Up, Absent})
		l.mu.Lock()
		asked := maps.Clone(l.asked)
		l.mu.Unlock()
		for k, n := range asked {
			if k.url.Scheme == "rsync" {
				t.Errorf("%s was checked", k.url)
			}
			if most := int(14*time.Minute/l.cfg.Options.Interval) + 10; n > most {
				t.Errorf("%s was checked %d times in 13 minutes", k.url, n)
			}
		}
		l.scrape(t, "changes_total", `{family="ipv4",scheme="ftp",state="up"} 3
{family="ipv4",scheme="http",state="down"} 1
{family="ipv4",scheme="http",state="up"} 4
{family="ipv6",scheme="ftp",state="up"} 3
{family="ipv6",scheme="http",state="absent"} 1
{family="ipv6",scheme="http",state="up"} 2
`)
		l.scrape(t, "site_offered", `{family="ipv4",scheme="ftp",site="a"} 1
{family="ipv4",scheme="ftp",site="b"} 1
{family="ipv4",scheme="ftp",site="c"} 1
{family="ipv4",scheme="http",site="a"} 1
{family="ipv4",scheme="http",site="b"} 1
{family="ipv4",scheme="http",site="c"} 1
{family="ipv6",scheme="ftp",site="a"} 1
{family="ipv6",scheme="ftp",site="b"} 1
{family="ipv6",scheme="ftp",site="c"} 1
{family="ipv6",scheme="http",site="a"} 0
{family="ipv6",scheme="http",site="b"} 1
{family="ipv6",scheme="http",site="c"} 1
`)
		l.scrape(t, "brake", `{family="ipv4",scheme="all"} 0
{family="ipv4",scheme="ftp"} 0
{family="ipv4",scheme="http"} 0
{family="ipv6",scheme="all"} 0
{family="ipv6",scheme="ftp"} 0
{family="ipv6",scheme="http"} 0
`)
	})
}

// Sites come and go while others are checked.
func TestSitesChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := three(t)
		l := newLab(t, Config{}, all[:2])
		defer l.start(t)()
		time.Sleep(30 * time.Second)
		l.want(t, all[2].URL, Pair{})
		l.track(all[1:])
		time.Sleep(30 * time.Second)
		l.want(t, all[0].URL, Pair{})
		l.want(t, all[1].URL, Pair{Up, Up})
		l.want(t, all[2].URL, Pair{Up, Up})
		l.mu.Lock()
		before := l.asked[key{all[0].URL, IPv4}]
		l.mu.Unlock()
		time.Sleep(time.Minute)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.asked[key{all[0].URL, IPv4}] != before {
			t.Error("a site that is gone is checked")
		}
	})
}

// No host is asked twice at once, however many URLs it has.
func TestHostsAreSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := mirror.Site{Name: "a", URL: parse(t, "ftp://a.example/")}
		for _, text := range []string{"http://a.example/", "https://a.example/", "http://a.example:81/", "http://a.example:82/"} {
			site.Serving = append(site.Serving, parse(t, text))
		}
		l := newLab(t, Config{}, []mirror.Site{site})
		var last time.Time
		l.ask = func(context.Context, *question) finding {
			l.mu.Lock()
			defer l.mu.Unlock()
			if now := time.Now(); now.Sub(last) < l.cfg.Options.Interval/spacings-time.Millisecond {
				t.Errorf("asked again after %v", now.Sub(last))
			}
			last = time.Now()
			return fine
		}
		defer l.start(t)()
		time.Sleep(5 * time.Minute)
	})
}

// memory keeps records, unless it is away.
type memory struct {
	mu     sync.Mutex
	away   bool
	states []store.Health
	events []store.HealthEvent
	pruned time.Time
}

func (m *memory) PutHealth(_ context.Context, states []store.Health, events []store.HealthEvent) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return context.DeadlineExceeded
	}
	m.states = states
	m.events = append(m.events, events...)
	return nil
}

func (m *memory) Health(context.Context) ([]store.Health, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		return nil, context.DeadlineExceeded
	}
	return m.states, nil
}

func (m *memory) PruneHealth(_ context.Context, before time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pruned = before
	return nil
}

// What happens while the database is away is written when it is back.
func TestRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := &memory{away: true}
		l := newLab(t, Config{Records: records}, three(t))
		defer l.start(t)()
		time.Sleep(time.Minute)
		u := l.sites[0].Serving[0]
		l.finds(refuses, u, IPv6)
		time.Sleep(time.Minute)
		l.want(t, u, Pair{Up, Down})
		records.mu.Lock()
		records.away = false
		records.mu.Unlock()
		time.Sleep(time.Minute)
		records.mu.Lock()
		defer records.mu.Unlock()
		if len(records.states) != 12 {
			t.Errorf("%d states are written", len(records.states))
		}
		down := 0
		for _, h := range records.states {
			if h.State == "down" {
				down++
				if h.URL != u.String() || h.Site != l.sites[0].ID() || h.Family != "ipv6" || h.Reason != refuses.reason || h.Checker != "tester" || h.Since.IsZero() {
					t.Errorf("%+v", h)
				}
			}
		}
		if down != 1 || len(records.events) != 13 {
			t.Errorf("%d are down, %d events", down, len(records.events))
		}
		if want := time.Now().AddDate(0, 0, -30); want.Sub(records.pruned).Abs() > 2*time.Minute {
			t.Errorf("pruned up to %v, want about %v", records.pruned, want)
		}
	})
}

// What happens just before the end is written as well.
func TestRecordsAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := &memory{}
		l := newLab(t, Config{Records: records}, three(t))
		stop := l.start(t)
		time.Sleep(time.Minute)
		u := l.sites[0].Serving[0]
		records.mu.Lock()
		before := len(records.events)
		records.mu.Unlock()
		l.finds(refuses, u, IPv6)
		for l.Board().State(u)[IPv6] != Down {
			time.Sleep(time.Second / 10)
		}
		stop()
		if n := len(records.events); n != before+1 || records.events[n-1].To != "down" {
			t.Errorf("%d events, %d before", n, before)
		}
	})
}

// What was down before a restart is down after it, unless that was long ago, and returns
// as ever.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sites := three(t)
		recorded := func(i int, state State, age time.Duration) store.Health {
			return store.Health{
				Site: sites[i].ID(), URL: sites[i].Serving[0].String(), Family: "ipv4",
				State: state.String(), Reason: "recorded", Checked: time.Now().Add(-age),
			}
		}
		records := &memory{states: []store.Health{recorded(0, Down, time.Minute), recorded(1, Down, time.Hour), recorded(2, Stale, time.Minute)}}
		l := newLab(t, Config{Records: records}, nil)
		for _, s := range sites {
			l.finds(later, s.Serving[0], IPv4)
		}
		defer l.start(t)()
		time.Sleep(3 * time.Second)
		l.track(sites) // the index is loaded after the records were read
		time.Sleep(30 * time.Second)
		l.want(t, sites[0].Serving[0], Pair{Down, Up})
		l.want(t, sites[1].Serving[0], Pair{Unknown, Up})
		l.want(t, sites[2].Serving[0], Pair{Unknown, Up})
		l.finds(fine, sites[0].Serving[0], IPv4)
		time.Sleep(70 * time.Second)
		l.want(t, sites[0].Serving[0], Pair{Up, Up})

		// A site that is tracked again later begins anew.
		l.track(nil)
		time.Sleep(2 * beat)
		l.finds(later, sites[0].Serving[0], IPv4)
		l.track(sites)
		time.Sleep(30 * time.Second)
		l.want(t, sites[0].Serving[0], Pair{Unknown, Up})
	})
}

// What was recorded lately is shown to other programs, and of the rest nothing.
func TestRecorded(t *testing.T) {
	sites := three(t)
	recorded := func(i int, state, family string, age time.Duration) store.Health {
		return store.Health{Site: sites[i].ID(), URL: sites[i].Serving[0].String(), Family: family, State: state, Reason: "it is " + state, Checked: time.Now().Add(-age)}
	}
	board, err := Recorded(t.Context(), &memory{states: []store.Health{
		recorded(0, "down", "ipv4", time.Minute),
		recorded(0, "up", "ipv6", time.Minute),
		recorded(1, "down", "ipv4", time.Hour),
		recorded(1, "stale", "ipv6", 0),
		recorded(2, "of a later version", "ipv6", 0),
	}}, sites)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Pair{{Down, Up}, {Unknown, Stale}, {Unknown, Unknown}} {
		if got := board.State(sites[i].Serving[0]); got != want {
			t.Errorf("site %d is %v, want %v", i, got, want)
		}
	}
	for i, want := range []string{"it is down", "", ""} {
		if four, six := board.Table().Reason(sites[i].Serving[0], IPv4), board.Table().Reason(sites[i].Serving[0], IPv6); four != want || six != "" {
			t.Errorf("site %d is down because %q and %q, want %q", i, four, six, want)
		}
	}
	if _, err := Recorded(t.Context(), &memory{away: true}, sites); err == nil {
		t.Error("no error from records that are away")
	}
}

// posts is a webhook's other side.
type posts struct {
	mu     sync.Mutex
	status []int // of the next answers; 204 afterwards
	bodies []string
	signed []string
}

func (p *posts) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bodies = append(p.bodies, string(body))
	p.signed = append(p.signed, req.Header.Get(signatureHeader))
	code := http.StatusNoContent
	if len(p.status) > 0 {
		code, p.status = p.status[0], p.status[1:]
	}
	return &http.Response{StatusCode: code, Status: http.StatusText(code), Body: http.NoBody, Request: req}, nil
}

func TestWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &posts{status: []int{http.StatusBadGateway, http.StatusTooManyRequests}}
		l := newLab(t, Config{Webhooks: []Webhook{{URL: "https://hooks.example/token", Secret: "s3cret"}}}, three(t))
		l.hooks[0].client.Transport = server
		defer l.start(t)()
		time.Sleep(time.Minute)
		if len(server.bodies) != 0 {
			t.Errorf("told of the beginning: %v", server.bodies)
		}
		u := l.sites[0].Serving[0]
		l.finds(refuses, u, IPv4)
		time.Sleep(time.Minute)
		l.finds(fine, u, IPv4)
		time.Sleep(time.Minute)
		server.mu.Lock()
		defer server.mu.Unlock()
		if len(server.bodies) != 4 {
			t.Fatalf("%d posts: %v", len(server.bodies), server.bodies)
		}
		for i, want := range []string{`"to":"down"`, `"to":"down"`, `"to":"down"`, `"to":"up"`} {
			if !strings.Contains(server.bodies[i], want) || !strings.Contains(server.bodies[i], `"process":"tester"`) || len(server.signed[i]) != len("sha256=")+64 {
				t.Errorf("post %d, signed %s: %s", i, server.signed[i], server.bodies[i])
			}
		}
		l.scrape(t, "webhook_events_total", "{outcome=\"delivered\"} 2\n")
	})
}

// A webhook that hangs keeps nobody waiting, and what it cannot take is dropped.
func TestWebhookHangs(t *testing.T) {
	l := newLab(t, Config{Webhooks: []Webhook{{URL: "http://hooks.example/"}}}, nil)
	for range hookQueue + 5 {
		l.hooks[0].post(Event{})
	}
	l.scrape(t, "webhook_events_total", "{outcome=\"dropped\"} 5\n")
}

// Reading the board takes no memory.
func TestBoardAllocatesNothing(t *testing.T) {
	l := newLab(t, Config{}, three(t))
	l.refresh()
	u := l.sites[1].Serving[0]
	if n := testing.AllocsPerRun(100, func() { l.Board().State(u) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	var none *Board
	if none.State(u) != (Pair{}) || none.Table().Generation() != 0 {
		t.Error("no board shows something")
	}
	offset, rows := none.Table().Rows(l.sites)
	if len(rows[IPv6]) != 9 || offset[1] != 3 || offset[2] != 6 {
		t.Errorf("%v %v", offset, rows)
	}
}
