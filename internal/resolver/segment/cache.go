package segment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// Names in a cache folder.
const (
	manifestName = "manifest.json"
	lockName     = "lock"
	finished     = ".segment"    // ends the names of files that a manifest names
	unfinished   = ".unfinished" // ends those of files that none names yet

	// replacing begins the names of what renameio puts into the place of a
	// manifest, and of what is left of it when the process is killed.
	replacing = "." + manifestName
)

// A manifest says which files make up the stack that was saved last. Its file
// begins with a line that has the checksum of the others.
type manifest struct {
	Version  int             `json:"version"`
	Segments []entry         `json:"segments"` // the oldest first
	About    json.RawMessage `json:"about,omitempty"`
}

const manifestVersion = 2

// An entry is one file of a manifest.
type entry struct {
	File     string `json:"file"`
	Bytes    int64  `json:"bytes"`
	Checksum string `json:"checksum"`
}

// A Cache is a folder in which segments outlive the process. One process has
// it at a time; nobody else may change what is in it, and least of all shorten
// a file, which would kill the process that has it mapped.
type Cache struct {
	dir   string // empty: there is none
	lock  *os.File
	log   *slog.Logger
	stack *Stack
	about []byte
}

// Saved reports whether anything was saved in a folder, usable or not.
func Saved(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, manifestName))
	return dir != "" && err == nil
}

// OpenCache takes over a cache folder, which is made if need be, and opens what
// was saved there last: from the first file that is missing, damaged or of
// another version, everything is dropped. It never fails: where there is no
// folder to be had, or dir is empty, segments are in memory only, and the log
// says why.
func OpenCache(ctx context.Context, dir string, log *slog.Logger) *Cache {
	c := &Cache{log: log}
	if dir == "" {
		return c
	}
	if err := c.take(dir); err != nil {
		log.Warn("cache folder cannot be used, the index is kept in memory only", "dir", dir, "err", err)
		return c
	}
	c.load(ctx)
	if ctx.Err() == nil { // else nothing is known of the files that are left
		c.clean()
	}
	return c
}

// take makes the folder and locks it.
func (c *Cache) take(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return errors.New("another process has it")
		}
		return os.NewSyscallError("flock", err)
	}
	c.dir, c.lock = dir, lock
	return nil
}

// load opens the segments of the manifest.
func (c *Cache) load(ctx context.Context) {
	m, err := c.manifest()
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		c.log.Warn("cache is dropped", "dir", c.dir, "err", err)
		return
	}
	c.about = m.About
	for i, e := range m.Segments {
		next, err := c.open(ctx, e)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			c.log.Warn("segments of the cache are dropped", "dir", c.dir, "file", e.File, "kept", i, "dropped", len(m.Segments)-i, "err", err)
			return
		}
		c.stack = next
	}
}

func (c *Cache) manifest() (m manifest, err error) {
	b, err := os.ReadFile(filepath.Join(c.dir, manifestName))
	if err != nil {
		return m, err
	}
	sum, text, _ := bytes.Cut(b, []byte("\n"))
	if string(sum) != sumLine(text) {
		return m, fmt.Errorf("%s: its first line is not the checksum of the others", manifestName)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%s: %w", manifestName, err)
	}
	if m.Version != manifestVersion {
		return m, fmt.Errorf("%s is of version %d and not %d", manifestName, m.Version, manifestVersion)
	}
	return m, nil
}

// sumLine returns the first line of a manifest.
func sumLine(text []byte) string { return fmt.Sprintf("%016x", xxhash.Sum64(text)) }

// open returns the stack with the segment of an entry upon it.
func (c *Cache) open(ctx context.Context, e entry) (*Stack, error) {
	if e.File != filepath.Base(e.File) || !strings.HasSuffix(e.File, finished) {
		return nil, fmt.Errorf("%s names no file of the folder", manifestName)
	}
	osFile, err := os.Open(filepath.Join(c.dir, e.File))
	if err != nil {
		return nil, err
	}
	f := &file{File: osFile, folder: true}
	f.kept.Store(true)
	g, err := openFile(f, &pacer{ctx: ctx})
	if err != nil {
		f.Close()
		return nil, err
	}
	if g.entry() != e {
		return nil, fmt.Errorf("the file is not the one that %s names", manifestName)
	}
	return c.stack.Push(g)
}

