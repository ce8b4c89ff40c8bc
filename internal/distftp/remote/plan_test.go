package remote

import (
	"errors"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

var client = netip.MustParseAddr("192.0.2.7")

// mirrored is a world in which /stuff is mirrored by an entry of these members, the first of
// which is the default.
func mirrored(t *testing.T, weights ...any) *world {
	t.Helper()
	w := newWorld(t, "one", "two")
	for i := 0; i < len(weights); i += 2 {
		alias := mirror.Path("")
		if name := weights[i].(string); name != mirrors.Local {
			alias = mirror.Path("/" + name)
		}
		_, err := w.store.AddMember(t.Context(), 1, weights[i+1].(int), alias)
		must(t, err)
	}
	must(t, w.store.Bind(t.Context(), "/stuff", 1))
	w.file("stuff/games/a", 5, noon)
	w.file("else", 5, noon)
	for _, s := range w.servers {
		s.file("/root/stuff/games/a", 5, noon)
	}
	return w
}

// holders goes through a plan and those that follow it, and returns who they are with.
func (w *world) holders(r data.Request) string {
	w.t.Helper()
	plan, err := w.Retrieve(w.t.Context(), r)
	var all []string
	for err == nil {
		all = append(all, plan.Holder)
		if plan.Source != nil {
			must(w.t, plan.Release())
			break
		}
		for range plan.Holders {
		}
		plan, err = plan.Otherwise(w.t.Context())
	}
	if err != nil {
		w.t.Errorf("%+v: %v", r, err)
	}
	return strings.Join(all, " ")
}

func TestMirroredShares(t *testing.T) {
	w := mirrored(t, mirrors.Local, 60, "one", 25, "two", 15)
	const draws = 2000
	count := map[string]int{}
	for lot := range uint64(draws) {
		count[w.holders(data.Request{Path: "/stuff/games/a", Client: client, Lot: lot + 1})]++
	}
	chi := 0.0
	for way, share := range map[string]float64{"disk": .6, "/one disk": .25, "/two disk": .15} {
		want := share * draws
		chi += math.Pow(float64(count[way])-want, 2) / want
		delete(count, way)
	}
	if chi > 13.8 || len(count) > 0 { // p = 0.001 at two degrees of freedom
		t.Errorf("chi-square is %.1f; others: %v", chi, count)
	}
}

func TestMirroredOrder(t *testing.T) {
	big := 1_000_000
	for _, c := range []struct {
		name    string
		members []any
		set     func(w *world)
		want    string
	}{
		{"drawn, default, local", []any{"one", 1, "two", big}, nil, "/two /one disk"},
		{"the default is local", []any{mirrors.Local, 1, "two", big}, nil, "/two disk"},
		{"drawn is the default", []any{"two", big, "one", 1}, nil, "/two disk"},
		{"drawn rests", []any{"one", 1, "two", big}, func(w *world) { w.servers["two"].resting = true }, "/one disk"},
		{"the default rests", []any{"one", 1, "two", big}, func(w *world) { w.servers["one"].resting = true }, "/two disk"},
		{"all rest", []any{"one", 1, "two", big}, func(w *world) { w.servers["one"].resting, w.servers["two"].resting = true, true }, "disk"},
		{"it failed for this client", []any{"one", 1, "two", big}, func(w *world) { w.memory.failed(w.servers["two"], client) }, "/one disk"},
		{"for another", []any{"one", 1, "two", big}, func(w *world) { w.memory.failed(w.servers["two"], client.Next()) }, "/two /one disk"},
		{"it differs here", []any{"one", 1, "two", big}, func(w *world) { w.memory.fault(w.servers["two"], mirrors.Fault{Dir: "/stuff"}) }, "/one disk"},
		{"and elsewhere", []any{"one", 1, "two", big}, func(w *world) { w.memory.fault(w.servers["two"], mirrors.Fault{Dir: "/other"}) }, "/two /one disk"},
		{"bound no more", []any{"one", 1, "two", big}, func(w *world) { must(w.t, w.store.Unbind(w.t.Context(), "/stuff")) }, "disk"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := mirrored(t, c.members...)
			if c.set != nil {
				c.set(w)
			}
			if got := w.holders(data.Request{Path: "/stuff/games/a", Client: client, Lot: 1}); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if got := w.holders(data.Request{Path: "/else", Client: client, Lot: 1}); got != "disk" {
				t.Errorf("outside: %q", got)
			}
		})
	}
}

