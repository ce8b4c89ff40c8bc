package redirect

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"mirrortracker/internal/mirror"
)

const eastGNU = "http://east.example/e/g/"

func TestRedirect(t *testing.T) {
	h := New(Config{Source: example(t).hold(t), Now: clock}).Handler()
	tests := []struct {
		name, target    string
		location, match string
		site            string
	}{
		// The forms of a question.
		{"name", "/origin/gnu/file1", eastGNU + "file1", "exact", "east"},
		{"host", "/origin.example/pub/gnu/file1", eastGNU + "file1", "exact", "east"},
		{"host in capitals", "/Origin.Example/pub/gnu/file1", eastGNU + "file1", "exact", "east"},
		{"host with port", "/origin.example:21/pub/gnu/file1", eastGNU + "file1", "exact", "east"},
		{"port that is not its own", "/east.example:2121/g/file1", eastGNU + "file1", "original", "east"},
		{"host of a serving URL", "/west.example/w%20w/mirrors/gnu/file1", eastGNU + "file1", "exact", "east"},
		{"plain url", "/?url=ftp://origin.example/pub/gnu/file1", eastGNU + "file1", "exact", "east"},
		{"escaped url", "/?url=ftp%3A%2F%2Forigin.example%2Fpub%2Fgnu%2Ffile1", eastGNU + "file1", "exact", "east"},
		{"url among others", "/?x=1&url=https://west.example/w%20w/mirrors/gnu/file1&y", eastGNU + "file1", "exact", "east"},
		{"the longest base", "/origin.example/pub/inner/deep/in", "ftp://origin.example/pub/inner/deep/in", "original", "deep"},
		{"the shorter base", "/origin.example/pub/inner/deeper", "ftp://origin.example/pub/inner/deeper", "none", "origin"},

		// Paths.
		{"site's root", "/origin", "ftp://origin.example/pub/", "none", "origin"},
		{"directory", "/origin/gnu", eastGNU, "exact", "east"},
		{"directory with slash", "/origin/gnu/", eastGNU, "exact", "east"},
		{"file with slash", "/origin/gnu/file1/", eastGNU + "file1", "exact", "east"},
		{"many slashes", "//origin///gnu//file1", eastGNU + "file1", "exact", "east"},
		{"link to a directory", "/origin/latest/deep.tar", eastGNU + "sub/deep.tar", "exact", "east"},
		{"link to a file", "/origin/newest", eastGNU + "file1", "exact", "east"},
		{"escaped letters", "/%6frigin/g%6Eu/file1", eastGNU + "file1", "exact", "east"},
		{"what means something in a URL", "/origin/gnu/a%23b%3Fc%20%25.txt", eastGNU + "a%23b%3Fc%20%25.txt", "exact", "east"},
		{"that in an escaped url", "/?url=" + url.QueryEscape("ftp://origin.example/pub/gnu/a%23b%3Fc%20%25.txt"),
			eastGNU + "a%23b%3Fc%20%25.txt", "exact", "east"},
		{"that in a plain url", "/?url=ftp://origin.example/pub/gnu/a%23b%3Fc%20%25.txt", eastGNU + "a%23b%3Fc%20%25.txt", "exact", "east"},
		{"not UTF-8", "/origin/gnu/%ff%fe", eastGNU + "%FF%FE", "exact", "east"},
		{"not UTF-8, raw", "/origin/gnu/\xff\xfe", eastGNU + "%FF%FE", "exact", "east"},
		{"what means something to HTML", "/origin/gnu/%3Cx%3E&%22y%22%09", eastGNU + "%3Cx%3E%26%22y%22%09", "exact", "east"},
		{"query is ignored", "/origin/gnu/file1?x=%0d%0a&url=ftp://evil.example/", eastGNU + "file1", "exact", "east"},

		// The original, where there is nothing else.
		{"only there", "/origin/alone/only1", "ftp://origin.example/pub/alone/only1", "original", "origin"},
		{"doubtful elsewhere", "/origin/small/COPYING", "ftp://origin.example/pub/small/COPYING", "original", "origin"},
		{"empty directory", "/origin/empty", "ftp://origin.example/pub/empty/", "original", "origin"},
		{"not in the index", "/origin/gnu/new%0b", "ftp://origin.example/pub/gnu/new%0B", "none", "origin"},
		{"not in the index, a directory's", "/origin/gnu/new/", "ftp://origin.example/pub/gnu/new/", "none", "origin"},
		{"hidden", "/origin/.cache/x", "ftp://origin.example/pub/.cache/x", "none", "origin"},
		{"hidden below a replica", "/origin/gnu/.message", "ftp://origin.example/pub/gnu/.message", "none", "origin"},
		{"incomplete", "/origin/broken/x", "ftp://origin.example/pub/broken/x", "none", "origin"},
		{"no snapshot", "/late/a/b", "https://late.example/l/a/b", "none", "late"},
		{"no snapshot, its root", "/late.example/l", "https://late.example/l/", "none", "late"},

		// Blind matches.
		{"blind", "/wrong/gnu/file1", "http://wrong.example/gnu/file1", "original", "wrong"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			res := ask(h, "GET", test.target)
			if res.StatusCode != http.StatusFound {
				body, _ := io.ReadAll(res.Body)
				t.Fatalf("status %d: %s", res.StatusCode, body)
			}
			got := []string{res.Header.Get("Location"), res.Header.Get("X-Mirror-Match"), res.Header.Get("X-Mirror-Site")}
			want := []string{test.location, test.match, test.site}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("got %q, want %q", got, want)
					break
				}
			}
			if body, _ := io.ReadAll(res.Body); len(body) > 0 {
				t.Errorf("body %q", body)
			}
			for name, want := range map[string]string{
				"Cache-Control": "private, no-cache",
				"Vary":          "Accept",
			} {
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestNoRedirect(t *testing.T) {
	h := New(Config{Source: example(t).hold(t), Now: clock}).Handler()
	tests := []struct {
		name, target string
		status       int
		says         string
	}{
		{"unknown name", "/nobody/x", 404, "no tracked site"},
		{"unknown host", "/evil.example/pub/", 404, "no tracked site"},
		{"host under another port", "/origin.example:8021/pub/gnu/", 404, "no tracked site"},
		{"beside the base", "/origin.example/other/gnu/", 404, "no tracked site"},
		{"unknown url", "/?url=http://evil.example/pub", 404, "no tracked site"},
		{"another scheme of a host", "/?url=https://origin.example/pub/gnu/", 404, "no tracked site"},
		{"URL in the path", "/https://evil.example/x", 404, "no tracked site"},
		{"URL below a name", "/nobody/https://origin.example/", 404, "no tracked site"},
		{"below an own page", "/healthz/x", 404, "no tracked site"},
		{"no such asset", "/static/x", 404, "no such file"},
		{"bad port", "/origin.example:x/pub/", 400, "port"},
		{"dots", "/origin/../x", 400, `".."`},
		{"dots first", "/../x", 400, `".."`},
		{"escaped dots", "/origin/%2e%2e/x", 400, `".."`},
		{"half escaped dots", "/origin/.%2E", 400, `".."`},
		{"dot", "/origin/./x", 400, `"."`},
		{"slash", "/origin/gnu%2Ffile1", 400, "slash"},
		{"slash beside what needs no escape", "/origin/gnu%2Ffile1\"", 400, "slash"},
		{"NUL", "/origin/gnu/%00", 400, "NUL"},
		{"CR LF", "/origin/gnu/x%0d%0aSet-Cookie:%20a=b", 400, "CR"},
		{"LF in a site", "/origin%0a/gnu", 400, "LF"},
		{"empty url", "/?url=", 400, "empty"},
		{"blank url", "/?url=+", 400, "empty"},
		{"url of another scheme", "/?url=javascript://origin.example/pub/%250aalert(1)", 400, "scheme"},
		{"url with a password", "/?url=ftp://user:secret@origin.example/pub/", 400, "anonymously"},
		{"url with a query", "/?url=ftp://origin.example/pub/?x", 400, "query"},
		{"url with dots", "/?url=ftp://origin.example/pub/../etc", 400, `".."`},
		{"url with CR LF", "/?url=ftp%3A%2F%2Forigin.example%2Fpub%2F%250d%250a", 400, "control"},
		{"url that does not end", "/?url=%zz", 400, "url"},
		{"too long", "/origin/" + strings.Repeat("a", maxTarget), 414, "8192"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			res := ask(h, "GET", test.target)
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != test.status || !strings.Contains(string(body), test.says) {
				t.Errorf("status %d, body %q; want %d with %q", res.StatusCode, body, test.status, test.says)
			}
			if strings.Contains(string(body), "secret") {
				t.Errorf("the body tells a password: %s", body)
			}
			if l := res.Header.Get("Location"); l != "" {
				t.Errorf("Location %q", l)
			}
			if o := res.Header.Get("X-Content-Type-Options"); o != "nosniff" {
				t.Errorf("X-Content-Type-Options %q", o)
			}
			res = ask(h, "GET", test.target, "Accept", "application/json")
			var failure struct{ Error string }
			if err := json.NewDecoder(res.Body).Decode(&failure); err != nil || res.StatusCode != test.status || failure.Error == "" {
				t.Errorf("as JSON: status %d, %+v, %v", res.StatusCode, failure, err)
			}
		})
	}
}

func TestOtherMethods(t *testing.T) {
	h := New(Config{Source: example(t).hold(t), Now: clock}).Handler()
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "TRACE"} {
		for _, target := range []string{"/", "/origin/gnu", "/healthz", "/metrics"} {
			res := ask(h, method, target)
			if res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: status %d, Allow %q", method, target, res.StatusCode, res.Header.Get("Allow"))
			}
		}
	}
}

