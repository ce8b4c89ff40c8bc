package auto

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/store"
)

// A tracker is a database as crawls would have filled it.
type tracker struct {
	*store.Store
	url string
}

func newTracker(t testing.TB) *tracker {
	t.Helper()
	url := "sqlite:" + filepath.Join(t.TempDir(), "tracker.db")
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &tracker{s, url}
}

// crawled publishes what a site has: a directory at a path below its base.
func (k *tracker) crawled(t testing.TB, site mirror.Site, at string, holds dir) {
	t.Helper()
	ctx := t.Context()
	var trees []*digest.Tree
	root := holds.tree(&trees)
	for _, name := range slices.Backward(mirror.Path(at).Names()) {
		root = digest.NewDigester().Tree([]digest.Entry{{Name: name, Kind: digest.Dir, Sub: &root.Summary}}, digest.Complete)
		trees = append(trees, root)
	}
	err := k.PutSite(ctx, site)
	if err == nil {
		_, err = k.PutTrees(ctx, trees)
	}
	if err != nil {
		t.Fatal(err)
	}
	lease, err := k.Acquire(ctx, store.SiteLease(site.ID()), "test", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Publish(ctx, lease, store.Snapshot{Site: site.ID(), Root: root.ID, Totals: root.Totals, Started: day, Finished: day})
	if err := errors.Join(err, k.Release(ctx, lease)); err != nil {
		t.Fatal(err)
	}
}

// A dir has files of a day by their sizes, and directories.
type dir map[string]any

var dated = digest.DateOf(day)

func (d dir) tree(all *[]*digest.Tree) *digest.Tree {
	var entries []digest.Entry
	for name, what := range d {
		switch what := what.(type) {
		case int:
			entries = append(entries, digest.Entry{Name: name, Kind: digest.File, Size: int64(what), Date: dated})
		case digest.Date:
			entries = append(entries, digest.Entry{Name: name, Kind: digest.File, Size: 100, Date: what})
		case dir:
			entries = append(entries, digest.Entry{Name: name, Kind: digest.Dir, Sub: &what.tree(all).Summary})
		}
	}
	kept, _ := digest.Clean(entries)
	t := digest.NewDigester().Tree(kept, digest.Complete)
	*all = append(*all, t)
	return t
}

// put writes it to a disk.
func (d dir) put(t testing.TB, disk *disk, at string) {
	t.Helper()
	for name, what := range d {
		switch what := what.(type) {
		case int:
			disk.put(t, at+"/"+name, what)
		case dir:
			what.put(t, disk, at+"/"+name)
		}
	}
}

func site(name, url string) mirror.Site {
	u, err := mirror.ParseURL(url)
	if err != nil {
		panic(err)
	}
	return mirror.Site{Name: name, URL: u, Weight: mirror.DefaultWeight}
}

// games is a directory large enough to count.
func games() dir {
	d := dir{"new": dir{"chess.zip": 300}}
	for i := range 10 {
		d[fmt.Sprint("game", i)] = 100
	}
	return d
}

func newFinder(t testing.TB, k *tracker, tree Tree, change func(*Config)) *Finder {
	t.Helper()
	c := Config{
		Database: k.url, Refresh: time.Second, Digests: time.Minute, Tree: tree,
		Nearest: nearest.Options{Costs: nearest.DefaultCosts()},
		Log:     slog.New(slog.DiscardHandler),
		Now:     func() time.Time { return day },
	}
	if change != nil {
		change(&c)
	}
	f := New(c)
	t.Cleanup(func() { f.source.close() })
	return f
}

// refresh does what goes on in the background.
func refresh(t testing.TB, f *Finder) {
	t.Helper()
	if err := f.live.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, b := range *f.bound.Load() {
		if b.survey == nil {
			continue
		}
		if _, err := b.reread(t.Context(), f.config.Digests); err != nil {
			t.Fatal(err)
		}
	}
}

// brief writes members as "CLASS SITE URL".
func brief(all []Member) (lines []string) {
	for _, m := range all {
		lines = append(lines, fmt.Sprint(m.Class, " ", m.Site, " ", m.URL()))
	}
	return lines
}

func question(b Binding, p mirror.Path, size int64) Question {
	return Question{Binding: b, Path: p, Client: netip.MustParseAddr("192.0.2.7"), Size: size, ModTime: day}
}

// Members are the complete replicas of our own directory, wherever they stand, exact before
// blind; they come and go with what the tracker knows and with what we have.
func TestMembersOfOurOwnDirectory(t *testing.T) {
	k, d := newTracker(t), newDisk(t)
	games().put(t, d, "pub/games")
	exact, blind := site("exact", "ftp://exact.example:2121/mirrors/"), site("blind", "ftp://blind.example/")
	blind.Weight = mirror.MaxWeight // exact goes before, whatever the weights
	other := games()
	for name, what := range other {
		if what == 100 {
			other[name] = digest.NewDate(2025, 1, 1)
		}
	}
	k.crawled(t, exact, "/stuff/games", games())
	k.crawled(t, blind, "/", other)
	partial := games()
	delete(partial, "new")
	k.crawled(t, site("partial", "ftp://partial.example/"), "/games", partial)

	f := newFinder(t, k, d, nil)
	b := Binding{Dir: "/pub/games"}
	q := question(b, "/pub/games/new/chess.zip", 300)
	if _, err := f.Members(q); err != ErrUnbound {
		t.Errorf("%v", err)
	}
	f.SetBindings([]Binding{b})
	if _, err := f.Members(q); err != ErrNotReady {
		t.Errorf("%v", err)
	}
	if err := f.live.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Members(q); err != ErrUnread {
		t.Errorf("%v", err)
	}
	expect := func(what string, want ...string) {
		t.Helper()
		refresh(t, f)
		got, err := f.Members(q)
		if diff := cmp.Diff(want, brief(got)); diff != "" || err != nil {
			t.Errorf("%s (-want +got), %v:\n%s", what, err, diff)
		}
	}
	first := "exact exact ftp://exact.example:2121/mirrors/stuff/games/new/chess.zip"
	second := "blind blind ftp://blind.example/new/chess.zip"
	expect("at first", first, second)

	changed := games()
	changed["game1"] = 101
	k.crawled(t, exact, "/stuff/games", changed)
	expect("a file differs there", second)
	k.crawled(t, exact, "/stuff/games", games())
	expect("it is as it was", first, second)

	d.put(t, "pub/games/game1", 101)
	f.Changed("/pub/games/game1")
	expect("a file differs here")
	k.crawled(t, exact, "/stuff/games", changed)
	expect("it has followed", first)
	if all, err := f.Members(question(b, "/pub/games/game1", 100)); len(all) > 0 || err != nil {
		t.Errorf("of another size: %v, %v", brief(all), err)
	}
	for _, p := range []mirror.Path{"/pub/games/none", "/pub/games/new", "/pub/games/.hidden", "/pub/games"} {
		if all, err := f.Members(question(b, p, -1)); len(all) > 0 || err != nil {
			t.Errorf("%s: %v, %v", p, brief(all), err)
		}
	}
	later := question(b, "/pub/games/game2", 100)
	later.ModTime = day.AddDate(0, 0, 1)
	if all, err := f.Members(later); len(all) > 0 || err != nil {
		t.Errorf("of another day: %v, %v", brief(all), err)
	}
	s := f.Status(b)
	if len(s.Replicas) != 1 || s.Replicas[0].URL != "ftp://exact.example:2121/mirrors/stuff/games/" || s.Summary.Files != 11 || s.Read.IsZero() || s.Err != nil {
		t.Errorf("%+v", s)
	}
}

// A sharedDisk is one that others change.
type sharedDisk struct {
	*disk
	changes uint64
}

func (d *sharedDisk) Others() uint64 { return d.changes }

// What other servers change is found out as soon as reading everything is not too much.
func TestOthersChangeOurDirectory(t *testing.T) {
	d := &sharedDisk{disk: newDisk(t)}
	games().put(t, d.disk, "pub")
	synctest.Test(t, func(t *testing.T) {
		b := newBound(Binding{Dir: "/pub"}, d)
		reread := func(what string, want bool) {
			t.Helper()
			if done, err := b.reread(t.Context(), time.Hour); done != want || err != nil {
				t.Errorf("%s: read %v, %v", what, done, err)
			}
		}
		reread("at first", true)
		reread("nothing has changed", false)
		d.changes++
		reread("others have changed something", true)
		reread("once", false)
		b.may = time.Now().Add(time.Minute)
		d.changes++
		reread("it was read a moment ago", false)
		time.Sleep(time.Minute)
		reread("that is a while ago", true)
		time.Sleep(time.Hour)
		reread("it is due", true)
	})
}

// With a tracked URL the replicas are those of the directory there, itself among them, and
// ours is not read.
func TestMembersOfATrackedURL(t *testing.T) {
	k, d := newTracker(t), newDisk(t)
	k.crawled(t, site("origin", "ftp://origin.example/"), "/pub/games", games())
	k.crawled(t, site("copy", "ftps://copy.example/"), "/", games())
	f := newFinder(t, k, d, nil)
	good, none, unknown := Binding{"/local", "ftp://origin.example/pub/games/"}, Binding{"/local", "origin/pub/none"}, Binding{"/local", "ftp://unknown.example/"}
	f.SetBindings([]Binding{good, none, unknown})
	refresh(t, f)
	got, err := f.Members(question(good, "/local/game3", 100))
	if err != nil {
		t.Fatal(err)
	}
	lines := brief(got)
	slices.Sort(lines)
	want := []string{"exact copy ftps://copy.example/game3", "exact origin ftp://origin.example/pub/games/game3"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := f.Members(question(none, "/local/game3", 100)); err == nil || !strings.Contains(err.Error(), "no directory /pub/none/ of site origin") {
		t.Errorf("%v", err)
	}
	if _, err := f.Members(question(unknown, "/local/game3", 100)); !errors.Is(err, resolver.ErrUnknownSite) {
		t.Errorf("%v", err)
	}
	if len(d.read) > 0 {
		t.Errorf("%v were read", d.read)
	}
}

// Each range of clients gets the site that is near to it, and the others behind it.
func TestMembersAreNear(t *testing.T) {
	k, d := newTracker(t), newDisk(t)
	games().put(t, d, "pub")
	ranges := map[string]string{"berlin": "10.1.0.0/16", "tokyo": "10.2.0.0/16", "boston": "2001:db8::/32"}
	for name, place := range map[string]mirror.Place{"berlin": {Latitude: 52.5, Longitude: 13.4}, "tokyo": {Latitude: 35.7, Longitude: 139.7}, "boston": {Latitude: 42.4, Longitude: -71.1}} {
		s := site(name, "ftp://"+name+".example/")
		s.Place = &place
		k.crawled(t, s, "/", games())
	}
	f := newFinder(t, k, d, func(c *Config) {
		for name, prefix := range ranges {
			c.Nearest.Networks = append(c.Nearest.Networks, nearest.Network{Name: name, Prefixes: []netip.Prefix{netip.MustParsePrefix(prefix)}, Sites: []string{name}})
		}
	})
	b := Binding{Dir: "/pub"}
	f.SetBindings([]Binding{b})
	refresh(t, f)
	for name, prefix := range ranges {
		q := question(b, "/pub/game1", 100)
		q.Client = netip.MustParsePrefix(prefix).Addr().Next()
		members, leftOut, err := f.Explain(q)
		if err != nil || len(leftOut) > 0 {
			t.Fatal(leftOut, err)
		}
		if len(members) != 3 || members[0].Site != name || members[0].Chance != 1 || members[0].Why == "" {
			t.Errorf("%s: %+v", name, members)
		}
		short, err := f.Members(q)
		if diff := cmp.Diff(brief(members), brief(short)); diff != "" || err != nil {
			t.Errorf("%s: explained as others than it gets: %v\n%s", name, err, diff)
		}
	}
}

// Who cannot be sent to is left out, with the reason.
func TestMembersLeftOut(t *testing.T) {
	k, d := newTracker(t), newDisk(t)
	games().put(t, d, "pub")
	user := site("user", "ftp://user.example/")
	user.Visit.User, user.Visit.Password = "crawler", "env:X"
	both := site("both", "ftp://both.example/")
	both.Visit.User, both.Visit.Password = "crawler", "env:X"
	both.Serving = []mirror.URL{{Scheme: "https", Host: "both.example", Port: 443, Base: "/"}, {Scheme: "ftp", Host: "open.example", Port: 21, Base: "/p q/"}}
	secure := site("secure", "ftp://secure.example/")
	secure.Visit.TLS = mirror.TLSExplicit
	for _, s := range []mirror.Site{user, both, secure, site("us", "ftp://us.example/"), site("here", "ftp://here.example:2121/")} {
		k.crawled(t, s, "/", games())
	}
	f := newFinder(t, k, d, func(c *Config) {
		c.Self = []string{"us"}
		c.Ours = func(host string, port uint16) bool { return host == "here.example" && port == 2121 }
	})
	b := Binding{Dir: "/pub"}
	f.SetBindings([]Binding{b})
	refresh(t, f)
	members, leftOut, err := f.Explain(question(b, "/pub/new/chess.zip", 300))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range members {
		got[m.Site] = fmt.Sprint(m.TLS, " ", m.URL())
	}
	for _, m := range leftOut {
		got[m.Site] = m.Why
	}
	want := map[string]string{
		"both":   fmt.Sprint(ftpconn.NoTLS, " ftp://open.example/p%20q/new/chess.zip"),
		"secure": fmt.Sprint(ftpconn.ExplicitTLS, " ftp://secure.example/new/chess.zip"),
		"user":   "it is crawled under the name of a user",
		"us":     "it is this server",
		"here":   "it is at an address of this server",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A tracker that is away when the server starts is found when it comes.
func TestTrackerThatIsAway(t *testing.T) {
	d := newDisk(t)
	games().put(t, d, "pub")
	late := &tracker{url: "sqlite:" + filepath.Join(t.TempDir(), "tracker.db")}
	f := newFinder(t, late, d, nil)
	b := Binding{Dir: "/pub"}
	f.SetBindings([]Binding{b})
	if err := f.live.Check(t.Context()); err == nil {
		t.Error("a database that is not there was opened")
	}
	s, err := store.Open(t.Context(), late.url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	late.Store = s
	late.crawled(t, site("a", "ftp://a.example/"), "/", games())
	refresh(t, f)
	if all, err := f.Members(question(b, "/pub/game1", 100)); len(all) != 1 || err != nil {
		t.Errorf("%v, %v", brief(all), err)
	}
}

// Everything comes about by itself while it runs, and ends.
func TestRun(t *testing.T) {
	k, d := newTracker(t), newDisk(t)
	games().put(t, d, "pub")
	k.crawled(t, site("a", "ftp://127.0.0.1/"), "/", games())
	told := make(chan string, 100)
	f := newFinder(t, k, d, func(c *Config) {
		c.Refresh = 10 * time.Millisecond
		c.Log = slog.New(slog.NewTextHandler(lines(told), nil))
	})
	b := Binding{Dir: "/pub"}
	f.SetBindings([]Binding{b})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Run(ctx)
	}()
	await := func(text string) {
		t.Helper()
		for {
			select {
			case line := <-told:
				if strings.Contains(line, text) {
					return
				}
			case <-time.After(time.Minute):
				t.Fatalf("%q is not in the log", text)
			}
		}
	}
	await("replica of a mirrored directory found")
	d.put(t, "pub/more", 1)
	f.Changed("/pub/more")
	await("replica of a mirrored directory is none any more")
	stop()
	<-ended
}

// lines passes on each line of a log.
type lines chan<- string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}
