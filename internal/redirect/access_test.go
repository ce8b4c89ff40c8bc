package redirect

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"mirrortracker/internal/accesslog"
)

// logged returns the lines of the access log for some requests.
func logged(t *testing.T, format string, header []string, targets ...string) []string {
	t.Helper()
	var to bytes.Buffer
	access := accesslog.To(&to, slog.New(slog.DiscardHandler))
	h := New(Config{Source: example(t).hold(t), Now: clock, Access: access, Format: format}).Handler()
	for _, target := range targets {
		ask(h, "GET", target, header...)
	}
	if err := access.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(to.String(), "\n"), "\n")
}

func TestCombined(t *testing.T) {
	got := logged(t, "combined", []string{"User-Agent", "curl/8 \"x\"\r\n\xff"},
		"/origin/gnu/file1", "/nobody/x", "/origin/%0d%0a\"", "/healthz", "/origin/gnu?json")
	want := []string{
		`192.0.2.1 - - [01/Mar/2026:15:00:00 +0000] "GET /origin/gnu/file1 HTTP/1.1" 302 0 "-" "curl/8 \x22x\x22\x0d\x0a\xff" outcome=replica match=exact site=east candidates=4 cost=0 us=0`,
		`192.0.2.1 - - [01/Mar/2026:15:00:00 +0000] "GET /nobody/x HTTP/1.1" 404 N "-" "curl/8 \x22x\x22\x0d\x0a\xff" outcome=unknown_site match=none site=- candidates=0 cost=0 us=0`,
		`192.0.2.1 - - [01/Mar/2026:15:00:00 +0000] "GET /origin/%0d%0a\x22 HTTP/1.1" 400 N "-" "curl/8 \x22x\x22\x0d\x0a\xff" outcome=bad_request match=none site=- candidates=0 cost=0 us=0`,
		`192.0.2.1 - - [01/Mar/2026:15:00:00 +0000] "GET /healthz HTTP/1.1" 200 6 "-" "curl/8 \x22x\x22\x0d\x0a\xff" outcome=- match=- site=- candidates=0 cost=0 us=0`,
	}
	if len(got) != len(want)+1 {
		t.Fatalf("%d lines: %q", len(got), got)
	}
	length := regexp.MustCompile(` (40[04]) [0-9]+ `) // of what errors say
	for i := range want {
		got[i] = length.ReplaceAllString(got[i], " $1 N ")
		if got[i] != want[i] {
			t.Errorf("line %d\n%s\nwant\n%s", i+1, got[i], want[i])
		}
	}
	if last := got[len(want)]; !strings.Contains(last, " outcome=json match=exact ") {
		t.Errorf("JSON is logged as %s", last)
	}
}

func TestJSONLines(t *testing.T) {
	for _, line := range logged(t, "json", []string{"User-Agent", "\"\x01\xff", "Referer", "http://x/\\"}, "/origin/gnu/file1", "/origin/..", "/") {
		var got struct {
			Time, Client, Method, Target, Protocol, Referer, Agent, Outcome, Match, Site string
			Status, Bytes, Candidates                                                    int
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got.Time != "2026-03-01T15:00:00Z" || got.Client != "192.0.2.1" || got.Agent != "\"\x01\u00ff" || got.Referer != "http://x/\\" || got.Status == 0 {
			t.Errorf("%s reads %+v", line, got)
		}
	}
}
