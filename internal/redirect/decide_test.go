package redirect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mirrortracker/internal/health"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/store"
)

// records are what checkers have found of URLs' health.
type records struct {
	health.Records
	found []store.Health
}

func (r records) Health(context.Context) ([]store.Health, error) { return r.found, nil }

// ailing returns a Redirector whose board shows the states, and "out of order" as the
// reason of what is down.
func ailing(t testing.TB, w *world, states map[string]health.Pair) *Redirector {
	t.Helper()
	var found []store.Health
	for i := range w.sites {
		for _, u := range w.sites[i].URLs() {
			for _, f := range health.Families {
				found = append(found, store.Health{
					Site: w.sites[i].ID(), URL: u.String(), Family: f.String(),
					State: states[u.String()][f].String(), Reason: "out of order", Checked: time.Now(),
				})
			}
		}
	}
	board, err := health.Recorded(t.Context(), records{found: found}, w.sites)
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Source: w.hold(t), Now: clock, Board: board})
}

func TestHealth(t *testing.T) {
	const up, down, absent, stale = health.Up, health.Down, health.Absent, health.Stale
	east, eastFTP, west := "http://east.example/e/", "ftp://east.example:2121/", "https://west.example/w%20w/"
	all := []string{east, eastFTP, west, "ftp://west.example/", "http://wrong.example/", "ftp://wrong.example/", "ftp://origin.example/pub/"}
	dead := map[string]health.Pair{}
	for _, url := range all {
		dead[url] = health.Pair{down, down}
	}
	four, six := "192.0.2.1", "2001:db8::1"
	for _, test := range []struct {
		name   string
		client string
		states map[string]health.Pair
		want   string // beginnings of the URLs that are named
	}{
		{"nothing is known", four, nil, "http://east http://wrong https://west ftp://origin"},
		{"stale is offered", four, map[string]health.Pair{east: {stale, up}}, "http://east http://wrong https://west ftp://origin"},
		{"another URL of the site", four, map[string]health.Pair{east: {down, up}}, "http://wrong https://west ftp://east ftp://origin"},
		{"that is down for others", six, map[string]health.Pair{east: {down, up}}, "http://east http://wrong https://west ftp://origin"},
		{"a site that is down is not even named", four, map[string]health.Pair{east: {down, up}, eastFTP: {down, down}}, "http://wrong https://west ftp://origin"},
		{"no address of the family", six, map[string]health.Pair{east: {up, absent}, eastFTP: {up, absent}}, "http://wrong https://west ftp://origin"},
		{"everything is down", four, dead, "http://east http://wrong https://west ftp://origin"},
		{"for whom nothing is known, one family will do", "", map[string]health.Pair{east: {down, up}}, "http://east http://wrong https://west ftp://origin"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := ailing(t, example(t), test.states)
			q := Question{Text: "origin/gnu/file1", Scheme: "http"}
			if test.client != "" {
				q.Client = netip.MustParseAddr(test.client)
			}
			decided, err := r.Decide(q, 100)
			if err != nil {
				t.Fatal(err)
			}
			explained, err := r.Explain(q)
			if err != nil {
				t.Fatal(err)
			}
			got := places(decided.Candidates)
			// The draw is another for each client, and only its order.
			want := strings.Fields(test.want)
			slices.Sort(want)
			sorted := slices.Sorted(slices.Values(got))
			if diff := cmp.Diff(want, sorted); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(got, places(explained.Candidates)); diff != "" {
				t.Errorf("explained are others: %s", diff)
			}
			for _, c := range append(explained.Candidates, explained.LeftOut...) {
				if c.Reason == "" {
					t.Errorf("%s has no reason", c.URL())
				}
			}
		})
	}
}

// places returns schemes and the first names of hosts.
func places(all []Candidate) (texts []string) {
	for _, c := range all {
		name, _, _ := strings.Cut(c.Base.Host, ".")
		texts = append(texts, c.Base.Scheme+"://"+name)
	}
	return texts
}

var linkForm = regexp.MustCompile(`^<([^<>" ]+)>; rel=duplicate; pri=([1-9][0-9]*)(; geo=[a-z]{2})?(; depth=([1-9][0-9]*))?$`)

const describedForm = `; rel=describedby; type="application/metalink4+xml"`