// A HEAD has the headers of a GET, and no body.
func TestHead(t *testing.T) {
	server := httptest.NewServer(New(Config{Source: example(t).hold(t), Now: clock}).Handler())
	defer server.Close()
	if body, _ := io.ReadAll(ask(server.Config.Handler, "HEAD", "/origin/gnu").Body); len(body) > 0 {
		t.Errorf("the handler itself writes the body %q", body)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, target := range []string{
		"/", "/?json", "/origin/gnu", "/origin/gnu?json", "/nobody", "/origin/..", "/healthz", "/readyz", "/static/style.css", "/?url=ftp://origin.example/pub/",
	} {
		var header [2]http.Header
		for i, method := range []string{"GET", "HEAD"} {
			req, _ := http.NewRequestWithContext(t.Context(), method, server.URL+target, nil)
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if method == "HEAD" && len(body) > 0 || method == "GET" && len(body) == 0 && res.StatusCode != 302 {
				t.Errorf("%s %s: body of %d bytes", method, target, len(body))
			}
			res.Header.Del("Date")
			header[i] = res.Header
		}
		got, want := dump(header[1]), dump(header[0])
		if got != want {
			t.Errorf("HEAD %s:\n%s\nGET:\n%s", target, got, want)
		}
	}
}

func dump(h http.Header) string {
	var b strings.Builder
	h.Write(&b)
	return b.String()
}

func TestClientsScheme(t *testing.T) {
	r := New(Config{Source: example(t).hold(t), Now: clock})
	for _, test := range []struct{ scheme, want string }{
		{"http", "http://east.example/e/g/file1"},
		{"https", "https://west.example/w%20w/mirrors/gnu/file1"},
		{"ftp", "ftp://east.example:2121/g/file1"},
	} {
		a, err := r.Explain(Question{Text: "origin/gnu/file1", Scheme: test.scheme})
		if err != nil || a.Location != test.want {
			t.Errorf("%s: got %+v, %v, want %s", test.scheme, a, err, test.want)
		}
	}
	req := httptest.NewRequest("GET", "/origin/gnu/file1", nil)
	req.TLS = &tls.ConnectionState{}
	rec := httptest.NewRecorder()
	r.Handler().ServeHTTP(rec, req)
	if got := rec.Header().Get("Location"); got != "https://west.example/w%20w/mirrors/gnu/file1" {
		t.Errorf("by TLS: %s", got)
	}
}

// A blind match is taken where it is the only one that a client can speak to.
func TestBlindByScheme(t *testing.T) {
	w := newWorld()
	w.site(t, "origin", 100, dir{"gnu": gnu(1)}, "ftp://origin.example/")
	w.site(t, "wrong", 1, dir{"gnu": gnu(9)}, "ftp://wrong.example/", "http://wrong.example/")
	h := New(Config{Source: w.hold(t), Now: clock}).Handler()
	res := ask(h, "GET", "/origin/gnu/file1")
	if l, m := res.Header.Get("Location"), res.Header.Get("X-Mirror-Match"); l != "http://wrong.example/gnu/file1" || m != "blind" {
		t.Errorf("got %s, %s", l, m)
	}
}

// A site's name is looked for before a host of the same text.
func TestNameBeforeHost(t *testing.T) {
	w := newWorld()
	w.site(t, "b.example", 100, nil, "ftp://a.example/")
	w.site(t, "other", 100, nil, "ftp://b.example/")
	res := ask(New(Config{Source: w.hold(t), Now: clock}).Handler(), "GET", "/b.example/x")
	if l := res.Header.Get("Location"); l != "ftp://a.example/x" {
		t.Errorf("got %s", l)
	}
}

func TestWantsJSON(t *testing.T) {
	for _, test := range []struct {
		target, accept string
		want           bool
	}{
		{"/x", "", false},
		{"/x", "*/*", false},
		{"/x", "text/html,application/xhtml+xml,*/*;q=0.8", false},
		{"/x", "application/json", true},
		{"/x", "Application/JSON; charset=utf-8", true},
		{"/x", "text/html, application/json;q=0.1", false},
		{"/x", "application/json;q=0.5, text/plain;q=0.6, */*;q=0.1", false},
		{"/x", "text/html;q=0.8, application/json;q=0.9, */*;q=0.1", true},
		{"/x", "application/json, text/plain, */*", true},
		{"/x", "application/json;q=0.5, application/json", true},
		{"/x", "application/json ;q=0.5, ,", true},
		{"/x", "application/json;q=much", false},
		{"/x", "application/json;q=NaN", false},
		{"/x", "application/json;q=0", false},
		{"/x", "application/json; Q=0.000", false},
		{"/x", "application/json5", false},
		{"/x?json", "", true},
		{"/x?a=b&json=1", "text/html", true},
		{"/x?jsonp", "", false},
	} {
		req := httptest.NewRequest("GET", test.target, nil)
		req.Header.Set("Accept", test.accept)
		if got := wantsJSON(req); got != test.want {
			t.Errorf("%s, Accept %q: %v", test.target, test.accept, got)
		}
	}
}

// No fixed endpoint is passed over, and none takes a name that a site can have.
func TestOwnPages(t *testing.T) {
	r := New(Config{Source: example(t).hold(t), Now: clock})
	err := chi.Walk(r.routes(), func(_, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		first, _, _ := strings.Cut(strings.TrimPrefix(route, "/"), "/")
		if !ownPage(route) || first != "" && mirror.ValidName(first) == nil {
			t.Errorf("route %s: own page %v, name of a site %v", route, ownPage(route), mirror.ValidName(first) == nil)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
