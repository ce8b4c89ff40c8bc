package redirect

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

func TestClient(t *testing.T) {
	const proxy = "10.0.0.1:5000"
	xff := Proxies{Trusted: prefixes("10.0.0.0/8", "2001:db8:1::/48"), Local: true, Header: ForwardedFor}
	rfc := xff
	rfc.Header = Forwarded
	long := strings.Repeat("10.0.0.2,", maxHops) + "10.0.0.2"
	for _, test := range []struct {
		name    string
		proxies Proxies
		peer    string
		header  []string
		want    string
		secure  bool
	}{
		{"nobody is trusted", Proxies{Header: ForwardedFor}, proxy, []string{"X-Forwarded-For", "192.0.2.7"}, "10.0.0.1", false},
		{"the peer is not trusted", xff, "192.0.2.1:1", []string{"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https"}, "192.0.2.1", false},
		{"no header", xff, proxy, nil, "10.0.0.1", false},
		{"one hop", xff, proxy, []string{"X-Forwarded-For", "192.0.2.7"}, "192.0.2.7", false},
		{"the right-most that is not trusted", xff, proxy, []string{"X-Forwarded-For", "192.0.2.66, 192.0.2.7, 10.0.0.3"}, "192.0.2.7", false},
		{"over several lines", xff, proxy, []string{"X-Forwarded-For", "192.0.2.66", "X-Forwarded-For", "192.0.2.7,10.0.0.3"}, "192.0.2.7", false},
		{"all trusted", xff, proxy, []string{"X-Forwarded-For", "10.0.0.9, 10.0.0.3"}, "10.0.0.9", false},
		{"with a port", xff, proxy, []string{"X-Forwarded-For", "192.0.2.7:4711"}, "192.0.2.7", false},
		{"IPv6", xff, "[2001:db8:1::1]:1", []string{"X-Forwarded-For", "2001:db8::7"}, "2001:db8::7", false},
		{"IPv6 in brackets", xff, proxy, []string{"X-Forwarded-For", "[2001:db8::7]"}, "2001:db8::7", false},
		{"IPv6 with a port", xff, proxy, []string{"X-Forwarded-For", "[2001:db8::7]:80"}, "2001:db8::7", false},
		{"mapped", xff, "[::ffff:10.0.0.1]:1", []string{"X-Forwarded-For", "::ffff:192.0.2.7"}, "192.0.2.7", false},
		{"a zone", xff, "[fe80::1%eth0]:1", nil, "fe80::1", false},
		{"malformed", xff, proxy, []string{"X-Forwarded-For", "192.0.2.7, unknown"}, "10.0.0.1", false},
		{"malformed further left", xff, proxy, []string{"X-Forwarded-For", "<script>, 192.0.2.7"}, "192.0.2.7", false},
		{"an empty hop", xff, proxy, []string{"X-Forwarded-For", "192.0.2.7,"}, "10.0.0.1", false},
		{"too many hops", xff, proxy, []string{"X-Forwarded-For", "192.0.2.7," + long}, "10.0.0.1", false},
		{"too long", xff, proxy, []string{"X-Forwarded-For", strings.Repeat(" ", maxForwarded) + "192.0.2.7"}, "10.0.0.1", false},
		{"the other header", xff, proxy, []string{"Forwarded", "for=192.0.2.7"}, "10.0.0.1", false},
		{"by TLS", xff, proxy, []string{"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https"}, "192.0.2.7", true},
		{"a unix socket", xff, "@", []string{"X-Forwarded-For", "192.0.2.7"}, "192.0.2.7", false},
		{"a unix socket without more", xff, "", nil, "invalid IP", false},

		{"Forwarded", rfc, proxy, []string{"Forwarded", "for=192.0.2.66, for=192.0.2.7;proto=https;by=203.0.113.43"}, "192.0.2.7", true},
		{"Forwarded, IPv6", rfc, proxy, []string{"Forwarded", `For="[2001:db8::7]:4711"`}, "2001:db8::7", false},
		{"Forwarded, hidden", rfc, proxy, []string{"Forwarded", "for=192.0.2.7, for=_hidden"}, "10.0.0.1", false},
		{"Forwarded, nobody", rfc, proxy, []string{"Forwarded", "proto=https"}, "10.0.0.1", false},
		{"Forwarded, a comma in quotes", rfc, proxy, []string{"Forwarded", `for="192.0.2.7,x"`}, "10.0.0.1", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			req := httptest.NewRequest("GET", "/", nil)
			req.RemoteAddr = test.peer
			for i := 0; i < len(test.header); i += 2 {
				req.Header.Add(test.header[i], test.header[i+1])
			}
			got, secure := test.proxies.of(req)
			if got.String() != test.want || secure != test.secure {
				t.Errorf("got %v, by TLS %v; want %s, %v", got, secure, test.want, test.secure)
			}
		})
	}
}

// Whatever a client puts into the header, its proxy adds the client's address at the
// right, and that is what counts.
func TestClientCannotLie(t *testing.T) {
	p := Proxies{Trusted: prefixes("10.0.0.0/8"), Header: ForwardedFor}
	rapid.Check(t, func(t *rapid.T) {
		req := httptest.NewRequest("GET", "/", nil)
		req.RemoteAddr = "10.0.0.1:1"
		lie := rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "lie")
		if rapid.Bool().Draw(t, "on a line of its own") {
			req.Header["X-Forwarded-For"] = []string{lie, "192.0.2.7"}
		} else {
			req.Header["X-Forwarded-For"] = []string{lie + ", 192.0.2.7"}
		}
		if got, _ := p.of(req); got.String() != "192.0.2.7" {
			t.Fatalf("taken for %v", got)
		}
	})
}

func FuzzClient(f *testing.F) {
	f.Add("for=192.0.2.7;proto=https", `for="[::1]:8", for=10.0.0.1`, "10.0.0.1:1")
	f.Add("1.2.3.4, 10.0.0.1", "", "[::1%lo]:1")
	f.Fuzz(func(t *testing.T, first, second, peer string) {
		for _, header := range []string{ForwardedFor, Forwarded} {
			p := Proxies{Trusted: prefixes("10.0.0.0/8"), Local: true, Header: header}
			req := httptest.NewRequest("GET", "/", nil)
			req.RemoteAddr = peer
			req.Header[header] = []string{first, second}
			if got, _ := p.of(req); got.Zone() != "" || got.Is4In6() {
				t.Errorf("client %v", got)
			}
		}
	})
}
