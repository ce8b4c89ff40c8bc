package redirect

import (
	"strings"
	"testing"
)

func TestFrontPage(t *testing.T) {
	h := New(Config{Source: example(t).hold(t), Now: clock}).Handler()
	res := ask(h, "GET", "/", "Accept", "text/html,*/*;q=0.8")
	page := read(t, res)
	if kind := res.Header.Get("Content-Type"); res.StatusCode != 200 || kind != "text/html; charset=utf-8" {
		t.Errorf("status %d, %s", res.StatusCode, kind)
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none';") {
		t.Errorf("Content-Security-Policy %q", csp)
	}
	for _, want := range []string{
		"<b>origin</b>", `href="ftp://origin.example/pub/"`, `href="https://west.example/w%20w/"`, "3 hours ago", "17.6 KiB</td>", "2026-03-01T12:00:00Z",
		"not crawled yet", `name="url"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	for _, never := range []string{"ZgotmplZ", "<script", "style=", `src="http`} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %q", never)
		}
	}
}

// What the page links to on this server is there.
func TestFrontPageAssets(t *testing.T) {
	h := New(Config{Source: example(t).hold(t), Now: clock}).Handler()
	page := read(t, ask(h, "GET", "/"))
	for target, kind := range staticTypes {
		target = "/static/" + target
		if !strings.Contains(page, `href="`+target+`"`) {
			t.Errorf("the page does not use %s", target)
		}
		res := ask(h, "GET", target)
		if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != kind {
			t.Errorf("%s: status %d, %s", target, res.StatusCode, got)
		}
	}
}

func TestFrontPageWithoutSites(t *testing.T) {
	h := New(Config{Source: newWorld().hold(t), Now: clock}).Handler()
	if page := read(t, ask(h, "GET", "/")); !strings.Contains(page, "No site is tracked yet") {
		t.Errorf("page %s", page)
	}
}