// links checks the lines of Link of a redirect, and returns those of duplicates.
func links(t testing.TB, res *http.Response) (urls []string) {
	t.Helper()
	for i, line := range res.Header["Link"] {
		if strings.HasSuffix(line, describedForm) && i == len(res.Header["Link"])-1 {
			continue
		}
		parts := linkForm.FindStringSubmatch(line)
		if parts == nil || parts[2] != fmt.Sprint(i+1) {
			t.Fatalf("Link %d: %s", i+1, line)
		}
		urls = append(urls, parts[1])
	}
	if len(urls) > 0 && urls[0] != res.Header.Get("Location") {
		t.Errorf("Location %s, and the first link leads to %s", res.Header.Get("Location"), urls[0])
	}
	return urls
}

func TestLinks(t *testing.T) {
	w := example(t)
	for i := range w.sites {
		if w.sites[i].Name == "east" {
			w.sites[i].Country = "de"
		}
	}
	for _, test := range []struct {
		target string
		max    int
		want   []string
	}{
		{"/origin/gnu/sub/deep.tar", 0, []string{
			`<http://east.example/e/g/sub/deep.tar>; rel=duplicate; pri=1; geo=de; depth=2`,
			`<http://wrong.example/gnu/sub/deep.tar>; rel=duplicate; pri=2; depth=2`,
			`<https://west.example/w%20w/mirrors/gnu/sub/deep.tar>; rel=duplicate; pri=3; depth=2`,
			`<ftp://origin.example/pub/gnu/sub/deep.tar>; rel=duplicate; pri=4; depth=2`,
			`<http://example.com/origin/gnu/sub/deep.tar.meta4>; rel=describedby; type="application/metalink4+xml"`,
		}},
		{"/origin/gnu/", 2, []string{
			`<http://east.example/e/g/>; rel=duplicate; pri=1; geo=de; depth=1`,
			`<http://wrong.example/gnu/>; rel=duplicate; pri=2; depth=1`,
		}},
		{"/origin/gnu/a%23b%3Fc%20%25.txt", -1, []string{
			`<http://example.com/origin/gnu/a%23b%3Fc%20%25.txt.meta4>; rel=describedby; type="application/metalink4+xml"`,
		}},
		{"/origin/gnu/unknown", 0, nil},
	} {
		h := New(Config{Source: w.hold(t), Now: clock, Links: test.max}).Handler()
		res := ask(h, "GET", test.target)
		if diff := cmp.Diff(test.want, res.Header["Link"]); diff != "" {
			t.Errorf("%s: %s", test.target, diff)
		}
		links(t, res)
	}
}

func TestWithin(t *testing.T) {
	w := newWorld()
	w.site(t, "origin", 1, dir{"pub": dir{"gnu": gnu(1), "other": alone()}, "alias": link("pub/gnu"), ".x": dir{}}, "ftp://origin.example/", "http://origin.example/")
	w.site(t, "whole", 1, dir{"m": dir{"gnu": gnu(1), "other": alone()}}, "ftp://whole.example/", "http://whole.example/")
	w.site(t, "part", 1e6, dir{"pub": dir{"gnu": gnu(1)}}, "ftp://part.example/", "http://part.example/")
	h := New(Config{Source: w.hold(t), Now: clock}).Handler()
	for _, test := range []struct {
		target string
		status int
		sites  string // named
		holds  string
	}{
		{"/origin/pub/gnu/file1", 302, "origin part whole", ""},
		{"/origin/pub/gnu/file1?within=/pub/gnu", 302, "origin part whole", "/pub/gnu/"},
		{"/origin/pub/gnu/file1?within=pub/gnu/", 302, "origin part whole", "/pub/gnu/"},
		{"/origin/pub/gnu/file1?within=/alias", 302, "origin part whole", "/alias/"},
		{"/origin/pub/gnu/file1?within=/pub", 302, "origin whole", "/pub/"},
		{"/origin/pub/gnu/file1?within=%2Fpub", 302, "origin whole", "/pub/"},
		{"/origin/pub/gnu/file1?within=/", 302, "origin", "/"},
		{"/origin/pub/gnu/file1?within=/nothing", 404, "", ""},
		{"/origin/pub/gnu/file1?within=/pub/other", 400, "", ""},
		{"/origin/pub/gnu/file1?within=/pub/gnu/sub", 400, "", ""},
		{"/origin/pub/gnu/file1?within=/pub/gnu/file1", 400, "", ""},
		{"/origin/pub/gnu/file1?within=", 400, "", ""},
		{"/origin/pub/gnu/file1?within=..", 400, "", ""},
		{"/origin/pub/gnu/file1?within=%0d%0a", 400, "", ""},
	} {
		res := ask(h, "GET", test.target)
		var sites []string
		for _, url := range links(t, res) {
			name, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ".")
			sites = append(sites, name)
		}
		slices.Sort(sites)
		if got := strings.Join(sites, " "); res.StatusCode != test.status || got != test.sites || res.Header.Get("X-Mirror-Within") != test.holds {
			t.Errorf("%s: status %d, sites %s, within %q; want %d, %s, %q",
				test.target, res.StatusCode, got, res.Header.Get("X-Mirror-Within"), test.status, test.sites, test.holds)
		}
	}
}

