package redirect

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"mirrortracker/internal/metalink"
	"mirrortracker/internal/urn"
)

// faces returns the handler of the example, with two named archives.
func faces(t testing.TB) http.Handler {
	t.Helper()
	names, err := urn.NewNames("", []urn.Archive{{Name: "gnu", Site: "origin", Path: "/gnu"}, {Name: "west", Site: "west", Path: "/mirrors"}})
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Source: example(t).hold(t), Now: clock, Names: names}).Handler()
}

func readMetalink(t *testing.T, res *http.Response) *metalink.Document {
	t.Helper()
	if kind := res.Header.Get("Content-Type"); res.StatusCode != 200 || kind != metalink.Type {
		t.Fatalf("status %d, %s: %s", res.StatusCode, kind, read(t, res))
	}
	d, err := metalink.Read(res.Body, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A file is described in the same way however the description is asked for.
func TestMetalinkOfAFile(t *testing.T) {
	h := faces(t)
	for _, c := range []struct{ target, accept string }{
		{"/origin/gnu/file1.meta4", ""},
		{"/origin/gnu/file1?meta4", ""},
		{"/origin/gnu/file1", metalink.Type},
		{"/origin/gnu/file1", "*/*;q=0.5,application/metalink4+xml,application/metalink+xml"},
		{"/?url=ftp://origin.example/pub/gnu/file1&meta4", ""},
		{"/?url=ftp://origin.example/pub/gnu/file1.meta4", ""},
	} {
		header := []string{}
		if c.accept != "" {
			header = []string{"Accept", c.accept}
		}
		res := ask(h, "GET", c.target, header...)
		d := readMetalink(t, res)
		if len(d.Files) != 1 || d.Files[0].Name != "file1" || d.Files[0].Size != 101 {
			t.Fatalf("%s: %+v", c.target, d.Files)
		}
		urls := d.Files[0].URLs
		redirect := ask(h, "GET", "/origin/gnu/file1").Header.Get("Location")
		if urls[0].Address != redirect || urls[0].Priority != 1 || len(urls) < 4 {
			t.Errorf("%s: %+v, and a redirect leads to %s", c.target, urls, redirect)
		}
		if d.Generator != "mirrortracker" || d.Origin != "http://example.com/origin/gnu/file1?meta4" || !d.Published.Equal(crawled) || !d.Updated.Equal(clock()) {
			t.Errorf("%s: header %+v", c.target, d.Header)
		}
		if name := res.Header.Get("Content-Disposition"); name != `attachment; filename="file1.meta4"` {
			t.Errorf("%s: %s", c.target, name)
		}
	}
}

// Who takes anything as well is redirected, as aria2 is.
func TestMetalinkIsNotPressedUponAnybody(t *testing.T) {
	res := ask(faces(t), "GET", "/origin/gnu/file1", "Accept", "*/*,application/metalink4+xml,application/metalink+xml")
	if res.StatusCode != http.StatusFound || len(res.Header["Link"]) < 3 {
		t.Errorf("status %d, Link %q", res.StatusCode, res.Header["Link"])
	}
}

func TestMetalinkOfADirectory(t *testing.T) {
	h := faces(t)
	for target, want := range map[string]string{
		"/origin/gnu/?meta4":           "<x>... file0 file1 file2 file3 file4 file5 file6 file7",
		"/origin/gnu.meta4":            "<x>... file0 file1 file2 file3 file4 file5 file6 file7",
		"/origin/gnu/?meta4&recursive": "<x>... file0 file1 file2 file3 file4 file5 file6 file7 sub/deep.tar",
		"/origin/latest?meta4":         "deep.tar",
	} {
		d := readMetalink(t, ask(h, "GET", target))
		var got []string
		for _, f := range d.Files {
			got = append(got, f.Name)
			for _, u := range f.URLs {
				if !strings.HasSuffix(u.Address, "/"+f.Name[strings.LastIndex(f.Name, "/")+1:]) && !strings.Contains(f.Name, "#") {
					t.Errorf("%s: %s is at %s", target, f.Name, u.Address)
				}
			}
		}
		// "a#b?c %.txt" comes first; the name that is not UTF-8 and the one with a tab are left out.
		if text := strings.Join(got, " "); text != strings.Replace(want, "<x>...", "a#b?c %.txt", 1) {
			t.Errorf("%s: %s", target, text)
		}
	}
	if page := read(t, ask(h, "GET", "/origin/gnu/?meta4")); !strings.Contains(page, "<!-- 2 files left out") {
		t.Errorf("it does not say what is left out: %s", page)
	}
}

// What is too much for a description is cut, and the description says so. Its own files
// go before those below.
func TestMetalinkIsBounded(t *testing.T) {
	many, wide := dir{}, dir{}
	for i := range 9 {
		many["f"+strconv.Itoa(i)] = file{1, 1}
		wide["d"+strconv.Itoa(i)] = dir{"f": file{1, 1}}
	}
	deep := dir{"leaf": file{1, 1}}
	for range maxMetalinkDepth + 10 {
		deep = dir{"d": deep}
	}
	deep["top"] = file{1, 1}
	w := newWorld()
	w.site(t, "s", 100, dir{"many": many, "both": dir{"many": many, "more": dir{"g": file{1, 1}}}, "wide": wide, "deep": deep}, "ftp://s.example/")
	r := New(Config{Source: w.hold(t)})
	for _, c := range []struct {
		text       string
		left, most int
		files      int
		cut        bool
		refused    error
	}{
		{"/s/many", 9, 9, 9, false, nil},
		{"/s/many", 9, 8, 8, true, nil},
		{"/s/many", 8, 9, 8, true, nil},
		{"/s/both", 100, 10, 10, false, nil},
		{"/s/both", 100, 9, 9, true, nil},
		{"/s/wide", 18, 9, 9, false, nil},
		{"/s/wide", 14, 9, 5, true, nil},
		{"/s/wide", 9, 9, 0, true, errTooMany},
		{"/s/wide", 8, 9, 0, true, errTooMany},
		{"/s/deep", 1000, 1000, 1, true, nil},
	} {
		a, err := r.Decide(Question{Text: c.text}, 1)
		if err != nil {
			t.Fatal(err)
		}
		var body strings.Builder
		d := description{Answer: a, recursive: true, left: c.left, most: c.most}
		if err := d.write(&body); !errors.Is(err, c.refused) {
			t.Errorf("%+v: %v", c, err)
		}
		if c.refused != nil {
			continue
		}
		got, err := metalink.Read(strings.NewReader(body.String()), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if cut := strings.Contains(body.String(), "<!-- only the first "); len(got.Files) != c.files || cut != c.cut {
			t.Errorf("%+v: %d files, cut %t", c, len(got.Files), cut)
		}
	}
}

// A real file of that name beats the suffix, and so does a name of which nothing
// is known without it.
func TestSuffixIsAName(t *testing.T) {
	w := newWorld()
	w.site(t, "s", 100, dir{"f": file{1, 1}, "f.meta4": file{2, 1}, "g": file{3, 1}, "d": dir{"x": file{1, 1}}, "e": dir{}}, "ftp://s.example/")
	h := New(Config{Source: w.hold(t)}).Handler()
	for target, want := range map[string]string{
		"/s/f.meta4":       "ftp://s.example/f.meta4",
		"/s/new.meta4":     "ftp://s.example/new.meta4",
		"/s/d/.meta4":      "ftp://s.example/d/.meta4",
		"/s/f.meta4.meta4": "",
		"/s/g.meta4":       "",
		"/s/d.meta4":       "",
	} {
		res := ask(h, "GET", target)
		if got := res.Header.Get("Location"); got != want || (want == "") != (res.Header.Get("Content-Type") == metalink.Type) {
			t.Errorf("%s: status %d to %q, want %q", target, res.StatusCode, got, want)
		}
	}
	for target, status := range map[string]int{"/s/e/?meta4": 404, "/s/nothing/?meta4": 404, "/s/nothing?meta4": 200, "/s/%ff?meta4": 406, "/nobody/x?meta4": 404} {
		if res := ask(h, "GET", target); res.StatusCode != status {
			t.Errorf("%s: status %d, want %d", target, res.StatusCode, status)
		}
	}
}

func TestMirrorsAsText(t *testing.T) {
	h := faces(t)
	want := ask(h, "GET", "/origin/gnu/file1").Header.Get("Location")
	for _, res := range []*http.Response{
		ask(h, "GET", "/origin/gnu/file1?mirrors&text"),
		ask(h, "GET", "/origin/gnu/file1?mirrors", "Accept", "text/plain"),
	} {
		urls := strings.Split(strings.TrimSuffix(read(t, res), "\n"), "\n")
		if urls[0] != want || len(urls) < 4 || res.Header.Get("Content-Type") != plainText {
			t.Errorf("%q, and a redirect leads to %s", urls, want)
		}
	}
}

// Pages are HTML whose elements are closed, take nothing from elsewhere and run
// nothing, whatever names stand in them.
func TestPages(t *testing.T) {
	h := faces(t)
	for target, wants := range map[string][]string{
		"/":                                        {"<b>origin</b>"},
		"/origin/gnu/file1?mirrors":                {"Mirrors of file1", "http://east.example/e/g/file1", "exact", "curl -L -O &#39;http://example.com/origin/gnu/file1&#39;", "urn:mirror:gnu/file1", "Left out"},
		"/origin/gnu/file1?explain":                {"Where file1 comes from", "Why"},
		"/origin/gnu/?mirrors":                     {"recursive", "Exact digest", "?list"},
		"/origin/gnu/%3Cx%3E&%22y%22%09?mirrors":   {"Mirrors of &lt;x&gt;&amp;&#34;y&#34;%09"},
		"/origin/gnu/%FF%FE?mirrors":               {"Mirrors of %FF%FE"},
		"/origin/gnu/new?mirrors":                  {"Only the original serves it", "none"},
		"/late/x?explain":                          {"the site has no snapshot yet"},
		"/origin/gnu/?list":                        {"&lt;x&gt;&amp;&#34;y&#34;%09", "%FF%FE", "a#b?c %.txt", `href="/origin/gnu/a%23b%3Fc%20%25.txt"`, "sub/"},
		"/origin/?list":                            {"link to gnu/sub", "incomplete"},
		"/origin/gnu/?list&limit=2":                {"?list&amp;cursor=", ">More<"},
		"/origin/empty/?list":                      {"There is nothing in it"},
		"/?url=ftp://west.example/mirrors&mirrors": {"/west/mirrors/?list", "urn:mirror:west"},
	} {
		res := ask(h, "GET", target, "Accept", "text/html,*/*;q=0.8")
		page := read(t, res)
		if kind := res.Header.Get("Content-Type"); res.StatusCode != 200 || kind != "text/html; charset=utf-8" {
			t.Errorf("%s: status %d, %s: %s", target, res.StatusCode, kind, page)
			continue
		}
		if csp := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none';") {
			t.Errorf("%s: Content-Security-Policy %q", target, csp)
		}
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not have %q:\n%s", target, want, page)
			}
		}
		for _, never := range []string{"ZgotmplZ", "<script", "style=", "src=", "javascript:", "<x>"} {
			if strings.Contains(page, never) {
				t.Errorf("%s has %q", target, never)
			}
		}
		balanced(t, target, page)
	}
}

