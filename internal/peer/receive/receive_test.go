package receive_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer/receive"
	"mirrortracker/internal/peer/trust"
	"mirrortracker/internal/store"
	"mirrortracker/internal/store/storetest"
)

// now is when snapshots are received; they were made an hour before.
var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// A tracker is one with a database, and a key.
type tracker struct {
	*store.Store
	t   testing.TB
	key minisign.PrivateKey
}

func newTracker(t testing.TB) *tracker {
	_, key, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &tracker{storetest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "tracker.db")), t, key}
}

// from is how others know the tracker, which they believe about the patterns.
func (k *tracker) from(patterns ...string) receive.From {
	sites, err := trust.ParseAll(patterns)
	if err != nil {
		k.t.Fatal(err)
	}
	return receive.From{URL: "https://peer.example/", Key: k.key.Public().(minisign.PublicKey), Trust: sites}
}

func (k *tracker) receiver() *receive.Receiver {
	return &receive.Receiver{Store: k.Store, Owner: "test", Rules: receive.DefaultRules, Now: func() time.Time { return now }}
}

func siteOf(t testing.TB, url string) mirror.Site {
	u, err := mirror.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	return mirror.Site{Name: "example", URL: u, Weight: mirror.DefaultWeight}
}

// A dir is a directory of a site: a file of each word that stands in it, and the
// directories below.
type dir struct {
	files string
	dirs  map[string]*dir
}

// tree makes the tree of a directory, and those below it before.
func (d *dir) tree(below *[]*digest.Tree) *digest.Tree {
	var entries []digest.Entry
	for name := range strings.FieldsSeq(d.files) {
		entries = append(entries, digest.Entry{Name: name, Kind: digest.File, Size: int64(len(name)), Date: digest.NewDate(2026, 11, 20)})
	}
	for name, sub := range d.dirs {
		entries = append(entries, digest.Entry{Name: name, Kind: digest.Dir, Sub: &sub.tree(below).Summary})
	}
	entries, _ = digest.Clean(entries)
	tree := digest.NewDigester().Tree(entries, digest.Complete)
	*below = append(*below, tree)
	return tree
}

// plant puts a directory and all below it, and returns its tree.
func (k *tracker) plant(d *dir) *digest.Tree {
	k.t.Helper()
	var all []*digest.Tree
	root := d.tree(&all)
	if _, err := k.PutTrees(k.t.Context(), all); err != nil {
		k.t.Fatal(err)
	}
	return root
}

// header describes the snapshot of a site whose root is a tree.
func header(site mirror.Site, root *digest.Tree, finished time.Time, bases ...digest.ID) pack.Header {
	return pack.Header{
		Tracker: "far", Origin: "farther", Site: pack.SiteOf(site),
		Started: finished.Add(-time.Minute), Finished: finished,
		Root: root.ID, Blind: root.Blind, Exact: root.Exact, Totals: root.Totals,
		Bases: bases,
	}
}

// export writes a pack and returns where it is, with its signature.
func (k *tracker) export(h pack.Header) (path string, signature []byte) {
	k.t.Helper()
	var b bytes.Buffer
	if _, err := pack.Export(k.t.Context(), &b, k.Store, h); err != nil {
		k.t.Fatal(err)
	}
	return k.sign(b.Bytes())
}

// sign writes whatever is to pass as a pack, and signs it.
func (k *tracker) sign(text []byte) (path string, signature []byte) {
	k.t.Helper()
	path = filepath.Join(k.t.TempDir(), "site.pack")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		k.t.Fatal(err)
	}
	signature, err := pack.Sign(bytes.NewReader(text), k.key, "a test")
	if err != nil {
		k.t.Fatal(err)
	}
	return path, signature
}

// publish makes a tree the snapshot in force of a site that is crawled here.
func (k *tracker) publish(site mirror.Site, root *digest.Tree, finished time.Time) {
	k.t.Helper()
	if err := k.PutSite(k.t.Context(), site); err != nil {
		k.t.Fatal(err)
	}
	ctx, lease, release, err := k.Hold(k.t.Context(), store.SiteLease(site.ID()), "crawl", nil)
	if err != nil {
		k.t.Fatal(err)
	}
	_, err = k.Publish(ctx, lease, store.Snapshot{Site: site.ID(), Root: root.ID, Started: finished, Finished: finished, Totals: root.Totals})
	if err := errors.Join(err, release()); err != nil {
		k.t.Fatal(err)
	}
}

