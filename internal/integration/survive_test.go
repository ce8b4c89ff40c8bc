package integration

import (
	"context"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"mirrortracker/internal/testbed"
)

// Does a crawl that is killed with -9 at random instants, again and again, find what
// an undisturbed one finds, and ask for little more?
func TestKilledAtRandomInstants(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	crawler := build(t, "crawler")
	dir := testbed.Dir(t)
	testbed.BigTree(t, dir, survivedDirs, 2)
	addr := serve(t, "vsftpd", testbed.FTPConfig{Root: dir})
	onBothDatabases(t, func(t *testing.T, url string) {
		clean, disturbed := countListings(t, addr, 1e6), countListings(t, addr, slowly)
		k, home := &tracker{program: crawler, database: url}, t.TempDir()
		k.sites = []string{"clean=" + clean.addr}
		if _, sites, err := k.crawl(t.Context(), home); err != nil || sites["clean"].Outcome != "complete" {
			t.Fatal(sites["clean"], err)
		}
		truth, err := k.digests(t.Context(), home, "clean")
		if err != nil || len(truth) != survivedDirs+1 {
			t.Fatal(len(truth), err)
		}

		k.sites = []string{"site=" + disturbed.addr}
		k.settings = []string{"TRACKER_CRAWL_SAVE_EVERY=1s"}
		if err := k.configuration(home); err != nil {
			t.Fatal(err)
		}
		if _, err := k.run(t.Context(), home, "site", "apply", "tracker.toml"); err != nil {
			t.Fatal(err)
		}
		chance := rand.New(rand.NewPCG(1, 2))
		for n := range kills {
			before, after := disturbed.count.Load(), time.Duration(chance.Int64N(int64(2*betweenKills)))
			ctx, kill := context.WithTimeout(t.Context(), after)
			r, err := k.run(ctx, home, "crawl", "site")
			kill()
			if err == nil {
				t.Fatalf("the crawl comes to its end before it was killed for the %d. time, with code %d: %s", n+1, r.code, &r.stderr)
			}
			t.Logf("killed after %s and %d listings", after.Round(time.Millisecond), disturbed.count.Load()-before)
		}
		disturbed.pace.SetLimit(rate.Inf)
		if r, err := k.run(t.Context(), home, "crawl", "site"); err != nil || r.code != 0 {
			t.Fatalf("the last crawl: %v, code %d: %s", err, r.code, &r.stderr)
		}
		got, err := k.digests(t.Context(), home, "site")
		if err != nil || !maps.Equal(got, truth) {
			t.Errorf("%d directories, want %d, or other digests; %v", len(got), len(truth), err)
		}
		t.Logf("%d listings undisturbed, %d with %d kills", clean.count.Load(), disturbed.count.Load(), kills)
		if most := clean.count.Load() * 13 / 10; disturbed.count.Load() > most {
			t.Errorf("%d listings, want at most %d", disturbed.count.Load(), most)
		}
	})
}
