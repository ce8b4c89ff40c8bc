package redirect

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestLimit(t *testing.T) {
	now := crawled
	h := New(Config{
		Source: example(t).hold(t),
		Now:    func() time.Time { return now },
		Limit:  Limit{Rate: 0.5, Burst: 3, Bits4: 24, Bits6: 56, Exempt: prefixes("192.0.2.128/25")},
	}).Handler()
	get := func(peer string) int {
		req := newRequest("/origin/gnu/file1")
		req.RemoteAddr = peer
		return serveTo(h, req).StatusCode
	}
	for i, want := range []int{302, 302, 302, 429, 429} {
		// All of one network, and each of another.
		if got := get(fmt.Sprintf("192.0.2.%d:1", i)); got != want {
			t.Errorf("request %d: status %d, want %d", i+1, got, want)
		}
		if got := get(fmt.Sprintf("[2001:db8:0:%d00::1]:1", i)); got != 302 {
			t.Errorf("request %d from another network: status %d", i+1, got)
		}
		if got := get("192.0.2.200:1"); got != 302 {
			t.Errorf("request %d from an exempt network: status %d", i+1, got)
		}
	}
	now = now.Add(2 * time.Second)
	if first, second := get("192.0.2.9:1"), get("192.0.2.9:1"); first != 302 || second != 429 {
		t.Errorf("after two seconds: status %d, %d", first, second)
	}
	req := newRequest("/origin/gnu/file1")
	req.RemoteAddr = "192.0.2.9:1"
	if res := serveTo(h, req); res.Header.Get("Retry-After") != "2" || res.Header.Get("Location") != "" {
		t.Errorf("refused with %v", res.Header)
	}
	scrape := newRequest("/metrics")
	scrape.RemoteAddr = "192.0.2.200:1"
	if got := parseText(t, serveTo(h, scrape).Body)[`redirector_requests_total{match="none",outcome="limited",scheme=""}`]; got != 4 {
		t.Errorf("%v are counted", got)
	}
}

// What takes longer than a redirect counts as more requests, and as no more than can be
// asked at once. Monitoring is never refused.
func TestCharges(t *testing.T) {
	for _, test := range []struct {
		target  string
		burst   int
		want    int    // how many are answered
		refused string // for how long the next one is to wait
	}{
		{"/origin/gnu/file1", 40, 40, "1"},
		{"/origin/gnu/file1.meta4x", 40, 40, "1"},
		{"/?url=ftp://origin.example/pub/gnu/file1", 40, 40, "1"},
		{"/nobody/x", 40, 40, "1"},
		{"/static/style.css", 40, 40, "1"},
		{"/uri-res/N2L?urn:mirror:ftp://origin.example/pub/gnu/file1", 40, 40, "1"},
		{"/uri-res/L2Ls?ftp://origin.example/pub/gnu/file1", 40, 4, "1"},
		{"/uri-res/L2C?ftp://origin.example/pub/gnu/file1", 40, 4, "1"},
		{"/", 40, 4, "1"},
		{"/origin/gnu/file1?mirrors", 40, 4, "1"},
		{"/origin/gnu/file1?explain", 40, 4, "1"},
		{"/origin/gnu/file1?json", 40, 4, "1"},
		{"/origin/gnu/?list", 40, 4, "1"},
		{"/origin/gnu/?meta4", 40, 4, "1"},
		{"/origin/gnu/file1.meta4", 40, 4, "1"},
		{"/?url=ftp://origin.example/pub/gnu/file1&mirrors", 40, 4, "1"},
		{"/api/v1/replicas?url=/origin/gnu/file1", 40, 4, "1"},
		{"/api/v1/nothing", 40, 4, "1"},
		{"/origin/gnu/file1?json", 49, 4, "3"},
		{"/origin/gnu/file1?json", 5, 1, "1"},
		{"/origin/gnu/file1?json", 1, 1, "1"},
		{"/healthz", 1, 50, ""},
		{"/readyz", 1, 50, ""},
		{"/metrics", 1, 50, ""},
	} {
		h := New(Config{
			Source: example(t).hold(t), Now: clock, Limit: Limit{Rate: 4, Burst: test.burst, Bits4: 32, Bits6: 56},
		}).Handler()
		answered, refused := 0, ""
		for range 50 {
			res := ask(h, "GET", test.target)
			if res.StatusCode != http.StatusTooManyRequests {
				answered++
				continue
			}
			if got := res.Header.Get("Retry-After"); refused == "" {
				refused = got
			}
		}
		if refused != test.refused {
			t.Errorf("%s of %d: come again after %q, want %q", test.target, test.burst, refused, test.refused)
		}
		if answered != test.want {
			t.Errorf("%s of %d: %d are answered, want %d", test.target, test.burst, answered, test.want)
		}
	}
}