// entry returns what a manifest says of a segment.
func (g *Segment) entry() entry {
	sum := fmt.Sprintf("%016x", g.head.checksum)
	return entry{File: sum + finished, Bytes: g.Bytes(), Checksum: sum}
}

// Stack returns what was found when the cache was opened.
func (c *Cache) Stack() *Stack { return c.stack }

// About returns what was saved together with the stack that was saved last, of
// which [Cache.Stack] may be only a part; nil if there is nothing.
func (c *Cache) About() []byte { return c.about }

// Dir returns the folder, for [Options], or nothing where there is none.
func (c *Cache) Dir() string { return c.dir }

// Save makes a stack the one that the next process finds, together with what the
// caller says about it in JSON, and removes the files of others that were saved
// before. A crash leaves both as they were or both as they are now. It waits for the disk, and disturbs no
// Builder and no Merge meanwhile; but two calls must not overlap. Segments that
// are in memory only cannot be saved, nor those that were saved before and not
// the last time.
func (c *Cache) Save(s *Stack, about json.RawMessage) error {
	if c.dir == "" {
		return nil
	}
	defer runtime.KeepAlive(s)
	m := manifest{Version: manifestVersion, Segments: []entry{}, About: about}
	for _, g := range s.all() {
		e := g.entry()
		if err := c.keep(g, e.File); err != nil {
			return fmt.Errorf("save the index: %w", err)
		}
		m.Segments = append(m.Segments, e)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("save the index: %w", err)
	}
	text = append([]byte(sumLine(text)+"\n"), text...)
	if err := renameio.WriteFile(filepath.Join(c.dir, manifestName), text, 0o640); err != nil {
		return fmt.Errorf("save the index: %w", err)
	}
	if err := syncFolder(c.dir); err != nil {
		return fmt.Errorf("save the index: %w", err)
	}
	c.removeOthers(m)
	return nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// keep gives the file of a segment its name, unless it has it.
func (c *Cache) keep(g *Segment, name string) error {
	f := g.file
	if !f.folder {
		return errors.New("a segment is in memory only")
	}
	if f.kept.Load() {
		_, err := os.Stat(filepath.Join(c.dir, name))
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(c.dir, name)); err != nil {
		return err
	}
	f.kept.Store(true)
	return nil
}

// removeOthers removes the segments that a manifest does not name. Those that
// are mapped remain readable.
func (c *Cache) removeOthers(m manifest) {
	named := map[string]bool{}
	for _, e := range m.Segments {
		named[e.File] = true
	}
	c.remove(func(name string) bool { return strings.HasSuffix(name, finished) && !named[name] })
}

// clean removes what an earlier process left and this one does not use.
func (c *Cache) clean() {
	m := manifest{}
	for _, g := range c.stack.all() {
		m.Segments = append(m.Segments, g.entry())
	}
	c.removeOthers(m)
	c.remove(func(name string) bool {
		return strings.HasSuffix(name, unfinished) || strings.HasPrefix(name, replacing)
	})
}

func (c *Cache) remove(superfluous func(name string) bool) {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		c.log.Warn("cache folder cannot be read", "dir", c.dir, "err", err)
		return
	}
	for _, e := range entries {
		if !superfluous(e.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(c.dir, e.Name())); err != nil {
			c.log.Warn("file of the cache cannot be removed", "err", err)
		}
	}
}

// Close gives the folder free for the next process. Segments stay as they are.
func (c *Cache) Close() error {
	if c.lock == nil {
		return nil
	}
	c.dir = ""
	return c.lock.Close()
}
