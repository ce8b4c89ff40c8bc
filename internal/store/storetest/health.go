package storetest

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

var healthTests = map[string]func(t *testing.T, w *world){
	"the last one stands": func(t *testing.T, w *world) {
		alpha, beta := site(t, "alpha"), site(t, "beta")
		w.put(t, alpha, beta)
		got, err := w.Health(t.Context())
		wantSame(t, got, err, []store.Health{})
		var want []store.Health
		for _, s := range []mirror.Site{alpha, beta} {
			for _, url := range []string{"ftp://a.example/", "http://a.example/" + strings.Repeat("x", 2000)} {
				for _, family := range []string{"ipv4", "ipv6"} {
					want = append(want, store.Health{
						Site: s.ID(), URL: url, Family: family,
						State: "up", Since: noon, Checked: noon.Add(time.Minute), Checker: "first",
					})
				}
			}
		}
		slices.SortStableFunc(want, func(a, b store.Health) int { return bytes.Compare(a.Site[:], b.Site[:]) })
		if err := w.PutHealth(t.Context(), want, nil); err != nil {
			t.Fatal(err)
		}
		got, err = w.Health(t.Context())
		wantSame(t, got, err, want)
		want[3].State, want[3].Reason, want[3].Since = "down", "no answer: é", noon.Add(time.Hour)
		want[3].Checked, want[3].Checker = noon.Add(2*time.Hour), "second"
		if err := w.PutHealth(t.Context(), want[3:4], nil); err != nil {
			t.Fatal(err)
		}
		got, err = w.Health(t.Context())
		wantSame(t, got, err, want)
	},
	"long texts are cut": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		h := store.Health{
			Site: s.ID(), URL: "ftp://a.example/", Family: "ipv4", State: "down", Since: noon, Checked: noon,
			Reason: strings.Repeat("é", 1000), Checker: strings.Repeat("x", 1000),
		}
		e := store.HealthEvent{Time: noon, Kind: "state", Site: s.ID(), Family: "ipv4", From: "up", To: "down", Reason: h.Reason, Checker: h.Checker}
		if err := w.PutHealth(t.Context(), []store.Health{h}, []store.HealthEvent{e}); err != nil {
			t.Fatal(err)
		}
		h.Reason, h.Checker = h.Reason[:1024], h.Checker[:255]
		e.Reason, e.Checker = h.Reason, h.Checker
		states, err := w.Health(t.Context())
		wantSame(t, states, err, []store.Health{h})
		events, err := w.HealthEvents(t.Context(), 10)
		wantSame(t, events, err, []store.HealthEvent{e})
	},
	"many events, each once": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		var events []store.HealthEvent
		for i := range 1200 {
			events = append(events, store.HealthEvent{
				ID: [16]byte{byte(i), byte(i >> 8)}, Time: noon.Add(time.Duration(i) * time.Millisecond), Kind: "state", Site: s.ID(), URL: "ftp://a.example/",
				Family: "ipv6", Scheme: "ftp", From: "up", To: "down", Reason: "why", Checker: "me",
			})
		}
		for range 2 {
			if err := w.PutHealth(t.Context(), nil, events); err != nil {
				t.Fatal(err)
			}
		}
		brake := store.HealthEvent{ID: [16]byte{1}, Time: noon.Add(time.Hour), Kind: "brake", Family: "ipv4", From: "up", To: "down", Reason: "all", Checker: "me"}
		if err := w.PutHealth(t.Context(), nil, []store.HealthEvent{brake}); err != nil {
			t.Fatal(err)
		}
		want := append(slices.Clone(events), brake)
		slices.Reverse(want)
		got, err := w.HealthEvents(t.Context(), 5)
		wantSame(t, got, err, want[:5])
		got, err = w.HealthEvents(t.Context(), 5000)
		wantSame(t, got, err, want)
	},
	"pruned": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		old := store.Health{Site: s.ID(), URL: "ftp://old.example/", Family: "ipv4", State: "up", Since: noon, Checked: noon}
		kept := old
		kept.URL, kept.Checked = "ftp://kept.example/", noon.Add(time.Hour)
		before := store.HealthEvent{ID: [16]byte{1}, Time: noon.Add(-time.Millisecond), Kind: "state", Site: s.ID(), Family: "ipv4", From: "up", To: "down"}
		after := before
		after.ID, after.Time = [16]byte{2}, noon.Add(time.Second)
		if err := w.PutHealth(t.Context(), []store.Health{old, kept}, []store.HealthEvent{before, after}); err != nil {
			t.Fatal(err)
		}
		if err := w.PruneHealth(t.Context(), noon.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		states, err := w.Health(t.Context())
		wantSame(t, states, err, []store.Health{kept})
		events, err := w.HealthEvents(t.Context(), 10)
		wantSame(t, events, err, []store.HealthEvent{after})
	},
	"goes with its site": func(t *testing.T, w *world) {
		alpha, beta := site(t, "alpha"), site(t, "beta")
		w.put(t, alpha, beta)
		h := store.Health{Site: alpha.ID(), URL: "ftp://a.example/", Family: "ipv4", State: "up", Since: noon, Checked: noon}
		kept := h
		kept.Site = beta.ID()
		if err := w.PutHealth(t.Context(), []store.Health{h, kept}, nil); err != nil {
			t.Fatal(err)
		}
		if err := w.RemoveSite(t.Context(), alpha.ID()); err != nil {
			t.Fatal(err)
		}
		got, err := w.Health(t.Context())
		wantSame(t, got, err, []store.Health{kept})
	},
}
