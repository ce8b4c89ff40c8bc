package redirect

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
)

// The names and forms of JSON answers are promised in docs/http.md.
func TestJSON(t *testing.T) {
	h := New(Config{Source: example(t).hold(t), Now: clock}).Handler()
	for name, target := range map[string]string{
		"replicas.json": "/origin/gnu/a%23b%3Fc%20%25.txt",
		"doubtful.json": "/origin/small/",
		"none.json":     "/late/%ff%fe",
		"unknown.json":  "/origin/gnu/new",
		"sites.json":    "/",
		"error.json":    "/nobody/x",
	} {
		t.Run(name, func(t *testing.T) {
			var bodies [2][]byte
			res := ask(h, "GET", target, "Accept", "application/json")
			bodies[0], _ = io.ReadAll(res.Body)
			if kind := res.Header.Get("Content-Type"); kind != jsonText {
				t.Errorf("Content-Type %q", kind)
			}
			if l := res.Header.Get("Location"); l != "" {
				t.Errorf("Location %q", l)
			}
			bodies[1], _ = io.ReadAll(ask(h, "GET", target+"?json").Body)
			if !bytes.Equal(bodies[0], bodies[1]) {
				t.Errorf("Accept gets\n%s\n?json gets\n%s", bodies[0], bodies[1])
			}
			if !json.Valid(bodies[0]) {
				t.Errorf("not JSON: %s", bodies[0])
			}
			golden(t, name, bodies[0])
		})
	}
}

// What JSON calls the location is where the redirect leads.
func TestJSONAgrees(t *testing.T) {
	h := New(Config{Source: example(t).hold(t), Now: clock}).Handler()
	for _, target := range []string{"/origin/gnu/file1", "/origin", "/late/x/", "/wrong/gnu", "/origin.example/pub/x/"} {
		var a struct {
			Location, Match, Site string
			Candidates            []struct{ URL, Match, Site string }
		}
		if err := json.NewDecoder(ask(h, "GET", target+"?json").Body).Decode(&a); err != nil {
			t.Fatal(err)
		}
		res := ask(h, "GET", target)
		got := [3]string{a.Location, a.Match, a.Site}
		want := [3]string{res.Header.Get("Location"), res.Header.Get("X-Mirror-Match"), res.Header.Get("X-Mirror-Site")}
		if got != want {
			t.Errorf("%s: JSON says %q, the headers %q", target, got, want)
		}
		if c := a.Candidates[0]; c.URL != a.Location || c.Match != a.Match || c.Site != a.Site {
			t.Errorf("%s: the first candidate is %+v", target, c)
		}
	}
}
