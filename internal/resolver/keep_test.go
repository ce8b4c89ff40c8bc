package resolver

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"mirrortracker/internal/mirror"
)

// A journal is a log that a test reads.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) has(text string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Contains(j.b.String(), text)
}

// runKept runs a Live with a cache folder in a bubble, as one process would.
func runKept(t *testing.T, w *world, folder string, test func(*Live, *journal)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := &journal{}
		l := NewLive(w, Options{Cache: folder}, slog.New(slog.NewTextHandler(log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			l.Run(ctx, every)
			close(done)
		}()
		synctest.Wait()
		test(l, log)
		cancel()
		<-done
	})
}

func TestARestartReadsOnlyWhatIsNew(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "index")
	w := newWorld()
	w.add("a", "ftp://a.example/", deep(50).with(dir{"l": "d7/sub"}))
	w.add("b", "ftp://b.example/x/", deep(50))
	w.change("a", func(s *mirror.Site) { s.Weight = 77 })
	runKept(t, w, folder, func(*Live, *journal) {})
	read := w.read.Load()

	changed := deep(50)
	changed["d7"].(dir)["sub"].(dir)["new"] = 1
	w.add("b", "ftp://b.example/x/", changed)
	runKept(t, w, folder, func(l *Live, _ *journal) {
		if !ask(t, l.Index(), "b", "/d7/sub/new").Known || w.read.Load() != read+3 {
			t.Errorf("%d trees were read, want 3", w.read.Load()-read)
		}
		check(t, ask(t, l.Index(), "a", "/l"), "exact a /d7/sub *")
	})
}

// A redirector starts while the database is away: it serves what was kept, and
// says so.
func TestAStartWithoutTheSource(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "index")
	w := newWorld()
	w.add("a", "ftp://a.example/", deep(50))
	w.add("b", "ftp://b.example/x/", deep(50))
	w.add("c", "ftp://c.example/", nil)
	runKept(t, w, folder, func(*Live, *journal) {})

	w.fail(errGone)
	runKept(t, w, folder, func(l *Live, log *journal) {
		s := l.Status()
		if l.Index() == nil || s.Cached.IsZero() || s.Err == nil || s.Indexed != 2 || s.Sites != 3 || !log.has("until the database is read") {
			t.Errorf("%+v\n%s", s, log.b.String())
			return
		}
		check(t, ask(t, l.Index(), "a", "/d7/sub/s7-001"), "exact a /d7/sub/s7-001 *", "exact b /d7/sub/s7-001")
		w.fail(nil)
		before := w.read.Load()
		pass(1)
		if s := l.Status(); !s.Cached.IsZero() || s.Err != nil || w.read.Load() != before {
			t.Errorf("%d trees read, %+v", w.read.Load()-before, s)
		}
	})
}

func TestADamagedCacheIsMadeAnew(t *testing.T) {
	for _, name := range []string{"*.segment", "manifest.json"} {
		folder := filepath.Join(t.TempDir(), "index")
		w := newWorld()
		w.add("a", "ftp://a.example/", deep(50))
		runKept(t, w, folder, func(*Live, *journal) {})
		files, err := filepath.Glob(filepath.Join(folder, name))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		text, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/2] ^= 0x55
		if err := os.WriteFile(files[0], text, 0o640); err != nil {
			t.Fatal(err)
		}
		runKept(t, w, folder, func(l *Live, log *journal) {
			if !ask(t, l.Index(), "a", "/d7/sub").Known || !log.has("level=WARN") {
				t.Errorf("%s: known is %t, and the log says nothing", name, ask(t, l.Index(), "a", "/d7/sub").Known)
			}
		})
		runKept(t, w, folder, func(_ *Live, log *journal) {
			if log.has("level=WARN") {
				t.Errorf("%s: still damaged", name)
			}
		})
	}
}

// A second process goes without the folder.
func TestACacheIsOneProcesss(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "index")
	w := newWorld()
	w.add("a", "ftp://a.example/", deep(5))
	runKept(t, w, folder, func(*Live, *journal) {
		log := &journal{}
		l := NewLive(w, Options{Cache: folder}, slog.New(slog.NewTextHandler(log, nil)))
		if err := l.Check(context.Background()); err != nil || !log.has("another process has it") || !ask(t, l.Index(), "a", "/d3/sub").Known {
			t.Error(err)
		}
	})
}
