package remote

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
)

// A fake is a foreign server that is a tree of entries in memory.
type fake struct {
	name string

	mu      sync.Mutex
	entries map[mirror.Path]vfs.Entry
	closed  map[mirror.Path]bool // directories that it does not list
	lists   int                  // how often it was asked for a listing
	down    error
	resting bool
	meets   error // why no client can come to it
	began   []foreign.Transfer
	endless []string // what it was to change without a limit of time
}

// bounded notes what may take any time.
func (f *fake) bounded(ctx context.Context, what string) {
	if _, ok := ctx.Deadline(); !ok {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.endless = append(f.endless, what)
	}
}

func (f *fake) file(p mirror.Path, size int64, modified time.Time) {
	f.add(p, vfs.Entry{Kind: vfs.File, Size: size, ModTime: modified})
}

func (f *fake) add(p mirror.Path, e vfs.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.entries == nil {
		f.entries = map[mirror.Path]vfs.Entry{}
	}
	e.Name = p.Name()
	f.entries[p] = e
	for p != mirror.Root {
		if p = p.Parent(); f.entries[p].Name == "" {
			f.entries[p] = vfs.Entry{Name: p.Name(), Kind: vfs.Directory}
		}
	}
}

// find follows links, as servers do.
func (f *fake) find(p mirror.Path) (vfs.Entry, error) {
	e, ok := f.entries[p]
	switch {
	case f.down != nil:
		return e, f.down
	case !ok:
		return e, fs.ErrNotExist
	case e.Kind == vfs.Link:
		return f.find(mirror.Path(e.Target))
	}
	return e, nil
}

func (f *fake) Stat(_ context.Context, p mirror.Path) (vfs.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.find(p)
}

func (f *fake) List(_ context.Context, p mirror.Path) ([]vfs.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists++
	e, err := f.find(p)
	switch {
	case err != nil:
		return nil, err
	case f.closed[p]:
		return nil, fs.ErrPermission
	case e.Kind != vfs.Directory:
		return nil, vfs.ErrNotDir
	}
	var all []vfs.Entry
	for at, e := range f.entries {
		if at != mirror.Root && at.Parent() == p {
			e.ModTime = e.ModTime.Truncate(time.Minute)
			all = append(all, e)
		}
	}
	return all, nil
}

func (f *fake) MakeDir(ctx context.Context, p mirror.Path) error {
	f.bounded(ctx, "MKD")
	f.add(p, vfs.Entry{Kind: vfs.Directory})
	return nil
}

func (f *fake) RemoveDir(ctx context.Context, p mirror.Path) error { return f.Delete(ctx, p) }

func (f *fake) Delete(ctx context.Context, p mirror.Path) error {
	f.bounded(ctx, "DELE or RMD")
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.entries[p]; !ok {
		return &foreign.RefusedError{Means: fs.ErrNotExist}
	}
	delete(f.entries, p)
	return nil
}

func (f *fake) Rename(ctx context.Context, from, to mirror.Path) error {
	f.bounded(ctx, "RNTO")
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.entries[from]
	delete(f.entries, from)
	e.Name = to.Name()
	f.entries[to] = e
	return nil
}

func (f *fake) SetModTime(ctx context.Context, _ mirror.Path, _ time.Time) error {
	f.bounded(ctx, "MFMT")
	return &foreign.RefusedError{Means: errors.ErrUnsupported}
}

func (f *fake) Chmod(ctx context.Context, _ mirror.Path, _ fs.FileMode) error {
	f.bounded(ctx, "SITE CHMOD")
	return nil
}

func (f *fake) Free(context.Context, mirror.Path) (int64, error) {
	return 0, errors.ErrUnsupported
}

func (f *fake) Usable() bool { return !f.resting }
func (f *fake) Health() foreign.Health {
	return foreign.Health{Resting: f.resting, Reason: "a test has it so"}
}
func (f *fake) Abilities() foreign.Abilities        { return foreign.Abilities{} }
func (f *fake) Met(at data.Rendezvous) bool         { r, ok := at.(rendezvous); return ok && r.at == f }
func (f *fake) Upload(foreign.Transfer) data.Remote { return nil }

func (f *fake) Download(t foreign.Transfer) data.Remote {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.began = append(f.began, t)
	return nil
}

func (f *fake) Expect(_ context.Context, name string, _ data.Expectation, _ foreign.Check) (data.Rendezvous, error) {
	if f.meets != nil {
		return nil, f.meets
	}
	return rendezvous{at: f}, nil
}

type rendezvous struct {
	data.Rendezvous
	at *fake
}

// A world is an overlay over a folder, and the foreign servers that it knows by their hosts.
type world struct {
	*Overlay
	t       *testing.T
	dir     string
	store   *mirrors.Store
	servers map[string]*fake
}

func newWorld(t *testing.T, hosts ...string) *world {
	t.Helper()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ftpd.db"), database.FTPServer)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	w := &world{t: t, dir: t.TempDir(), servers: map[string]*fake{}}
	w.store, err = mirrors.Open(t.Context(), mirrors.Config{DB: db, Key: mirrors.OpenKey(filepath.Join(t.TempDir(), "key"))})
	must(t, err)
	for _, host := range hosts {
		w.servers[host] = &fake{name: host}
		must(t, w.store.AddAlias(t.Context(), mirrors.Alias{Path: mirror.Path("/" + host), Host: host, Port: 21, User: "user", Root: "/root", TLS: ftpconn.NoTLS}, "secret"))
	}
	folder, err := localfs.Open(w.dir)
	must(t, err)
	t.Cleanup(func() { folder.Close() })
	w.Overlay = New(Config{
		Files: folder, Planner: data.Disk{Files: folder}, View: w.store.View,
		Server: func(s foreign.Server, _ foreign.Abilities) Server {
			if s.Password != "secret" {
				t.Errorf("server %s without its password", s)
			}
			return w.servers[s.Host]
		},
	})
	return w
}

// file makes a local one.
func (w *world) file(name string, size int, modified time.Time) {
	w.t.Helper()
	name = filepath.Join(w.dir, name)
	must(w.t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(w.t, os.WriteFile(name, make([]byte, size), 0o644))
	must(w.t, os.Chtimes(name, time.Time{}, modified))
}

// names lists a directory.
func (w *world) names(p mirror.Path) []string {
	w.t.Helper()
	dir, err := w.OpenDir(w.t.Context(), p)
	must(w.t, err)
	defer dir.Close()
	all := map[string]bool{}
	for {
		e, err := dir.Next()
		if err != nil {
			break
		}
		if all[e.Name] {
			w.t.Errorf("%s: %s is there twice", p, e.Name)
		}
		all[e.Name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
