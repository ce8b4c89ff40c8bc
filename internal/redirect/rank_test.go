package redirect

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

func TestReasons(t *testing.T) {
	r := New(Config{Source: example(t).hold(t)})
	tests := []struct {
		name string
		q    Question
		want []string // "URL: reason"
	}{
		{"all criteria", Question{Text: "origin/gnu/file1", Scheme: "http"}, []string{
			"http://east.example/e/g/file1: chosen: first by name among equals",
			"https://west.example/w%20w/mirrors/gnu/file1: its name comes later",
			"http://wrong.example/gnu/file1: blind match, and exact ones come first",
			"ftp://origin.example/pub/gnu/file1: served by ftp, and another by http",
			"ftp://east.example:2121/g/file1: served by ftp, and another by http",
			"ftp://west.example/mirrors/gnu/file1: served by ftp, and another by http",
			"ftp://wrong.example/gnu/file1: served by ftp, and another by http",
			"-rsync://west.example/w/mirrors/gnu/file1: no client follows a redirect to rsync",
		}},
		{"weight", Question{Text: "origin/gnu", Scheme: "ftp"}, []string{
			"ftp://origin.example/pub/gnu/: chosen: greatest weight, 100",
			"ftp://east.example:2121/g/: lower weight, 50 against 100",
			"ftp://west.example/mirrors/gnu/: lower weight, 50 against 100",
			"ftp://wrong.example/gnu/: blind match, and exact ones come first",
			"http://east.example/e/g/: served by http, and another by ftp",
			"https://west.example/w%20w/mirrors/gnu/: served by https, and another by ftp",
			"http://wrong.example/gnu/: served by http, and another by ftp",
			"-rsync://west.example/w/mirrors/gnu/: no client follows a redirect to rsync",
		}},
		{"the only one", Question{Text: "origin/small/", Scheme: "http"}, []string{
			"ftp://origin.example/pub/small/: chosen: the only one",
			"-ftp://lone.example/other/: doubtful: only 1 file and 17.6 KiB, and 0 of 3 trailing names equal",
		}},
		{"of one site", Question{Text: "late/x", Scheme: "https"}, []string{
			"https://late.example/l/x: chosen: served by https",
			"ftp://late.example/x: served by ftp, and another by https",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, err := r.Explain(test.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range a.Candidates {
				got = append(got, a.Candidates[i].URL()+": "+a.Candidates[i].Reason)
			}
			for i := range a.LeftOut {
				got = append(got, "-"+a.LeftOut[i].URL()+": "+a.LeftOut[i].Reason)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhyOriginal(t *testing.T) {
	r := New(Config{Source: example(t).hold(t)})
	for text, want := range map[string]string{
		"origin/gnu/file1":   "",
		"origin/gnu/sub/new": "the path is not in the index; known as far as /gnu/sub/",
		"origin/.x/y":        "a name that begins with a dot is in no index",
		"origin/broken/x":    "the directory is incomplete (refused)",
		"origin/broken/y":    "the path is not in the index; what is known of /broken/ is incomplete (refused)",
		"origin":             "the directory is incomplete (below)",
		"late/x":             "the site has no snapshot yet",
	} {
		a, err := r.Explain(Question{Text: text, Scheme: "http"})
		if err != nil || a.Reason != want {
			t.Errorf("%s: got %q, %v, want %q", text, a.Reason, err, want)
		}
	}
}

// The order does not depend on the order of the input, and explaining does not
// change it.
func TestOrderOfInput(t *testing.T) {
	schemes := []string{"ftp", "http", "https"}
	rapid.Check(t, func(t *rapid.T) {
		var all []Candidate
		for i := range rapid.IntRange(1, 12).Draw(t, "candidates") {
			site := &mirror.Site{
				Name:   string(rune('a' + i)),
				Weight: rapid.IntRange(1, 3).Draw(t, "weight"),
				URL:    mirror.URL{Scheme: rapid.SampledFrom(schemes).Draw(t, "scheme"), Host: "h", Port: 21, Base: "/"},
			}
			class := rapid.SampledFrom([]resolver.Class{resolver.Exact, resolver.Blind}).Draw(t, "class")
			all = append(all, Candidate{Site: site, Path: "/x", Class: class, Base: &site.URL})
		}
		q := &Question{Scheme: rapid.SampledFrom(schemes).Draw(t, "client")}
		other := rapid.Permutation(all).Draw(t, "permutation")
		ByWeight(q, all, false)
		ByWeight(q, other, true)
		for i := range all {
			if all[i].Site != other[i].Site {
				t.Fatalf("rank %d: %s or %s", i+1, all[i].Site.Name, other[i].Site.Name)
			}
			if chosen := strings.HasPrefix(other[i].Reason, "chosen: "); chosen != (i == 0) || other[i].Reason == "" {
				t.Fatalf("rank %d: reason %q", i+1, other[i].Reason)
			}
		}
	})
}

// Another Ranking is asked in place of the default one.
func TestRanking(t *testing.T) {
	last := func(_ *Question, all []Candidate, _ bool) { slices.Reverse(all) }
	a, err := New(Config{Source: example(t).hold(t), Ranking: last}).Explain(Question{Text: "origin/gnu/file1", Scheme: "http"})
	if err != nil || a.Location != "http://wrong.example/gnu/file1" {
		t.Errorf("got %+v, %v", a, err)
	}
}

// golden compares with a file, or writes it where UPDATE_GOLDEN is set.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
