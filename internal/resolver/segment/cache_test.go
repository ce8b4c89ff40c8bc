package segment

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
)

// cacheIn opens a cache, and returns what it logs.
func cacheIn(t *testing.T, dir string) (*Cache, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	c := OpenCache(background, dir, slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { c.Close() })
	return c, &log
}

// saved makes a folder with a stack of two segments, as a process leaves it.
func saved(t *testing.T) (dir string, m model) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "cache")
	c, log := cacheIn(t, dir)
	one, two := []*digest.Tree{leaf("one"), leaf("two")}, []*digest.Tree{directory(leaf("one"))}
	s := push(t, push(t, c.Stack(), c.Dir(), one...), c.Dir(), two...)
	if err := c.Save(s, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if log.Len() > 0 {
		t.Errorf("log: %s", log)
	}
	return dir, modelOf(append(one, two...))
}

// segmentsIn returns the paths of the files of segments in a folder.
func segmentsIn(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"+finished))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// file returns the path of a segment of what was saved.
func fileOf(t *testing.T, dir string, i int) string {
	t.Helper()
	m, err := (&Cache{dir: dir}).manifest()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, m.Segments[i].File)
}

func TestCacheOutlivesProcess(t *testing.T) {
	dir, m := saved(t)
	c, log := cacheIn(t, dir)
	m.check(t, c.Stack())
	more := leaf("more")
	s := push(t, c.Stack(), c.Dir(), more)
	if err := c.Save(s, nil); err != nil {
		t.Fatal(err)
	}
	merged, _, err := Merge(background, s, 1, allNumbers(s), Options{Dir: c.Dir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Save(merged, nil); err != nil {
		t.Fatal(err)
	}
	if got := segmentsIn(t, dir); len(got) != 2 {
		t.Errorf("the folder has %v", got)
	}
	m[more.ID] = more
	m.check(t, s) // whose files are removed
	c.Close()
	c, _ = cacheIn(t, dir)
	m.check(t, c.Stack())
	if log.Len() > 0 {
		t.Errorf("log: %s", log)
	}
}

func allNumbers(s *Stack) (all []Number) {
	for n := range s.Len() {
		all = append(all, Number(n))
	}
	return all
}

// What cannot be used is dropped with a reason, and the files are removed;
// what is below it is kept.
func TestCacheDropsWhatIsDamaged(t *testing.T) {
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	manifest := func(dir, text string) { write(filepath.Join(dir, manifestName), sumLine([]byte(text))+"\n"+text) }
	for name, test := range map[string]struct {
		harm  func(dir string)
		trees int
		log   string
	}{
		"no manifest":       {func(dir string) { os.Remove(filepath.Join(dir, manifestName)) }, 0, ""},
		"broken manifest":   {func(dir string) { write(filepath.Join(dir, manifestName), "{") }, 0, "manifest.json"},
		"changed manifest":  {func(dir string) { write(filepath.Join(dir, manifestName), "0123456789abcdef\n{}") }, 0, "not the checksum"},
		"manifest of later": {func(dir string) { manifest(dir, `{"version":9}`) }, 0, "is of version 9 and not 2"},
		"foreign path":      {func(dir string) { manifest(dir, `{"version":2,"segments":[{"file":"../x.segment"}]}`) }, 0, "names no file of the folder"},
		"first missing":     {func(dir string) { os.Remove(fileOf(t, dir, 0)) }, 0, "no such file"},
		"second missing":    {func(dir string) { os.Remove(fileOf(t, dir, 1)) }, 2, "kept=1 dropped=1"},
		"second damaged": {func(dir string) {
			b, _ := os.ReadFile(fileOf(t, dir, 1))
			b[alignment] ^= 1
			write(fileOf(t, dir, 1), string(b))
		}, 2, "section 0 is damaged"},
		"second cut": {func(dir string) { os.Truncate(fileOf(t, dir, 1), 5000) }, 2, "it has 5000 bytes"},
		"exchanged":  {func(dir string) { os.Rename(fileOf(t, dir, 1), fileOf(t, dir, 0)) }, 0, "not the one that manifest.json names"},
		"left by crash": {func(dir string) {
			write(filepath.Join(dir, "123"+unfinished), "x")
			write(filepath.Join(dir, "0"+finished), "x")
			write(filepath.Join(dir, replacing+"1"), "x")
		}, 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := saved(t)
			test.harm(dir)
			c, log := cacheIn(t, dir)
			if c.Stack().Len() != test.trees {
				t.Errorf("%d trees, want %d", c.Stack().Len(), test.trees)
			}
			if test.log == "" && log.Len() > 0 || !strings.Contains(log.String(), test.log) {
				t.Errorf("log %q, want %q", log, test.log)
			}
			if got := segmentsIn(t, dir); len(got) != c.Stack().Segments() {
				t.Errorf("files %v remain", got)
			}
			for _, pattern := range []string{"*" + unfinished, replacing + "?*"} {
				if left, _ := filepath.Glob(filepath.Join(dir, pattern)); len(left) > 0 {
					t.Errorf("files %v remain", left)
				}
			}
			if err := c.Save(push(t, c.Stack(), c.Dir(), leaf("again")), nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// A process that comes second goes on in memory, and disturbs nothing.
func TestCacheOfAnother(t *testing.T) {
	dir, m := saved(t)
	first, _ := cacheIn(t, dir)
	second, log := cacheIn(t, dir)
	if second.Dir() != "" || second.Stack().Len() != 0 || !strings.Contains(log.String(), "another process has it") {
		t.Errorf("folder %q, %d trees, log %s", second.Dir(), second.Stack().Len(), log)
	}
	if err := second.Save(push(t, second.Stack(), second.Dir(), leaf("x")), nil); err != nil {
		t.Error(err)
	}
	m.check(t, first.Stack())
	first.Close()
	third, _ := cacheIn(t, dir)
	m.check(t, third.Stack())
}

func TestCacheWithoutFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, warns := range map[string]bool{"": false, file: true} {
		c, log := cacheIn(t, dir)
		if c.Dir() != "" || (log.Len() > 0) != warns {
			t.Errorf("%q: folder %q, log %s", dir, c.Dir(), log)
		}
	}
}

// A crash at any step of saving leaves what was saved before or what is saved
// now, never anything else.
func TestCacheCrash(t *testing.T) {
	for step, crash := range []func(c *Cache, s *Stack) error{
		func(*Cache, *Stack) error { return nil }, // before anything is done
		func(c *Cache, s *Stack) error { return c.keep(s.Segment(2), s.Segment(2).entry().File) },
		func(c *Cache, s *Stack) error { return c.Save(s, nil) },
	} {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			dir, m := saved(t)
			c, _ := cacheIn(t, dir)
			s := push(t, c.Stack(), c.Dir(), leaf("new"))
			if err := crash(c, s); err != nil {
				t.Fatal(err)
			}
			if step == 2 {
				m[leaf("new").ID] = leaf("new")
			}
			c.Close()
			next, log := cacheIn(t, dir)
			m.check(t, next.Stack())
			if got := segmentsIn(t, dir); len(got) != next.Stack().Segments() || log.Len() > 0 {
				t.Errorf("files %v, log %s", got, log)
			}
			runtime.KeepAlive(s)
		})
	}
}

// A segment that nothing reaches any more is unmapped, and its file is removed
// unless it was saved. A tree keeps it.
func TestUnreachedSegmentGoes(t *testing.T) {
	dir := t.TempDir()
	tree := push(t, nil, dir, leaf("x")).Tree(0)
	gone := func() bool {
		runtime.GC()
		left, _ := filepath.Glob(filepath.Join(dir, "*"))
		return len(left) == 0
	}
	for range 3 {
		if gone() {
			t.Fatal("the file is gone while a tree is in use")
		}
	}
	if tree.Files() != 1 {
		t.Error("the tree has changed")
	}
	deadline := time.Now().Add(10 * time.Second)
	for !gone() {
		if time.Now().After(deadline) {
			t.Fatal("the file stays")
		}
	}
}

// An abandoned builder leaves no file.
func TestClosedBuilderLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	b, err := NewBuilder(nil, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	add(t, b, leaf("x"))
	b.Close()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v remains", left)
	}
}