// balanced reports elements that are not closed, or not in order.
func balanced(t *testing.T, target, page string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(page))
	var open []string
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("%s: %q is not closed", target, open)
			}
			return
		case html.StartTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "meta", "link", "input":
			default:
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Errorf("%s: </%s> within %q", target, name, open)
				return
			}
			open = open[:len(open)-1]
		}
	}
}

// Pages of a directory follow each other without a gap.
func TestListIsPaged(t *testing.T) {
	h := faces(t)
	get := func(target string) (d struct {
		Entries []struct{ Name string }
		Next    string
	}) {
		t.Helper()
		if err := json.Unmarshal([]byte(read(t, ask(h, "GET", target))), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	all := get("/origin/gnu/?list&json")
	if len(all.Entries) != 12 || all.Next != "" {
		t.Fatalf("%+v", all)
	}
	var got int
	for next, pages := "", 0; pages == 0 || next != ""; pages++ {
		target := "/origin/gnu/?list&json&limit=5"
		if next != "" {
			target += "&cursor=" + next
		}
		d := get(target)
		for _, e := range d.Entries {
			if e.Name != all.Entries[got].Name {
				t.Errorf("entry %d is %s, want %s", got, e.Name, all.Entries[got].Name)
			}
			got++
		}
		next = d.Next
	}
	if got != len(all.Entries) {
		t.Errorf("%d entries, want %d", got, len(all.Entries))
	}
	for target, status := range map[string]int{
		"/origin/gnu/file1?list": 404, "/origin/no/?list": 404, "/late/?list": 404, "/nobody/?list": 404,
		"/origin/?list&limit=0": 400, "/origin/?list&limit=x": 400, "/origin/?list&cursor=%20": 400, "/origin/?list&cursor=": 400,
	} {
		if res := ask(h, "GET", target); res.StatusCode != status {
			t.Errorf("%s: status %d, want %d", target, res.StatusCode, status)
		}
	}
}

// No cache between hands one client's answer to another, and no page lets in what is not
// its own.
func TestHeadersOfFaces(t *testing.T) {
	h := faces(t)
	for target, vary := range map[string]string{
		"/origin/gnu/?mirrors": "Accept", "/origin/gnu/?explain": "Accept", "/origin/gnu/?list": "Accept", "/origin/gnu/?json": "Accept", "/origin/gnu/?meta4": "Accept",
		"/origin/gnu.meta4": "Accept", "/origin/no/?list": "Accept", "/?url=ftp://origin.example/pub/gnu/&mirrors": "Accept",
		"/uri-res/L2Ls?ftp://origin.example/pub/gnu/": "Accept", "/uri-res/N2L?urn:mirror:gnu/file1": "Accept", "/uri-res/N2L?urn:x:y": "Accept",
		"/api/v1/sites": "", "/api/v1/replicas?url=/origin/gnu/": "", "/api/v1/status": "",
	} {
		get := ask(h, "GET", target, "Accept", "text/html,*/*;q=0.8")
		if got := get.Header.Get("Cache-Control"); got != "private, no-cache" {
			t.Errorf("%s: Cache-Control %q", target, got)
		}
		if got := get.Header.Get("Vary"); got != vary {
			t.Errorf("%s: Vary %q", target, got)
		}
		if got := get.Header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options %q", target, got)
		}
		if page := strings.HasPrefix(get.Header.Get("Content-Type"), "text/html"); page && get.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: a page without Referrer-Policy", target)
		}
		head := ask(h, "HEAD", target, "Accept", "text/html,*/*;q=0.8")
		if diff := cmp.Diff(get.Header, head.Header); diff != "" || head.StatusCode != get.StatusCode {
			t.Errorf("%s: HEAD is %d, and has other headers (-GET +HEAD):\n%s", target, head.StatusCode, diff)
		}
	}
}