// force returns the snapshot in force of the only site, and nothing if there is none.
func (k *tracker) force() store.Snapshot {
	k.t.Helper()
	all, err := k.Current(k.t.Context())
	if err != nil || len(all) > 1 {
		k.t.Fatalf("%d snapshots, %v", len(all), err)
	}
	if len(all) == 0 {
		return store.Snapshot{}
	}
	return all[0]
}

// whole checks that all of a tree is here, and adds up.
func (k *tracker) whole(root digest.ID) {
	k.t.Helper()
	for level := []digest.ID{root}; len(level) > 0; {
		var below []digest.ID
		found := map[digest.ID]bool{}
		err := k.Trees(k.t.Context(), level, store.Branches|store.Leaves, func(tree *digest.Tree) error {
			found[tree.ID] = true
			for c := range tree.Children() {
				below = append(below, c.ID)
			}
			return tree.Verify()
		})
		if err != nil {
			k.t.Fatal(err)
		}
		for _, id := range level {
			if !found[id] {
				k.t.Fatalf("tree %s is missing", id)
			}
		}
		level = below
	}
}

func TestFullAndDelta(t *testing.T) {
	far, here := newTracker(t), newTracker(t)
	site := siteOf(t, "ftp://ftp.example.de/pub/")
	site.Weight = 500
	for _, u := range []string{"https://ftp.example.de/", "https://cdn.example.de/", "https://thief.example/"} {
		url, err := mirror.ParseURL(u)
		if err != nil {
			t.Fatal(err)
		}
		site.Serving = append(site.Serving, url)
	}
	old := far.plant(&dir{files: "README", dirs: map[string]*dir{"a": {files: "x y z"}, "b": {files: "1 2 3"}}})
	path, signature := far.export(header(site, old, now.Add(-time.Hour)))
	got, err := here.receiver().Receive(t.Context(), path, signature, far.from("*.de"))
	if err != nil || got.Trees != 3 || got.NewTrees != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
	want := store.Snapshot{
		Site: site.ID(), Seq: 1, Root: old.ID, Started: now.Add(-time.Hour - time.Minute), Finished: now.Add(-time.Hour), Totals: old.Totals,
		Origin: "farther", Via: "https://peer.example/",
	}
	if snap := here.force(); snap != want || got.Snapshot != want {
		t.Errorf("in force is %+v, want %+v", snap, want)
	}
	if s := got.Site; !s.Learnt || s.Name != "example" || s.Weight != mirror.DefaultWeight || fmt.Sprint(s.Serving) != "[https://ftp.example.de/ https://cdn.example.de/]" {
		t.Errorf("the site is %+v", s)
	}
	here.whole(old.ID)

	young := far.plant(&dir{files: "README", dirs: map[string]*dir{"a": {files: "x y z more"}, "b": {files: "1 2 3"}}})
	path, signature = far.export(header(site, young, now.Add(-time.Minute), old.ID))
	got, err = here.receiver().Receive(t.Context(), path, signature, far.from("*.de"))
	if err != nil || got.Trees != 2 || here.force().Root != young.ID {
		t.Fatalf("got %+v, %v", got, err)
	}
	here.whole(young.ID)

	// Who has not the base asks for the full one; and who has it only in part.
	empty := newTracker(t)
	for range 2 {
		if _, err := empty.receiver().Receive(t.Context(), path, signature, far.from("*.de")); !errors.Is(err, pack.ErrLacking) || errors.Is(err, receive.ErrRefused) {
			t.Errorf("got %v", err)
		}
		if snap := empty.force(); snap.Seq != 0 {
			t.Errorf("in force is %+v", snap)
		}
		var top []*digest.Tree
		if err := far.Trees(t.Context(), []digest.ID{old.ID}, store.Branches|store.Leaves, func(tree *digest.Tree) error { top = append(top, tree); return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := empty.PutTrees(t.Context(), top); err != nil {
			t.Fatal(err)
		}
	}
}

// What is here wins, or what is newer does.
func TestWhichSnapshotWins(t *testing.T) {
	far := newTracker(t)
	site := siteOf(t, "ftp://ftp.example.de/pub/")
	theirs, ours := &dir{files: "theirs"}, &dir{files: "ours"}
	root := far.plant(theirs)
	receiveAt := func(here *tracker, finished time.Time) error {
		path, signature := far.export(header(site, root, finished))
		_, err := here.receiver().Receive(t.Context(), path, signature, far.from("*"))
		return err
	}
	t.Run("crawled here", func(t *testing.T) {
		here := newTracker(t)
		here.publish(site, here.plant(ours), now.Add(-24*time.Hour))
		if err := receiveAt(here, now); !errors.Is(err, receive.ErrRefused) || !strings.Contains(err.Error(), "is crawled here, as example") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("to be crawled here", func(t *testing.T) {
		here := newTracker(t)
		if err := here.PutSite(t.Context(), site); err != nil {
			t.Fatal(err)
		}
		for _, finished := range []time.Time{now.Add(-time.Hour), now} {
			if err := receiveAt(here, finished); err != nil || here.force().Root != root.ID {
				t.Fatal(err)
			}
		}
		here.publish(site, here.plant(ours), now.Add(-time.Minute)) // though it is older
		if err := receiveAt(here, now.Add(time.Minute)); !errors.Is(err, receive.ErrRefused) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the newest", func(t *testing.T) {
		here := newTracker(t)
		for _, c := range []struct {
			age  time.Duration
			want error
		}{
			{time.Hour, nil},
			{time.Hour, receive.ErrKnown},
			{2 * time.Hour, receive.ErrKnown},
			{31 * 24 * time.Hour, receive.ErrKnown},
			{time.Minute, nil},
			{-4 * time.Minute, nil},
			{-6 * time.Minute, receive.ErrRefused},
		} {
			if err := receiveAt(here, now.Add(-c.age)); !errors.Is(err, c.want) {
				t.Errorf("%s old: got %v, want %v", c.age, err, c.want)
			}
		}
		if n := here.force().Seq; n != 3 {
			t.Errorf("%d snapshots were taken", n)
		}
		if err := receiveAt(newTracker(t), now.Add(-31*24*time.Hour)); !errors.Is(err, receive.ErrRefused) {
			t.Errorf("31 days old: got %v", err)
		}
	})
	t.Run("no more sites", func(t *testing.T) {
		here := newTracker(t)
		r := here.receiver()
		r.Rules.MaxSites = 1
		for i, want := range []error{nil, receive.ErrRefused} {
			other := siteOf(t, fmt.Sprintf("ftp://ftp%d.example.de/", i))
			path, signature := far.export(header(other, root, now))
			if _, err := r.Receive(t.Context(), path, signature, far.from("*")); !errors.Is(err, want) {
				t.Errorf("site %d: got %v, want %v", i, err, want)
			}
		}
	})
}

// A site is received and crawled by one at a time.
func TestReceivingTakesTheLease(t *testing.T) {
	far, here := newTracker(t), newTracker(t)
	site := siteOf(t, "ftp://ftp.example.de/pub/")
	path, signature := far.export(header(site, far.plant(&dir{files: "a"}), now))
	if _, err := here.Acquire(t.Context(), store.SiteLease(site.ID()), "killed", time.Hour); err != nil {
		t.Fatal(err)
	}
	r := here.receiver()
	_, err := r.Receive(t.Context(), path, signature, far.from("*"))
	if held, ok := errors.AsType[*store.LeaseHeldError](err); !ok || held.Owner != "killed" {
		t.Errorf("got %v", err)
	}
	r.Gone = func(owner string) bool { return owner == "killed" }
	if _, err := r.Receive(t.Context(), path, signature, far.from("*")); err != nil {
		t.Error(err)
	}
}

// Whatever breaks off, nothing partial is in force, and the next try succeeds.
func TestBrokenOff(t *testing.T) {
	far, here := newTracker(t), newTracker(t)
	site := siteOf(t, "ftp://ftp.example.de/pub/")
	many := map[string]*dir{}
	for i := range 1500 {
		many[fmt.Sprint("d", i)] = &dir{files: fmt.Sprint("f", i)}
	}
	path, signature := far.export(header(site, far.plant(&dir{dirs: many}), now))
	ctx, cancel := context.WithCancel(t.Context())
	r := here.receiver()
	looks := 0
	r.Now = func() time.Time {
		if looks++; looks == 2 { // with the lease held
			cancel()
		}
		return now
	}
	if _, err := r.Receive(ctx, path, signature, far.from("*")); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if snap := here.force(); snap.Seq != 0 {
		t.Errorf("in force is %+v", snap)
	}
	got, err := r.Receive(t.Context(), path, signature, far.from("*"))
	if err != nil || got.Trees != 1501 {
		t.Fatalf("got %+v, %v", got, err)
	}
	here.whole(here.force().Root)
}
