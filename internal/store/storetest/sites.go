package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

var siteTests = map[string]func(t *testing.T, w *world){
	"everything comes back": func(t *testing.T, w *world) {
		want := mirror.Site{
			Name: "a.b-c_d",
			URL:  baseURL(t, "ftp://[2001:db8::1]:2121/caf%E9%20%23%3F/"), // Latin-1
			Serving: []mirror.URL{
				baseURL(t, "https://z.example/pub/"),
				baseURL(t, "http://a.example:8080/"),
				baseURL(t, "rsync://m.example/module/"),
			},
			Weight:   mirror.MaxWeight,
			Schedule: "*/5 2 * * 1-5",
			Zone:     "Europe/Berlin",
		}
		w.put(t, want)
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{want})
	},
	"sorted by bytes": func(t *testing.T, w *world) {
		w.put(t, site(t, "b"), site(t, "a_b"), site(t, "a-b"), site(t, "a.b"), site(t, "a1"), site(t, "ab"))
		got, err := w.Sites(t.Context())
		wantSame(t, names(got), err, []string{"a-b", "a.b", "a1", "a_b", "ab", "b"})
	},
	"update": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		s.Serving = []mirror.URL{baseURL(t, "http://alpha.example/"), baseURL(t, "https://alpha.example/")}
		w.put(t, s)
		s.Serving, s.Weight, s.Schedule = s.Serving[1:], 7, "@daily"
		w.put(t, s, s)
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{s})
	},
	"rename": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		root := w.putTree(t, w.tree("f"))
		snap := w.publish(t, s, root)
		s.Name = "omega"
		w.put(t, s)
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{s})
		current, err := w.Current(t.Context())
		wantSame(t, current, err, []store.Snapshot{snap})
	},
	"name taken": func(t *testing.T, w *world) {
		alpha, beta := site(t, "alpha"), site(t, "beta")
		w.put(t, alpha, beta)
		thief := beta
		thief.Name = "alpha"
		err := w.PutSite(t.Context(), thief)
		var taken *store.NameTakenError
		if !errors.As(err, &taken) || taken.Name != "alpha" || taken.URL != alpha.URL {
			t.Fatalf("got %v", err)
		}
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{alpha, beta})
	},
	"one name for many at once": func(t *testing.T, w *world) {
		const rivals = 6
		second := Open(t, w.url)
		var all errgroup.Group
		results := make([]error, rivals)
		for i := range rivals {
			s := site(t, "rival"+string(rune('a'+i)))
			s.Name = "prize"
			on := []*store.Store{w.Store, second}[i%2]
			all.Go(func() error {
				results[i] = on.PutSite(t.Context(), s)
				return nil
			})
		}
		_ = all.Wait()
		won := 0
		for _, err := range results {
			var taken *store.NameTakenError
			switch {
			case err == nil:
				won++
			case !errors.As(err, &taken):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d sites got the name", won)
		}
	},
	"bad sites": func(t *testing.T, w *world) {
		long := site(t, "alpha")
		long.URL.Base = "/" + strings.Repeat("x", 3000) + "/"
		for _, bad := range []mirror.Site{
			{Name: "UPPER", URL: baseURL(t, "ftp://a.example/"), Weight: 1},
			{Name: "alpha", URL: baseURL(t, "https://a.example/"), Weight: 1},
			{Name: "alpha", URL: baseURL(t, "ftp://a.example/"), Weight: -1},
			long,
		} {
			if err := w.PutSite(t.Context(), bad); err == nil {
				t.Errorf("%+v was put", bad)
			}
			if _, err := w.ReplaceSites(t.Context(), []mirror.Site{bad}); err == nil {
				t.Errorf("%+v replaces", bad)
			}
		}
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{})
	},
	"remove": func(t *testing.T, w *world) {
		gone, stays := site(t, "gone"), site(t, "stays")
		gone.Serving = []mirror.URL{baseURL(t, "http://gone.example/")}
		w.put(t, gone, stays)
		root := w.putTree(t, w.tree("f"))
		w.publish(t, gone, root)
		snap := w.publish(t, stays, root)
		lease := w.acquire(t, gone, "me")
		progress := []store.Progress{{Path: "/a", Tree: root.ID, Listed: noon}}
		if err := w.keep(t.Context(), lease, gone.ID(), "mlsd", progress); err != nil {
			t.Fatal(err)
		}
		w.record(t, lease, store.Attempt{Site: gone.ID(), Outcome: "running"})
		if err := w.Remember(t.Context(), lease, "listed by STAT"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SetAside(t.Context(), lease, store.Snapshot{Site: gone.ID(), Root: root.ID}, "too little"); err != nil {
			t.Fatal(err)
		}
		if err := w.keep(t.Context(), lease, gone.ID(), "mlsd", progress); err != nil {
			t.Fatal(err)
		}

		if err := w.RemoveSite(t.Context(), gone.ID()); err != nil {
			t.Fatal(err)
		}

		wantError(t, w.RemoveSite(t.Context(), gone.ID()), store.ErrNoSite)
		wantError(t, w.keep(t.Context(), lease, gone.ID(), "mlsd", progress), store.ErrLeaseLost)
		wantError(t, w.RecordAttempt(t.Context(), lease, store.Attempt{Site: gone.ID(), Outcome: "failed"}), store.ErrLeaseLost)
		_, err := w.Publish(t.Context(), lease, store.Snapshot{Site: gone.ID(), Root: root.ID})
		wantError(t, err, store.ErrLeaseLost)
		gone.Serving = nil
		w.put(t, gone) // comes back with nothing
		current, err := w.Current(t.Context())
		wantSame(t, current, err, []store.Snapshot{snap})
		w.wantProgress(t, gone, "", nil)
		attempts, err := w.Attempts(t.Context())
		wantSame(t, attempts, err, []store.Attempt{})
		suspects, err := w.Suspects(t.Context())
		wantSame(t, suspects, err, []store.Suspect{})
		text, _, err := w.Memory(t.Context(), gone.ID())
		wantSame(t, text, err, "")
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{gone, stays})
		if written, err := w.PutTrees(t.Context(), []*digest.Tree{root}); err != nil || written != 0 {
			t.Errorf("the tree went with the site: %d, %v", written, err)
		}
	},
	"replace": func(t *testing.T, w *world) {
		a, b, c, d := site(t, "a"), site(t, "b"), site(t, "c"), site(t, "d")
		w.put(t, a, b, c)
		root := w.putTree(t, w.tree("f"))
		w.publish(t, c, root)
		snap := w.publish(t, a, root)
		a.Name, b.Name = "b", "a" // exchanged
		changes, err := w.ReplaceSites(t.Context(), []mirror.Site{d, a, b})
		wantSame(t, changes, err, store.Changes{Added: []string{"d"}, Updated: []string{"a", "b"}, Removed: []string{"c"}})
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{b, a, d})
		current, err := w.Current(t.Context())
		wantSame(t, current, err, []store.Snapshot{snap})

		changes, err = w.ReplaceSites(t.Context(), []mirror.Site{a, b, d})
		wantSame(t, changes, err, store.Changes{})
	},
	"how they are visited": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		changes, err := w.ReplaceSites(t.Context(), []mirror.Site{s})
		wantSame(t, changes, err, store.Changes{Added: []string{"alpha"}})
		s.Visit = mirror.Visit{
			Listing:     "stat",
			Connections: 3,
			Rate:        0.1,
			Bandwidth:   1 << 40,
			Hours:       "22-6",
			Pause:       time.Hour,
			TLS:         "explicit",
			CA:          "/etc/ca \"日本\" \\ 'x'.pem",
			Family:      "ipv6",
			User:        "us:er?",
			Password:    "env:SECRET",
		}
		for range 2 {
			w.put(t, s)
			got, err := w.Sites(t.Context())
			wantSame(t, got, err, []mirror.Site{s})
			changes, err := w.ReplaceSites(t.Context(), []mirror.Site{s})
			wantSame(t, changes, err, store.Changes{})
			s.Visit = mirror.Visit{Hours: s.Visit.Hours}
		}
		s.Visit = mirror.Visit{}
		changes, err = w.ReplaceSites(t.Context(), []mirror.Site{s})
		wantSame(t, changes, err, store.Changes{Updated: []string{"alpha"}})
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{s})
		s.Visit.User = strings.Repeat("x", 1<<16)
		var large *store.TooLargeError
		if err := w.PutSite(t.Context(), s); !errors.As(err, &large) {
			t.Errorf("got %v", err)
		}
	},
	"where they are and whom they serve": func(t *testing.T, w *world) {
		s := site(t, "alpha")
		w.put(t, s)
		for _, reach := range []mirror.Reach{
			{Country: "de", Place: &mirror.Place{Latitude: 52.516275, Longitude: -179.999999999}, AS: 1<<32 - 1},
			{Place: &mirror.Place{}}, // off the coast of Africa, and not unknown
			{Audience: mirror.Audience{Countries: []string{"de", "at"}, ASes: []uint32{1, 1<<32 - 1}, MaxFile: 1<<63 - 1}},
			{Audience: mirror.Audience{Not: []string{"ch"}}},
			{},
		} {
			s.Reach = reach
			changes, err := w.ReplaceSites(t.Context(), []mirror.Site{s})
			wantSame(t, changes, err, store.Changes{Updated: []string{"alpha"}})
			got, err := w.Sites(t.Context())
			wantSame(t, got, err, []mirror.Site{s})
			changes, err = w.ReplaceSites(t.Context(), []mirror.Site{s})
			wantSame(t, changes, err, store.Changes{})
		}
	},
	"replace with what contradicts itself": func(t *testing.T, w *world) {
		a := site(t, "a")
		w.put(t, a)
		twice := site(t, "b")
		twice.Name = "a"
		if _, err := w.ReplaceSites(t.Context(), []mirror.Site{a, twice}); err == nil {
			t.Error("two sites got one name")
		}
		twice = a
		twice.Name = "b"
		if _, err := w.ReplaceSites(t.Context(), []mirror.Site{a, twice}); err == nil {
			t.Error("one site got two names")
		}
		got, err := w.Sites(t.Context())
		wantSame(t, got, err, []mirror.Site{a})
	},
}

func names(sites []mirror.Site) []string {
	all := make([]string, len(sites))
	for i, s := range sites {
		all[i] = s.Name
	}
	return all
}
