// Package storetest has the contract that every database of the tracker keeps,
// as tests: call [Run] with a function that makes empty ones.
package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// Run runs all tests. Fresh returns the URL of a database that is empty or does
// not exist yet.
func Run(t *testing.T, fresh func(t testing.TB) string) {
	for _, part := range []struct {
		name  string
		tests map[string]func(t *testing.T, w *world)
	}{
		{"Open", openTests},
		{"Sites", siteTests},
		{"Trees", treeTests},
		{"Snapshots", snapshotTests},
		{"Suspects", suspectTests},
		{"Progress", progressTests},
		{"Memories", memoryTests},
		{"Leases", leaseTests},
		{"Attempts", attemptTests},
		{"Health", healthTests},
		{"Prune", pruneTests},
		{"Collect", collectTests},
		{"Learn", learnTests},
		{"Peers", peerTests},
	} {
		t.Run(part.name, func(t *testing.T) {
			for name, test := range part.tests {
				t.Run(name, func(t *testing.T) {
					url := fresh(t)
					test(t, &world{Store: Open(t, url), url: url, digester: digest.NewDigester()})
				})
			}
		})
	}
}

// Open opens a database until the end of the test.
func Open(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A world is what a test finds: an open store, where it is, and the means to
// make things to put into it.
type world struct {
	*store.Store
	url      string
	digester *digest.Digester
}

// long is the time of a lease that does not expire during a test.
const long = time.Hour

// noon is a time without fractions, as they come back from a store.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// site returns a site whose URL follows from its name.
func site(t *testing.T, name string) mirror.Site {
	t.Helper()
	return mirror.Site{Name: name, URL: baseURL(t, "ftp://"+name+".example/pub/"), Weight: mirror.DefaultWeight}
}

func baseURL(t *testing.T, text string) mirror.URL {
	t.Helper()
	u, err := mirror.ParseURL(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// put puts sites.
func (w *world) put(t *testing.T, sites ...mirror.Site) {
	t.Helper()
	for _, s := range sites {
		if err := w.PutSite(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

// acquire takes the lease of a site.
func (w *world) acquire(t *testing.T, site mirror.Site, owner string) store.Lease {
	t.Helper()
	lease, err := w.Acquire(t.Context(), store.SiteLease(site.ID()), owner, long)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

// expired takes the lease of a site and waits until it is no longer valid.
func (w *world) expired(t *testing.T, site mirror.Site, owner string) store.Lease {
	t.Helper()
	lease, err := w.Acquire(t.Context(), store.SiteLease(site.ID()), owner, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		err = w.SaveProgress(t.Context(), lease, "", store.Change{})
	}
	wantError(t, err, store.ErrLeaseLost)
	return lease
}

// tree makes the tree of a directory with one file of that name.
func (w *world) tree(name string) *digest.Tree {
	return w.directory(digest.Entry{Name: name, Kind: digest.File, Size: 1, Date: digest.NewDate(2026, 11, 20)})
}

// forest makes different trees with ten files each.
func (w *world) forest(n int) []*digest.Tree { return Forest(w.digester, 0, n) }

func (w *world) directory(entries ...digest.Entry) *digest.Tree {
	entries, sound := digest.Clean(entries)
	if !sound {
		panic("storetest: internal error: unsound entries")
	}
	return w.digester.Tree(entries, digest.Complete)
}

// putTree puts a tree and returns it.
func (w *world) putTree(t *testing.T, tree *digest.Tree) *digest.Tree {
	t.Helper()
	if _, err := w.PutTrees(t.Context(), []*digest.Tree{tree}); err != nil {
		t.Fatal(err)
	}
	return tree
}

// Forest makes n different trees with ten files each, numbered from first.
func Forest(d *digest.Digester, first, n int) []*digest.Tree {
	trees := make([]*digest.Tree, n)
	entries := make([]digest.Entry, 10)
	for i := range trees {
		for k := range entries {
			entries[k] = digest.Entry{
				Name: fmt.Sprintf("package-%d_1.%d-1_amd64.deb", k, first+i),
				Kind: digest.File,
				Size: int64((first + i) * (k + 1) * 997),
				Date: digest.NewDate(2026, 1+k, 1+i%28),
			}
		}
		trees[i] = d.Tree(entries, digest.Complete)
	}
	return trees
}

func ids(trees []*digest.Tree) []digest.ID {
	all := make([]digest.ID, len(trees))
	for i, t := range trees {
		all[i] = t.ID
	}
	return all
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
}

// wantSame compares what a call returned with what it should have.
func wantSame[T any](t *testing.T, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("want (-) and got (+) differ:\n%s", diff)
	}
}
