package redirect

import (
	"bufio"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mirrortracker/internal/accesslog"
	"mirrortracker/internal/mirror"
)

// names are any bytes that a name may have.
func names() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		b := rapid.SliceOfN(rapid.Byte(), 1, 12).Draw(t, "name")
		for i, c := range b {
			if strings.IndexByte("/\x00\r\n", c) >= 0 {
				b[i] = '%'
			}
		}
		if name := string(b); name != "." && name != ".." {
			return name
		}
		return "..."
	})
}

// escapeSome escapes all bytes that must be, and any others.
func escapeSome(t *rapid.T, name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		safe := 'a' <= c && c <= 'z' || c >= 0x80 || strings.IndexByte("!$&'()*+,;=:@-._~", c) >= 0
		if safe && rapid.Bool().Draw(t, "plain") {
			b.WriteByte(c)
			continue
		}
		format := "0123456789ABCDEF"
		if rapid.Bool().Draw(t, "lower") {
			format = "0123456789abcdef"
		}
		b.WriteByte('%')
		b.WriteByte(format[c>>4])
		b.WriteByte(format[c&15])
	}
	return b.String()
}

// However a client escapes a name, Location decodes to its bytes.
func TestNamesArriveIntact(t *testing.T) {
	h := New(Config{Source: example(t).hold(t), Now: clock}).Handler()
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.SliceOfN(names(), 1, 4).Draw(t, "path")
		escaped := make([]string, len(path))
		for i, name := range path {
			escaped[i] = escapeSome(t, name)
		}
		target := "/origin/" + strings.Join(escaped, "/")
		res := ask(h, "GET", target)
		if res.StatusCode != http.StatusFound {
			t.Fatalf("%s: status %d", target, res.StatusCode)
		}
		location := res.Header.Get("Location")
		u, err := url.Parse(location)
		if err != nil {
			t.Fatalf("Location %q: %v", location, err)
		}
		if want := "/pub/" + strings.Join(path, "/"); u.Path != want || u.RawQuery != "" || u.Fragment != "" {
			t.Fatalf("%q: Location %q decodes to %q", want, location, u.Path)
		}
	})
}

// tracked are the servers of the example.
var tracked = []string{
	"ftp://origin.example/", "ftp://east.example:2121/", "http://east.example/e/", "ftp://west.example/", "https://west.example/w%20w/",
	"ftp://wrong.example/", "http://wrong.example/", "ftp://lone.example/", "ftp://late.example/", "https://late.example/l/",
}

// FuzzRequest holds that no request leads to a host that is not tracked, puts a
// control character into a header, or meets with a surprise.
func FuzzRequest(f *testing.F) {
	h := New(Config{
		Source:  example(f).hold(f),
		Now:     clock,
		Proxies: Proxies{Trusted: prefixes("127.0.0.0/8"), Header: ForwardedFor},
		Access:  accesslog.To(io.Discard, slog.New(slog.DiscardHandler)),
	}).Handler()
	for _, target := range []string{
		"/", "/origin/gnu/file1", "/origin.example:21/pub/gnu/", "/[::1]:21/x", "/?url=ftp://origin.example/pub/x", "/?url=ftp%3A%2F%2Fwest.example%2F%250a",
		"//evil.example/..", "/origin/%2F%2Fevil.example", "/origin//evil.example/", "/late/@evil.example:80/", "/late/\\evil.example",
		"/late/%E2%80%AE", "/origin/%0d%0aLocation:%20http://evil.example/", "http://evil.example/late/x", "/late/:@x?json", "/late.example/l/%", "*",
		"/origin/gnu/file1?within=/gnu", "/late/x?within=%0d%0aX:%20y", "/origin/gnu/file1.meta4", "/origin/gnu/?mirrors", "/origin/gnu/?list", "/origin/gnu/file1?explain&from=::1",
		"/uri-res/N2L?urn:mirror:x", "/uri-res/L2Ls?ftp://origin.example/pub/gnu/file1", "/uri-res/L2L?http://evil.example/", "/api/v1/replicas?url=origin/gnu/",
		"/?url=//evil.example/", "/?url=ftp://origin.example@evil.example/pub/", "/?url=ftp://late.example%2F@evil.example/", "/static/../x",
	} {
		f.Add(target, "Host: tracker.example\r\n")
	}
	f.Add("/late/x", "Host: evil.example\r\nAccept: application/json\r\n")
	f.Add("/origin/gnu/file1", "Host: evil.example>;rel=x\r\nAccept: application/metalink4+xml\r\nX-Forwarded-For: <>\r\nX-Forwarded-Proto: https\r\n")
	f.Fuzz(func(t *testing.T, target, header string) {
		text := "GET " + target + " HTTP/1.1\r\n" + header + "\r\n"
		req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return // as net/http's server refuses it
		}
		req.RemoteAddr = "127.0.0.1:1"
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if rec.Code == http.StatusInternalServerError {
			t.Errorf("status %d: %s", rec.Code, rec.Body)
		}
		for name, values := range rec.Header() {
			for _, v := range values {
				if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
					t.Errorf("%s: %q", name, v)
				}
			}
		}
		location, redirects := rec.Header().Get("Location"), rec.Code/100 == 3
		if redirects != (location != "") {
			t.Fatalf("status %d with Location %q", rec.Code, location)
		}
		if !redirects {
			return
		}
		for _, url := range links(t, rec.Result()) {
			if !slices.ContainsFunc(tracked, func(base string) bool { return strings.HasPrefix(url, base) }) {
				t.Errorf("a Link leads to %q, which is on no tracked site", url)
			}
		}
		if !slices.ContainsFunc(tracked, func(base string) bool { return strings.HasPrefix(location, base) }) {
			t.Errorf("Location %q is on no tracked site", location)
		}
		if _, _, err := mirror.SplitURL(location); err != nil {
			t.Errorf("Location: %v", err)
		}
	})
}