// FuzzFace holds that whatever is asked for, in whatever form, what is sent is
// well-formed and names no place but those of tracked sites.
func FuzzFace(f *testing.F) {
	h := faces(f)
	for _, target := range []string{
		"/origin/gnu/file1.meta4", "/origin/gnu.meta4", "/origin/gnu/?meta4&recursive", "/late/%ff?meta4", "/late/x/?meta4", "/origin/latest.meta4", "/.meta4",
		"/origin/gnu/?list&limit=3&cursor=YQ", "/origin/gnu/%ff%fe?mirrors", "/origin/?list", "/origin/gnu?mirrors&json&from=::1", "/origin/gnu?explain",
		"/origin/%3Cx%3E%22'&?mirrors", "/late/%E2%80%AE?mirrors", "/?url=ftp://late.example/%3Cx%3E&explain", "/origin/small/?json", "/api/v1/status",
		"/api/v1/diff?a=/origin/gnu&b=/wrong/gnu", "/api/v1/directories?url=/origin/%ff", "/api/v1/sites?limit=1", "/uri-res/L2Ns?http://east.example/e/g/",
	} {
		f.Add(target, "tracker.example", "*/*")
	}
	f.Add("/origin/gnu/file1", "evil.example", metalink.Type)
	f.Add("/origin/gnu/?mirrors", "<x>", "text/plain")
	f.Fuzz(func(t *testing.T, target, host, accept string) {
		if strings.ContainsAny(target, " \r\n") || strings.ContainsAny(host+accept, "\r\n") {
			return // it is another request then
		}
		text := "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nAccept: " + accept + "\r\n\r\n"
		req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return // as net/http's server refuses it
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if rec.Code >= 500 && rec.Code != http.StatusNotImplemented {
			t.Fatalf("status %d: %s", rec.Code, rec.Body)
		}
		switch kind := rec.Header().Get("Content-Type"); {
		case kind == metalink.Type:
			d, err := metalink.Read(rec.Body, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range d.Files {
				for _, u := range file.URLs {
					if !onTracked(u.Address) {
						t.Errorf("%q is said to be at %q", file.Name, u.Address)
					}
				}
			}
		case strings.HasSuffix(kind, "json") && !json.Valid(rec.Body.Bytes()):
			t.Errorf("no JSON: %s", rec.Body)
		case strings.HasPrefix(kind, "text/html"):
			balanced(t, target, rec.Body.String())
		}
	})
}
