package redirect

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/health"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
)

// client is who asks in tests of which nothing else is said.
var client = netip.MustParseAddr("192.0.2.1")

func TestReasons(t *testing.T) {
	r := New(Config{Source: example(t).hold(t), Now: clock})
	tests := []struct {
		name string
		q    Question
		want []string // "URL: reason"
	}{
		{"for http", Question{Text: "origin/gnu/file1", Scheme: "http"}, []string{
			"http://east.example/e/g/file1: chosen: drawn first, 0 km",
			"http://wrong.example/gnu/file1: drawn later, 1000 km",
			"https://west.example/w%20w/mirrors/gnu/file1: drawn later, 0 km",
			"ftp://origin.example/pub/gnu/file1: served by ftp, and others by http, 0 km",
			"-ftp://east.example:2121/g/file1: another URL of its site suits the client better: http://east.example/e/",
			"-ftp://west.example/mirrors/gnu/file1: another URL of its site suits the client better: https://west.example/w%20w/",
			"-rsync://west.example/w/mirrors/gnu/file1: no client follows a redirect to rsync",
			"-ftp://wrong.example/gnu/file1: another URL of its site suits the client better: http://wrong.example/",
		}},
		{"for https", Question{Text: "origin/gnu/file1", Scheme: "https"}, []string{
			"https://west.example/w%20w/mirrors/gnu/file1: chosen: drawn first, 0 km",
			"-http://east.example/e/g/file1: it is served without TLS, and others with it",
			"-http://wrong.example/gnu/file1: it is served without TLS, and others with it",
			"-ftp://origin.example/pub/gnu/file1: it is served without TLS, and others with it",
			"-ftp://east.example:2121/g/file1: another URL of its site suits the client better: http://east.example/e/",
			"-ftp://west.example/mirrors/gnu/file1: another URL of its site suits the client better: https://west.example/w%20w/",
			"-rsync://west.example/w/mirrors/gnu/file1: no client follows a redirect to rsync",
			"-ftp://wrong.example/gnu/file1: another URL of its site suits the client better: http://wrong.example/",
		}},
		{"for ftp", Question{Text: "origin/gnu", Scheme: "ftp"}, []string{
			"ftp://east.example:2121/g/: chosen: drawn first, 0 km",
			"ftp://wrong.example/gnu/: drawn later, 1000 km",
			"ftp://origin.example/pub/gnu/: drawn later, 0 km",
			"ftp://west.example/mirrors/gnu/: drawn later, 0 km",
			"-http://east.example/e/g/: another URL of its site suits the client better: ftp://east.example:2121/",
			"-https://west.example/w%20w/mirrors/gnu/: another URL of its site suits the client better: ftp://west.example/",
			"-rsync://west.example/w/mirrors/gnu/: no client follows a redirect to rsync",
			"-http://wrong.example/gnu/: another URL of its site suits the client better: ftp://wrong.example/",
		}},
		{"the only one", Question{Text: "origin/small/", Scheme: "http"}, []string{
			"ftp://origin.example/pub/small/: chosen: the only one, 0 km",
			"-ftp://lone.example/other/: doubtful: only 1 file and 17.6 KiB, and 0 of 3 trailing names equal",
		}},
		{"of one site", Question{Text: "late/x", Scheme: "https"}, []string{
			"https://late.example/l/x: chosen: the only one, 0 km",
			"-ftp://late.example/x: another URL of its site suits the client better: https://late.example/l/",
		}},
		{"of a whole directory", Question{Text: "origin/gnu/sub/deep.tar", Scheme: "http", Within: "/gnu"}, []string{
			"http://east.example/e/g/sub/deep.tar: chosen: drawn first, 0 km",
			"http://wrong.example/gnu/sub/deep.tar: drawn later, 1000 km",
			"https://west.example/w%20w/mirrors/gnu/sub/deep.tar: drawn later, 0 km",
			"ftp://origin.example/pub/gnu/sub/deep.tar: served by ftp, and others by http, 0 km",
			"-ftp://east.example:2121/g/sub/deep.tar: another URL of its site suits the client better: http://east.example/e/",
			"-ftp://west.example/mirrors/gnu/sub/deep.tar: another URL of its site suits the client better: https://west.example/w%20w/",
			"-rsync://west.example/w/mirrors/gnu/sub/deep.tar: no client follows a redirect to rsync",
			"-ftp://wrong.example/gnu/sub/deep.tar: another URL of its site suits the client better: http://wrong.example/",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.q.Client = client
			a, err := r.Explain(test.q)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, reasons(a)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// reasons writes an answer in lines, with a dash before what is left out.
func reasons(a *Answer) []string {
	var all []string
	for i := range a.Candidates {
		c := &a.Candidates[i]
		all = append(all, fmt.Sprintf("%s: %s, %.0f km", c.URL(), c.Reason, c.Cost))
	}
	for i := range a.LeftOut {
		all = append(all, "-"+a.LeftOut[i].URL()+": "+a.LeftOut[i].Reason)
	}
	return all
}

// Of what is down it is said that it is, and why.
func TestReasonsOfWhatIsDown(t *testing.T) {
	const up, down, absent = health.Up, health.Down, health.Absent
	r := ailing(t, example(t), map[string]health.Pair{
		"http://east.example/e/":      {down, up},
		"ftp://east.example:2121/":    {down, down},
		"https://west.example/w%20w/": {down, down},
		"http://wrong.example/":       {up, absent},
		"ftp://wrong.example/":        {up, up},
	})
	for from, want := range map[string][]string{
		"192.0.2.1": {
			"http://wrong.example/gnu/file1: chosen: drawn first, 1000 km",
			"ftp://west.example/mirrors/gnu/file1: served by ftp, and others by http, 0 km",
			"ftp://origin.example/pub/gnu/file1: served by ftp, and others by http, 0 km",
			"-http://east.example/e/g/file1: it is down over ipv4: out of order; others are not",
			"-ftp://east.example:2121/g/file1: it is down over ipv4: out of order",
			"-https://west.example/w%20w/mirrors/gnu/file1: it is down over ipv4: out of order",
			"-rsync://west.example/w/mirrors/gnu/file1: no client follows a redirect to rsync",
			"-ftp://wrong.example/gnu/file1: another URL of its site suits the client better: http://wrong.example/",
		},
		"2001:db8::1": {
			"http://east.example/e/g/file1: chosen: drawn first, 0 km",
			"ftp://west.example/mirrors/gnu/file1: served by ftp, and others by http, 0 km",
			"ftp://wrong.example/gnu/file1: served by ftp, and others by http, 1000 km",
			"ftp://origin.example/pub/gnu/file1: served by ftp, and others by http, 0 km",
			"-ftp://east.example:2121/g/file1: it is down over ipv6: out of order",
			"-https://west.example/w%20w/mirrors/gnu/file1: it is down over ipv6: out of order",
			"-rsync://west.example/w/mirrors/gnu/file1: no client follows a redirect to rsync",
			"-http://wrong.example/gnu/file1: its host has no IPv6 address",
		},
	} {
		a, err := r.Explain(Question{Text: "origin/gnu/file1", Scheme: "http", Client: netip.MustParseAddr(from)})
		if err != nil {
			t.Fatal(err)
		}
		got := reasons(a)
		slices.Sort(got) // the draw of the later ones is another for each client
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", from, diff)
		}
	}
}

// What is known of the client is told with what says so, and not where exactly it is.
func TestBeneficiary(t *testing.T) {
	r := New(Config{Source: example(t).hold(t), Now: clock, Nearest: nearest.Options{
		Costs: nearest.DefaultCosts(),
		Networks: []nearest.Network{
			{Name: "campus", Prefixes: prefixes("198.51.100.0/24"), Country: "de", Place: &mirror.Place{Latitude: 52.5, Longitude: 13.4}},
			{Name: "abroad", Prefixes: prefixes("2001:db8::/32"), Country: "fr"},
		},
	}})
	for from, want := range map[string][2]string{
		"": {"not known", `{}`},
		"192.0.2.7": {
			"192.0.2.7, of which nothing is known",
			`{"address":"192.0.2.7"}`,
		},
		"198.51.100.7": {
			"198.51.100.7, country de (network campus), place (network campus), in the network campus, as all of 198.51.100.0/24",
			`{"address":"198.51.100.7","prefix":"198.51.100.0/24","network":"campus","country":"de","sources":{"country":"network campus","place":"network campus"}}`,
		},
		"2001:db8::1:2:3:4": {
			"2001:db8::1:2:3:4, country fr (network abroad), somewhere in it, in the network abroad, as all of 2001:db8::/32",
			`{"address":"2001:db8::1:2:3:4","prefix":"2001:db8::/32","network":"abroad","country":"fr","accuracy_km":RADIUS,"sources":{"country":"network abroad","place":"country"}}`,
		},
	} {
		q := Question{Text: "origin/gnu/file1", Scheme: "http"}
		if from != "" {
			q.Client = netip.MustParseAddr(from)
		}
		a, err := r.Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		written, err := json.Marshal(a.Client)
		if err != nil {
			t.Fatal(err)
		}
		text := regexp.MustCompile(`"accuracy_km":[1-9][0-9.]*`).ReplaceAllString(string(written), `"accuracy_km":RADIUS`)
		if got := [2]string{a.Client.String(), text}; got != want {
			t.Errorf("%s is told as\n%s\n%s\nwant\n%s\n%s", from, got[0], got[1], want[0], want[1])
		}
	}
	page := read(t, ask(r.Handler(), "GET", "/origin/gnu/file1?explain&from=198.51.100.7"))
	if !strings.Contains(page, "The client: 198.51.100.7, country de (network campus)") {
		t.Error("the page does not say who the client is")
	}
}

// Of a database the last name of its path is told.
func TestSources(t *testing.T) {
	var b Beneficiary
	b.Address, b.Country, b.AS = client, "de", 680
	b.Spot = nearest.Spot{Radius: 20, Known: true}
	b.Sources = nearest.Sources{Country: "network a/b", Spot: "/var/lib/geo/city.mmdb", AS: "geo/asn.mmdb"}
	b = b.discreet()
	if got, want := b.String(), "192.0.2.1, country de (network a/b), place to within 20 km (city.mmdb), AS680 (asn.mmdb)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWhyOriginal(t *testing.T) {
	r := New(Config{Source: example(t).hold(t), Now: clock})
	for text, want := range map[string]string{
		"origin/gnu/file1":   "",
		"origin/gnu/sub/new": "the path is not in the index; known as far as /gnu/sub/",
		"origin/.x/y":        "a name that begins with a dot is in no index",
		"origin/broken/x":    "the directory is incomplete (refused)",
		"origin/broken/y":    "the path is not in the index; what is known of /broken/ is incomplete (refused)",
		"origin":             "the directory is incomplete (below)",
		"late/x":             "the site has no snapshot yet",
	} {
		a, err := r.Explain(Question{Text: text, Scheme: "http"})
		if err != nil || a.Reason != want {
			t.Errorf("%s: got %q, %v, want %q", text, a.Reason, err, want)
		}
	}
}
