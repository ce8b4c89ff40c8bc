package redirect

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mirrortracker/internal/metalink"
)

func TestResolution(t *testing.T) {
	h := faces(t)
	const best = "http://east.example/e/g/file1"
	if got := ask(h, "GET", "/origin/gnu/file1").Header.Get("Location"); got != best {
		t.Fatalf("the best is %s", got)
	}
	for _, c := range []struct {
		query, accept string
		status        int
		location      string
		kind          string
		body          string // "" for any
	}{
		{"N2L?urn:mirror:gnu/file1", "text/plain", 200, "", plainText, best + "\n"}, // as Squid asks
		{"N2L?urn:mirror:gnu/file1", "", 303, best, plainText, ""},
		{"N2R?urn:mirror:gnu/file1", "*/*", 303, best, plainText, ""},
		{"N2L?urn:mirror:gnu/file1", "text/html,*/*;q=0.8", 303, best, plainText, ""},
		{"N2L?urn%3Amirror%3Agnu%2Ffile1", "", 303, best, plainText, ""},
		{"N2L?URN:Mirror:west/gnu/file1", "", 303, best, plainText, ""},
		{"N2L?urn:mirror:ftp://origin.example/pub/gnu/file1", "text/plain", 200, "", plainText, best + "\n"},
		{"N2L?urn:mirror:gnu/file1", "text/uri-list", 200, "", uriList, ""},
		{"N2Ls?urn:mirror:gnu/file1", "", 200, "", uriList, ""},
		{"L2Ls?ftp://origin.example/pub/gnu/file1", "text/plain", 200, "", plainText, ""},
		{"L2Ls?ftp%3A%2F%2Forigin.example%2Fpub%2Fgnu%2Ffile1", "", 200, "", uriList, ""},
		{"L2Ls?ftp://origin.example/pub/gnu/file1", "application/json", 200, "", jsonText, ""},
		{"N2C?urn:mirror:gnu/file1", "", 200, "", metalink.Type, ""},
		{"L2C?ftp://origin.example/pub/gnu/file1", "application/json", 200, "", jsonText, ""},
		{"N2Ns?urn:mirror:gnu/file1", "", 200, "", uriList, "# urn:mirror:gnu/file1\r\nurn:mirror:gnu/file1\r\nurn:mirror:west/gnu/file1\r\n"},
		{"N2Ns?urn%3Amirror%3Agnu%2Ffile1", "", 200, "", uriList, "# urn:mirror:gnu/file1\r\nurn:mirror:gnu/file1\r\nurn:mirror:west/gnu/file1\r\n"},
		{"L2Ns?http://east.example/e/g/file1", "text/plain", 200, "", plainText, "urn:mirror:gnu/file1\nurn:mirror:west/gnu/file1\n"},
		{"L2Ns?ftp://lone.example/other/", "", 404, "", plainText, ""},
		{"N2L?urn:mirror:nothing/x", "", 404, "", plainText, ""},
		{"N2L?urn:isbn:123", "", 404, "", plainText, ""},
		{"L2Ls?ftp://evil.example/x", "", 404, "", plainText, ""},
		{"N2L?urn:mirror:gnu/../x", "", 400, "", plainText, ""},
		{"N2L?urn:m:x", "", 400, "", plainText, ""},
		{"N2L?ftp://origin.example/pub/gnu/file1", "", 400, "", plainText, ""},
		{"L2Ls?urn:mirror:gnu/file1", "", 400, "", plainText, ""},
		{"L2Ls?gnu/file1", "", 400, "", plainText, ""},
		{"N2L", "", 400, "", plainText, ""},
		{"N2L?%zz", "", 400, "", plainText, ""},
		{"N2Rs?urn:mirror:gnu/file1", "", 501, "", plainText, ""},
		{"X?urn:mirror:gnu/file1", "", 501, "", plainText, ""},
	} {
		var header []string
		if c.accept != "" {
			header = []string{"Accept", c.accept}
		}
		res := ask(h, "GET", "/uri-res/"+c.query, header...)
		body := read(t, res)
		if res.StatusCode != c.status || res.Header.Get("Location") != c.location || res.Header.Get("Content-Type") != c.kind {
			t.Errorf("%s for %q: status %d to %q as %s: %s", c.query, c.accept, res.StatusCode, res.Header.Get("Location"), res.Header.Get("Content-Type"), body)
		}
		if c.body != "" && body != c.body {
			t.Errorf("%s for %q: %q, want %q", c.query, c.accept, body, c.body)
		}
		if c.kind == uriList && (strings.Count(body, "\n") != strings.Count(body, "\r\n") || c.status == 200 && !strings.HasSuffix(body, "\r\n")) {
			t.Errorf("%s: lines of %q do not end in CRLF", c.query, body)
		}
	}
}

