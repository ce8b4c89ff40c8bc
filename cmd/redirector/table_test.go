package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/redirect"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

// explained is an answer in which a candidate of every sort is found: the
// original, exact ones, a blind one, one that no client follows, a doubtful one.
func explained(t *testing.T) *redirect.Answer {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "tracker.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var trees []*digest.Tree
	dir := func(entries ...digest.Entry) *digest.Tree {
		trees = append(trees, digest.NewDigester().Tree(entries, digest.Complete))
		return trees[len(trees)-1]
	}
	early, late := digest.NewDate(2026, 1, 8), digest.NewDate(2026, 2, 9)
	licence := dir(file("COPYING", 18000, early))
	pub := dir(sub("a #b", licence), file("image.iso", 3<<20, early))
	dated := dir(sub("a #b", dir(file("COPYING", 18000, late))), file("image.iso", 3<<20, late))
	for _, one := range []struct {
		site mirror.Site
		root *digest.Tree
	}{
		{tracked("asked"), dir(sub("pub", pub))},
		{tracked("east",
			mirror.URL{Scheme: "https", Host: "east.example", Port: 443, Base: "/m/"},
			mirror.URL{Scheme: "rsync", Host: "east.example", Port: 873, Base: "/m/"}), dir(sub("mirror", pub))},
		{tracked("dated"), dir(file("own", 1, early), sub("pub", dated))},
		{tracked("lone"), dir(sub("licence", licence), file("own", 2, early))},
	} {
		if err := publish(t.Context(), s, one.site, one.root, trees...); err != nil {
			t.Fatal(err)
		}
	}
	live := resolver.NewLive(s, resolver.Options{}, slog.New(slog.DiscardHandler))
	if err := live.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	answer, err := redirect.New(redirect.Config{Source: live}).Explain(redirect.Question{Text: "asked/pub/a #b/COPYING", Scheme: "http"})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// An explained answer is a drawn table on a terminal and lines of cells elsewhere.
// UPDATE_GOLDEN=1 writes the files anew.
func TestTable(t *testing.T) {
	answer := explained(t)
	for name, terminal := range map[string]bool{"explain.terminal": true, "explain.pipe": false} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := show(&ui.Env{Stdout: &out, OutTerm: terminal}, answer); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name)
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
}