// A replica of more of the tree is preferred to one of less.
func TestGeneration(t *testing.T) {
	w := newWorld()
	w.site(t, "origin", 1, dir{"pub": dir{"gnu": gnu(1), "other": alone()}}, "ftp://origin.example/")
	w.site(t, "whole", 100, dir{"m": dir{"gnu": gnu(1), "other": alone()}}, "ftp://w.example/", "http://whole.example/")
	w.site(t, "part", 100, dir{"pub": dir{"gnu": gnu(1)}}, "ftp://p.example/", "http://part.example/")
	a, err := New(Config{Source: w.hold(t), Now: clock}).Explain(Question{Text: "origin/pub/gnu/file1", Scheme: "http", Client: client})
	if err != nil {
		t.Fatal(err)
	}
	costs := map[string]float64{}
	for _, c := range a.Candidates {
		costs[c.Site.Name] = c.Cost
	}
	want := map[string]float64{"origin": 0, "whole": 0, "part": nearest.DefaultCosts().Generation}
	if diff := cmp.Diff(want, costs); diff != "" {
		t.Error(diff)
	}
}

func TestAudience(t *testing.T) {
	w := example(t)
	for i := range w.sites {
		switch w.sites[i].Name {
		case "east":
			w.sites[i].Audience.MaxFile = 50
		case "late":
			w.sites[i].Audience.ASes = []uint32{64500}
		}
	}
	r := New(Config{Source: w.hold(t), Now: clock})
	a, err := r.Explain(Question{Text: "origin/gnu/file1", Scheme: "http", Client: client})
	if err != nil || a.Site != "wrong" || !slices.ContainsFunc(a.LeftOut, func(c Candidate) bool {
		return c.Site.Name == "east" && strings.Contains(c.Reason, "no files above")
	}) {
		t.Errorf("%+v, %v", a, err)
	}
	q := Question{Text: "late/x", Scheme: "http", Client: client}
	if _, err := r.Decide(q, 1); !errors.Is(err, ErrNowhere) {
		t.Errorf("a site of one network alone is decided for with %v", err)
	}
	if a, err := r.Explain(q); err != nil || len(a.Candidates) != 0 || a.Location != "" || len(a.LeftOut) == 0 || a.Reason != ErrNowhere.Error() {
		t.Errorf("explained as %+v, %v", a, err)
	}
	if res := ask(r.Handler(), "GET", "/late/x"); res.StatusCode != http.StatusForbidden || res.Header.Get("Location") != "" {
		t.Errorf("status %d, %v", res.StatusCode, res.Header)
	}
}

// Whoever asks and whatever for, a redirect, a decision and an explanation agree, and
// probabilities add up.
func TestOneDecision(t *testing.T) {
	r := New(Config{Source: example(t).hold(t), Now: clock})
	h := r.Handler()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{
			"/origin/gnu/file1", "/origin/gnu/", "/west/mirrors/gnu/sub/", "/wrong/gnu/file2", "/late/x", "/origin/alone/only1", "/origin/new",
		}).Draw(t, "text")
		from := netip.AddrFrom4([4]byte{198, 51, rapid.Byte().Draw(t, "c"), rapid.Byte().Draw(t, "d")})
		q := Question{Text: text, Scheme: "http", Client: from}
		decided, err := r.Decide(q, DefaultLinks)
		if err != nil {
			t.Fatal(err)
		}
		explained, err := r.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		req := newRequest(text)
		req.RemoteAddr = from.String() + ":1"
		location := serveTo(h, req).Header.Get("Location")
		if decided.Location != explained.Location || decided.Location != location {
			t.Fatalf("decided %s, explained %s, sent to %s", decided.Location, explained.Location, location)
		}
		sum := 0.0
		for _, c := range explained.Candidates {
			sum += c.Probability
		}
		if sum < 0.999 || sum > 1.001 {
			t.Fatalf("probabilities add up to %v", sum)
		}
	})
}