// What is asked of a member is below its root, by the whole path.
func TestMirroredPath(t *testing.T) {
	w := mirrored(t, "one", 1)
	w.holders(data.Request{Path: "/stuff/games/a", Client: client, Offset: 2, Length: 1, Text: true})
	if got := w.servers["one"].began; len(got) != 1 || got[0].Path != "/root/stuff/games/a" || got[0].Size != 5 || got[0].Offset != 2 || got[0].Length != 1 || !got[0].Text || got[0].Name != "/one" {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct {
		r    data.Request
		want error
	}{
		{data.Request{Path: "/stuff/games/a", Offset: 6}, data.ErrOffset},
		{data.Request{Path: "/stuff/games"}, vfs.ErrNotRegular},
	} {
		if _, err := w.Retrieve(t.Context(), c.r); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c.r, err)
		}
	}
}

// Where the client was told to come is what is drawn.
func TestMirroredRendezvous(t *testing.T) {
	w := mirrored(t, mirrors.Local, 50, "one", 50)
	told := map[string]int{}
	for lot := range uint64(100) {
		r := data.Request{Path: "/stuff/games/a", Client: client, Lot: lot + 1}
		at, err := w.Expect(t.Context(), data.Expectation{Request: r})
		want := "disk"
		switch {
		case err == nil:
			want, r.At = "/one disk", at
			r.Lot = 1000 - lot // not even another draw changes it
		case !errors.Is(err, data.ErrNotDirect):
			t.Fatal(err)
		}
		told[want]++
		if got := w.holders(r); got != want {
			t.Errorf("lot %d: %q, want %q", lot+1, got, want)
		}
	}
	if told["disk"] < 30 || told["disk"] > 70 {
		t.Errorf("%v", told)
	}
	w.servers["one"].meets = data.ErrNotDirect
	for lot := range uint64(20) {
		r := data.Request{Path: "/stuff/games/a", Client: client, Lot: lot + 1}
		if at, err := w.Expect(t.Context(), data.Expectation{Request: r}); !errors.Is(err, data.ErrNotDirect) {
			t.Errorf("%v, %v", at, err)
		}
	}
}

func TestUploads(t *testing.T) {
	w := mirrored(t, mirrors.Local, 50, "one", 50)
	refused := 0
	for lot := range uint64(100) {
		plan, err := w.Store(t.Context(), data.Request{Path: "/stuff/new", Client: client, Lot: lot + 1})
		mirrored := (*vfs.MirroredError)(nil)
		switch {
		case err == nil:
			must(t, plan.Release())
		case errors.As(err, &mirrored) && mirrored.Site == "/one":
			refused++
		default:
			t.Fatal(err)
		}
	}
	if refused < 30 || refused > 70 {
		t.Errorf("%d of 100 uploads were refused", refused)
	}
	for p, want := range map[mirror.Path]string{"/one/new": "/root/new", "/one/stuff/games/a": "/root/stuff/games/a"} {
		plan, err := w.Store(t.Context(), data.Request{Path: p})
		if err != nil || plan.Holder != "/one" || !plan.Upload {
			t.Errorf("%s: %+v, %v, want it at %s", p, plan, err, want)
		}
	}
	if _, err := w.Store(t.Context(), data.Request{Path: "/one/stuff"}); !errors.Is(err, vfs.ErrNotRegular) {
		t.Errorf("in place of a directory: %v", err)
	}
}

func TestSameFile(t *testing.T) {
	ours := vfs.Entry{Kind: vfs.File, Size: 5, ModTime: noon}
	for _, c := range []struct {
		name   string
		theirs vfs.Entry
		same   bool
	}{
		{"equal", vfs.Entry{Kind: vfs.File, Size: 5, ModTime: noon}, true},
		{"parts of a second", vfs.Entry{Kind: vfs.File, Size: 5, ModTime: noon.Add(300 * time.Millisecond)}, true},
		{"another size", vfs.Entry{Kind: vfs.File, Size: 6, ModTime: noon}, false},
		{"another time", vfs.Entry{Kind: vfs.File, Size: 5, ModTime: noon.Add(time.Second)}, false},
		{"another day", vfs.Entry{Kind: vfs.File, Size: 5, ModTime: noon.AddDate(0, 0, 1)}, false},
		{"no time", vfs.Entry{Kind: vfs.File, Size: 5}, true},
		{"a server that tells its own time", vfs.Entry{Kind: vfs.File, Size: 5, ModTime: noon.Add(-5*time.Hour - 30*time.Minute)}, true},
		{"a directory", vfs.Entry{Kind: vfs.Directory, Size: 5, ModTime: noon}, false},
	} {
		if why := difference(ours, c.theirs); (why == "") != c.same {
			t.Errorf("%s: %q", c.name, why)
		}
	}
}

