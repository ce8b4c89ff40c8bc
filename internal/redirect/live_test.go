package redirect

import (
	"context"
	"log/slog"
	"testing"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// failing is a world whose database can go away.
type failing struct {
	*world
	away bool
}

func (f *failing) Sites(ctx context.Context) ([]mirror.Site, error) {
	if f.away {
		return nil, errAway
	}
	return f.world.Sites(ctx)
}

// The real Live as Source: nothing, then an index, then no database.
func TestLive(t *testing.T) {
	source := &failing{world: example(t), away: true}
	live := resolver.NewLive(source, resolver.Options{}, slog.New(slog.DiscardHandler))
	h := New(Config{Source: live}).Handler()
	for _, step := range []struct {
		name        string
		away        bool
		ready, path int
		up          float64
	}{
		{"never there", true, 503, 503, 0},
		{"there", false, 200, 302, 1},
		{"gone", true, 200, 302, 0},
		{"back", false, 200, 302, 1},
	} {
		source.away = step.away
		if err := live.Check(t.Context()); (err != nil) != step.away {
			t.Fatalf("%s: check: %v", step.name, err)
		}
		ready, path := ask(h, "GET", "/readyz").StatusCode, ask(h, "GET", "/origin/gnu").StatusCode
		up := scrapeOf(t, h)["redirector_index_source_up"]
		if ready != step.ready || path != step.path || up != step.up {
			t.Errorf("%s: /readyz %d, path %d, up %v; want %+v", step.name, ready, path, up, step)
		}
	}
}