// Another client, the same and the same in the next hour.
func TestDrawDependsOnClientAndHour(t *testing.T) {
	w := newWorld()
	for i := range 8 {
		w.site(t, fmt.Sprintf("m%d", i), 100, dir{"gnu": gnu(1)}, fmt.Sprintf("ftp://m%d.example/", i), fmt.Sprintf("http://m%d.example/", i))
	}
	now := crawled
	r := New(Config{Source: w.hold(t), Now: func() time.Time { return now }})
	site := func(last byte) string {
		a, err := r.Decide(Question{Text: "m0/gnu/file1", Scheme: "http", Client: netip.AddrFrom4([4]byte{192, 0, 2, last})}, 1)
		if err != nil {
			t.Fatal(err)
		}
		return a.Site
	}
	drawn := map[string]int{}
	before := map[byte]string{}
	for last := range byte(200) {
		before[last] = site(last)
		drawn[before[last]]++
	}
	if len(drawn) != 8 {
		t.Errorf("200 clients are sent to %v", drawn)
	}
	moved := 0
	now = now.Add(2 * time.Hour)
	for last, site0 := range before {
		if site(last) != site0 {
			moved++
		}
	}
	if moved < 100 {
		t.Errorf("two hours later %d of 200 clients are sent elsewhere", moved)
	}
}

// What the access log says of the cost is what is explained.
func TestCost(t *testing.T) {
	w := example(t)
	for i := range w.sites {
		w.sites[i].Place = &mirror.Place{Latitude: float64(7 * i), Longitude: float64(3 * i)}
	}
	r := New(Config{Source: w.hold(t), Now: clock, Nearest: nearest.Options{
		Costs:    nearest.DefaultCosts(),
		Networks: []nearest.Network{{Name: "here", Prefixes: prefixes("192.0.2.0/24"), Place: &mirror.Place{Latitude: 1, Longitude: 1}}},
	}})
	for _, text := range []string{"/origin/gnu/file1", "/wrong/gnu/file1", "/west/mirrors/gnu/"} {
		q := Question{Text: text, Scheme: "http", Client: client}
		var d decision
		if err := r.decide(&d, &q, DefaultLinks); err != nil {
			t.Fatal(err)
		}
		a, err := r.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := d.cost(), a.Candidates[0].Cost; math.Abs(got-want) > 1 || want == 0 {
			t.Errorf("%s: cost %v, explained %v", text, got, want)
		}
	}
}

// Serving allocates nothing to decide, once the client and the path are known.
func TestDecidingAllocatesNothing(t *testing.T) {
	r := New(Config{Source: example(t).hold(t), Now: clock})
	var d decision
	q := Question{Text: "/origin/gnu/file1", Scheme: "http", Client: client}
	if err := r.gather(&d, &q); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := r.collect(&d, &q); err != nil {
			t.Fatal(err)
		}
		if err := d.rank(DefaultLinks); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What of the configuration of networks means nothing is logged when that changes, and
// not with each new map.
func TestProblemsAreLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	source := example(t).hold(t)
	r := New(Config{Source: source, Now: clock, Log: slog.New(slog.NewTextHandler(&log, nil))})
	set := func(sites ...string) {
		r.SetNearest(nearest.Options{
			Costs:    nearest.DefaultCosts(),
			Networks: []nearest.Network{{Name: "here", Prefixes: prefixes("192.0.2.0/24"), Sites: sites}},
		})
		r.scene(source.index)
	}
	for i, step := range []struct {
		sites []string
		lines int // logged since
	}{
		{[]string{"gone"}, 1}, {[]string{"gone"}, 0}, {[]string{"gone", "lost"}, 2}, {[]string{"east"}, 0}, {[]string{"gone"}, 1},
	} {
		log.Reset()
		set(step.sites...)
		if n := strings.Count(log.String(), "means nothing"); n != step.lines {
			t.Errorf("step %d: %d lines, want %d:\n%s", i, n, step.lines, &log)
		}
	}
}
