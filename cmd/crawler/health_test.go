package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/store/storetest"
	"mirrortracker/internal/ui"
)

// What redirectors found about the sites' URLs is told with the rest.
func TestHealth(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "tracker.db")
	s := storetest.Open(t, url)
	var sites []mirror.Site
	for _, name := range []string{"dead", "fine", "half", "late", "unseen"} {
		u, err := mirror.ParseURL("ftp://" + name + ".example/")
		if err != nil {
			t.Fatal(err)
		}
		site := mirror.Site{Name: name, URL: u, Weight: mirror.DefaultWeight}
		if err := s.PutSite(t.Context(), site); err != nil {
			t.Fatal(err)
		}
		sites = append(sites, site)
	}
	now := time.Now()
	found := func(i int, family, state, reason string, checked time.Time) store.Health {
		return store.Health{
			Site: sites[i].ID(), URL: sites[i].URL.String(), Family: family, State: state, Reason: reason,
			Since: now.Add(-time.Hour), Checked: checked, Checker: "redirector",
		}
	}
	states := []store.Health{
		found(0, "ipv4", "down", "connection refused", now),
		found(0, "ipv6", "absent", "no address", now),
		found(1, "ipv4", "up", "", now),
		found(1, "ipv6", "up", "", now),
		found(2, "ipv4", "stale", "/f is not there", now),
		found(2, "ipv6", "down", "no answer", now),
		found(3, "ipv4", "down", "long ago", now.Add(-time.Hour)),
	}
	events := []store.HealthEvent{
		{ID: [16]byte{1}, Time: now, Kind: "state", Site: sites[0].ID(), URL: sites[0].URL.String(), Family: "ipv4", Scheme: "ftp", From: "up", To: "down", Reason: "connection refused"},
		{ID: [16]byte{2}, Time: now.Add(-time.Minute), Kind: "brake", Family: "ipv6", From: "up", To: "down", Reason: "9 of 10 fail"},
	}
	if err := s.PutHealth(t.Context(), states, events); err != nil {
		t.Fatal(err)
	}
	crawler := func(want ui.Exit, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		env := &ui.Env{Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }}
		if got := Main(t.Context(), env, append([]string{"--database", url}, args...)); got != want {
			t.Fatalf("%s ended with %d: %s", args, got, &out)
		}
		return out.String()
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"status"}, []string{
			"\tdown\tftp://dead.example/ over ipv4 is down: connection refused\n",
			"\tnow\tup\t\n",
			"\t1 of 2 up\tftp://half.example/ over ipv4 is stale: /f is not there; ftp://half.example/ over ipv6 is down: no answer\n",
			"\tnow\t-\t\n",
			", 2 down\n",
		}},
		{[]string{"status", "--json"}, []string{`"state": "absent"`, `"reason": "long ago"`, `"health": []`}},
		{[]string{"status", "--events", "5"}, []string{
			"\tdead\tftp://dead.example/\tipv4\tup\tdown\tconnection refused\n",
			"\t-\tbrake on all\tipv6\tup\tdown\t9 of 10 fail\n",
		}},
		{[]string{"status", "--events", "1", "--json"}, []string{`"site": "dead"`, `"to": "down"`}},
	} {
		out := crawler(ui.Done, c.args...)
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%v: no %q in\n%s", c.args, want, out)
			}
		}
	}
	if out := crawler(ui.Done, "status", "--events", "1"); strings.Contains(out, "brake") {
		t.Errorf("more than asked for:\n%s", out)
	}
	crawler(ui.Wrong, "status", "--events", "-1")
}
