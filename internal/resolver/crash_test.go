package resolver

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/mirror"
)

// advance gives the sites of a world what they hold after so many rounds. Some of
// it changes always, some now and then, some never.
func advance(w *world, round int) {
	w.seq = int64(3 * round)
	base := deep(60).with(dir{"big": files("f", 20)})
	w.add("a", "ftp://a.example/", base.with(dir{"new": files(fmt.Sprint("n", round), 10).at("/x/y")}))
	w.add("b", "ftp://b.example/pub/", base.with(dir{"slow": files(fmt.Sprint("s", round/7), 30), "l": "big"}))
	w.add("c", "ftp://c.example/", dir{"big": files("f", 20), "step": deep(20 + round%5)})
}

// roundOf returns the round that an index is of, if all its sites are of one.
func roundOf(x *Index) (round int, ok bool) {
	for i, t := range x.Sites() {
		n := int(t.Snapshot.Seq-1) / 3
		if int(t.Snapshot.Seq) != 3*n+i+1 || i > 0 && n != round {
			return 0, false
		}
		round = n
	}
	return round, x.Len() == 3
}

// sameAnswers compares an index with one that is made anew of the same round.
func sameAnswers(t *testing.T, x *Index, round int) {
	t.Helper()
	w := newWorld()
	advance(w, round)
	fresh := w.index(t, Options{})
	for i := range fresh.Len() {
		for _, p := range []mirror.Path{
			"/", "/big", "/big/f003", "/d7/sub", "/d3/up/d4/up/big/f001", "/new/x/y", "/slow", "/l/f019", "/step/d11/sub", "/nothing/there",
			mirror.Path(fmt.Sprintf("/new/x/y/n%d003", round)),
		} {
			site := *fresh.Site(i)
			got, want := resolve(x, site, p), resolve(fresh, site, p)
			if got.Known != want.Known || got.Tree() != want.Tree() || got.Dir != want.Dir || !slices.Equal(brief(got), brief(want)) {
				t.Errorf("round %d, %s%s: %v, want %v", round, site.Name, p, brief(got), brief(want))
			}
		}
	}
}

// TestCrashChild is the process that [TestAKilledProcessLeavesAGoodCache] kills. It
// loads, merges and saves, as fast as it can; as a test, it does nothing.
func TestCrashChild(t *testing.T) {
	folder := os.Getenv("RESOLVER_CRASH_FOLDER")
	if folder == "" {
		return
	}
	w := newWorld()
	l := NewLive(w, Options{Cache: folder}, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	for round := rand.IntN(1000); ; round++ {
		advance(w, round)
		if err := l.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		fmt.Println("loaded", round)
		l.tend(t.Context(), true)
	}
}

// Whenever a process is killed, the next one finds the whole of some state that was
// in force: it answers as if it had loaded that anew, while the source is away, and
// reads no more than what has changed when it is back.
func TestAKilledProcessLeavesAGoodCache(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "index")
	restored := 0
	for kill := range 6 {
		loads := 1 + rand.IntN(24)
		killAfter(t, folder, loads)

		log := &journal{}
		w := newWorld()
		w.fail(errGone)
		l := NewLive(w, Options{Cache: folder}, slog.New(slog.NewTextHandler(log, nil)))
		if err := l.Check(t.Context()); err == nil || log.has("level=WARN") {
			t.Errorf("kill %d after %d loads: %v, %s", kill, loads, err, &log.b)
		}
		round := kill
		if x := l.Index(); x != nil {
			restored++
			var ok bool
			if round, ok = roundOf(x); !ok {
				t.Errorf("kill %d after %d loads: sites are of several states: %+v", kill, loads, x.Sites())
			}
			sameAnswers(t, x, round)
		}
		w.fail(nil)
		advance(w, round+1)
		if err := l.Check(t.Context()); err != nil {
			t.Error(err)
		}
		sameAnswers(t, l.Index(), round+1)
		l.tend(t.Context(), true)
		l.close()
		left, err := os.ReadDir(folder)
		if want := l.Index().trees.Segments() + 2; err != nil || len(left) != want {
			t.Errorf("kill %d after %d loads: %d files remain, want %d: %v, %v", kill, loads, len(left), want, left, err)
		}
	}
	if restored == 0 {
		t.Error("no process has saved anything before it was killed")
	}
}

// killAfter runs the child and kills it some time after so many loads.
func killAfter(t *testing.T, folder string, loads int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var log strings.Builder
	child := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestCrashChild$")
	child.Env = append(os.Environ(), "RESOLVER_CRASH_FOLDER="+folder)
	child.Stderr = &log
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for loads > 0 && lines.Scan() {
		if strings.HasPrefix(lines.Text(), "loaded") {
			loads--
		}
	}
	if loads > 0 {
		t.Errorf("the child ended by itself: %s", &log)
	}
	time.Sleep(rand.N(5 * time.Millisecond)) // so that it is killed at any point of its work
	cancel()
	_ = child.Wait()
}