// A member that differs is told of, and left out for the directory.
func TestFaults(t *testing.T) {
	w := mirrored(t, "one", 1, mirrors.Local, 0)
	b, _ := w.View().Binding("/stuff/games/a")
	q := &question{binding: b, path: "/stuff/games/a", client: client, ours: vfs.Entry{Name: "a", Kind: vfs.File, Size: 5, ModTime: noon}}
	c := w.order(q)[0]
	if err := w.compare(q, c, vfs.Entry{Kind: vfs.File, Size: 5, ModTime: noon}, nil); err != nil {
		t.Error(err)
	}
	if err := w.compare(q, c, vfs.Entry{}, data.ErrUnavailable); errors.Is(err, errOther) {
		t.Error("that it cannot be reached makes it no other file")
	}
	if len(w.Faults()) != 0 {
		t.Errorf("%v", w.Faults())
	}
	if err := w.compare(q, c, vfs.Entry{Kind: vfs.File, Size: 4}, nil); !errors.Is(err, errOther) {
		t.Error(err)
	}
	faults := w.Faults()
	if len(faults) != 1 || faults[0].Dir != "/stuff" || faults[0].Member != "/one" || faults[0].Path != "/stuff/games/a" || !strings.Contains(faults[0].Why, "4 bytes") {
		t.Errorf("%+v", faults)
	}
	if c := w.order(q)[0]; c.server != nil {
		t.Errorf("%+v is still drawn", c)
	}
}

// Failures of a member are held against it for a client, but not what the client did.
func TestLearn(t *testing.T) {
	w := mirrored(t, "one", 1)
	b, _ := w.View().Binding("/stuff")
	q := &question{binding: b, client: client}
	for _, c := range []struct {
		report foreign.Report
		held   bool
	}{
		{foreign.Report{}, false},
		{foreign.Report{Err: data.ErrNoConnection, Bound: true}, true},
		{foreign.Report{Err: errors.New("nothing came")}, false},
		{foreign.Report{Err: errors.New("nothing came"), Bound: true}, true},
		{foreign.Report{Err: data.ErrNotDirect}, false},
		{foreign.Report{Err: errOther}, false},
		{foreign.Report{Err: errors.New("the client went away"), Began: true}, false},
		{foreign.Report{Err: foreign.ErrBroken, Began: true}, true},
		{foreign.Report{Err: data.ErrNoConnection, Began: true}, true},
	} {
		w.memory.failures = nil
		w.learn(q, candidate{name: "/one", server: w.servers["one"]}, c.report)
		if held := w.against(q, w.servers["one"]) != ""; held != c.held {
			t.Errorf("%+v: held is %t", c.report, held)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var m memory
	at := client
	for range mostHeld + 100 {
		m.failed(nil, at)
		at = at.Next()
	}
	if len(m.failures) > mostHeld {
		t.Errorf("%d are remembered", len(m.failures))
	}
}

func TestExplain(t *testing.T) {
	w := mirrored(t, mirrors.Local, 60, "one", 40)
	w.memory.fault(w.servers["one"], mirrors.Fault{Dir: "/stuff", Why: "it has 4 bytes there, not 5"})
	for p, want := range map[mirror.Path][]string{
		"/stuff/games/a":     {"/stuff is mirrored by entry 1", "  LOCAL: weight 60, 60.0 %, default", "  /one: weight 40, 40.0 %; out: it has not the same files: it has 4 bytes there, not 5", "drawn now for 192.0.2.7: LOCAL (drawn of entry 1)"},
		"/one/stuff/games/a": {"below the alias /one: /root/stuff/games/a at one:21", "the server is in use"},
		"/else":              {"/else: 5 B of 2026-03-01 12:00:07 UTC, on the disk of this machine"},
	} {
		lines, err := w.Overseer(nil).Explain(t.Context(), p, client)
		if err != nil {
			t.Errorf("%s: %v", p, err)
		}
		for _, line := range want {
			if !slices.Contains(lines, line) {
				t.Errorf("%s: %q lacks %q", p, lines, line)
			}
		}
	}
}