// HTTP/1.0 knows no 303.
func TestResolutionByOldHTTP(t *testing.T) {
	req := httptest.NewRequest("GET", "/uri-res/N2L?urn:mirror:gnu/file1", nil)
	req.Proto, req.ProtoMajor, req.ProtoMinor = "HTTP/1.0", 1, 0
	rec := httptest.NewRecorder()
	faces(t).ServeHTTP(rec, req)
	if rec.Code != http.StatusFound {
		t.Errorf("status %d", rec.Code)
	}
}

// What Squid gets fits its buffer of 4096 bytes.
func TestResolutionIsShort(t *testing.T) {
	server := httptest.NewServer(faces(t))
	defer server.Close()
	req, _ := http.NewRequest("GET", server.URL+"/uri-res/N2L?urn:mirror:gnu/file1", nil)
	req.Header.Set("Accept", "text/plain")
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	var head strings.Builder
	if err := res.Header.Write(&head); err != nil {
		t.Fatal(err)
	}
	if n := head.Len() + len(read(t, res)); n > 1024 {
		t.Errorf("%d bytes", n)
	}
}

// FuzzResolution holds that no query leads a resolution to a host that is not
// tracked, or meets with a surprise.
func FuzzResolution(f *testing.F) {
	h := faces(f)
	for _, query := range []string{
		"urn:mirror:gnu/file1", "urn:mirror:ftp://evil.example/x", "urn%3Amirror%3Agnu%0d%0a", "ftp://origin.example@evil.example/", "ftp://late.example/%0d%0aLocation:x",
		"urn:mirror:gnu/%2e%2e/%2e%2e/", "http://east.example/e/g/file1", "//evil.example", "urn:mirror:west?+r?=q#f", "%",
	} {
		for _, service := range []string{"N2L", "N2Ls", "L2Ls", "N2C", "L2Ns"} {
			f.Add(service, query, "text/plain")
		}
	}
	f.Add("N2R", "urn:mirror:gnu/file1", "text/uri-list, */*")
	allowed := map[int]bool{200: true, 303: true, 400: true, 404: true, 406: true, 414: true, 501: true}
	f.Fuzz(func(t *testing.T, service, query, accept string) {
		req := httptest.NewRequest("GET", "/uri-res/N2L", nil)
		req.URL.Path, req.URL.RawQuery = "/uri-res/"+service, query
		req.RequestURI = req.URL.Path + "?" + query
		req.Header.Set("Accept", accept)
		if strings.ContainsAny(service, "/") || service == "" {
			return // another route
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if !allowed[rec.Code] {
			t.Fatalf("status %d: %s", rec.Code, rec.Body)
		}
		location := rec.Header().Get("Location")
		if (rec.Code == http.StatusSeeOther) != (location != "") {
			t.Fatalf("status %d with Location %q", rec.Code, location)
		}
		listed := rec.Code == 200 && (rec.Header().Get("Content-Type") == uriList || rec.Header().Get("Content-Type") == plainText)
		places := strings.Fields(location)
		if listed && !strings.HasSuffix(service, "Ns") {
			lines := strings.Split(strings.TrimRight(rec.Body.String(), "\r\n"), "\n")
			if strings.HasPrefix(lines[0], "# ") && strings.HasPrefix(rec.Header().Get("Content-Type"), uriList) {
				lines = lines[1:] // what was asked for
			}
			for _, line := range lines {
				places = append(places, strings.TrimSuffix(line, "\r"))
			}
		}
		for _, place := range places {
			if !onTracked(place) {
				t.Fatalf("%s?%q leads to %q", service, query, place)
			}
		}
	})
}

// onTracked reports whether a URL is on a tracked site and in printable ASCII.
func onTracked(place string) bool {
	for _, base := range tracked {
		if strings.HasPrefix(place, base) {
			return !strings.ContainsFunc(place, func(r rune) bool { return r <= ' ' || r > '~' })
		}
	}
	return strings.HasPrefix(place, "rsync://west.example/")
}
