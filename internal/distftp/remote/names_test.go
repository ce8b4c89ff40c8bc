package remote

import (
	"errors"
	"io/fs"
	"slices"
	"testing"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
)

var noon = time.Date(2026, 3, 1, 12, 0, 7, 0, time.UTC)

func TestLinkedTree(t *testing.T) {
	w := newWorld(t, "there")
	w.file("here", 1, noon)
	s := w.servers["there"]
	s.file("/root/pub/a", 5, noon)
	s.file("/root/.hidden/b", 6, noon)
	s.file("/secret", 7, noon)

	if got := w.names("/"); !slices.Equal(got, []string{"here", "there"}) {
		t.Errorf("/ has %q", got)
	}
	if s.lists != 0 {
		t.Errorf("a listing of our own asked the foreign server %d times", s.lists)
	}
	if got := w.names("/there"); !slices.Equal(got, []string{".hidden", "pub"}) {
		t.Errorf("/there has %q", got)
	}
	if got := w.names("/there/pub"); !slices.Equal(got, []string{"a"}) {
		t.Errorf("/there/pub has %q", got)
	}
	for p, want := range map[mirror.Path]vfs.Kind{"/there": vfs.Directory, "/there/pub": vfs.Directory, "/there/pub/a": vfs.File, "/here": vfs.File} {
		for _, look := range []func() (vfs.Entry, error){
			func() (vfs.Entry, error) { return w.Stat(t.Context(), p) },
			func() (vfs.Entry, error) { return w.Lstat(t.Context(), p) },
		} {
			if e, err := look(); err != nil || e.Kind != want || e.Name != p.Name() {
				t.Errorf("%s: %+v, %v", p, e, err)
			}
		}
	}
	if e, _ := w.Stat(t.Context(), "/there/pub/a"); e.Size != 5 || !e.ModTime.Equal(noon) {
		t.Errorf("time and size are %v, %d", e.ModTime, e.Size)
	}
	for _, p := range []mirror.Path{"/there/none", "/there/pub/none", "/there/none/x", "/there/secret"} {
		if _, err := w.Stat(t.Context(), p); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", p, err)
		}
	}
	if _, err := w.OpenDir(t.Context(), "/there/pub/a"); !errors.Is(err, vfs.ErrNotDir) {
		t.Errorf("a file as a directory: %v", err)
	}
	lists := s.lists
	w.names("/there/pub")
	if s.lists != lists {
		t.Error("a listing is not remembered")
	}
}

func TestLinksStayBelowTheAlias(t *testing.T) {
	w := newWorld(t, "there")
	s := w.servers["there"]
	s.file("/root/pub/a", 5, noon)
	s.file("/secret/b", 7, noon)
	s.add("/root/in", vfs.Entry{Kind: vfs.Link, Target: "/root/pub"})
	s.add("/root/to", vfs.Entry{Kind: vfs.Link, Target: "/root/pub/a"})
	s.add("/root/out", vfs.Entry{Kind: vfs.Link, Target: "/secret"})
	s.add("/root/file", vfs.Entry{Kind: vfs.Link, Target: "/secret/b"})
	s.add("/root/round", vfs.Entry{Kind: vfs.Link, Target: "/root/again"})
	s.add("/root/again", vfs.Entry{Kind: vfs.Link, Target: "/root/round"})

	if got := w.names("/there/in"); !slices.Equal(got, []string{"a"}) {
		t.Errorf("a link to a directory has %q", got)
	}
	for _, p := range []mirror.Path{"/there/in/a", "/there/to"} {
		if e, err := w.Stat(t.Context(), p); err != nil || e.Size != 5 || e.Name != p.Name() {
			t.Errorf("%s: %+v, %v", p, e, err)
		}
	}
	if e, err := w.Lstat(t.Context(), "/there/to"); err != nil || e.Kind != vfs.Link {
		t.Errorf("the link itself: %+v, %v", e, err)
	}
	for _, p := range []mirror.Path{"/there/out", "/there/out/b", "/there/file", "/there/round", "/there/round/x"} {
		if _, err := w.Stat(t.Context(), p); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", p, err)
		}
	}
	if _, err := w.OpenDir(t.Context(), "/there/out"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a link that leads out is listed: %v", err)
	}
}

// What cannot be listed can be used all the same.
func TestUnlistable(t *testing.T) {
	w := newWorld(t, "there")
	s := w.servers["there"]
	s.file("/root/dark/a", 5, noon)
	s.closed = map[mirror.Path]bool{"/root/dark": true}
	if e, err := w.Stat(t.Context(), "/there/dark/a"); err != nil || e.Size != 5 {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := w.OpenDir(t.Context(), "/there/dark"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("listed: %v", err)
	}
}

func TestServerAway(t *testing.T) {
	w := newWorld(t, "there")
	w.servers["there"].down = errors.New("connection refused")
	if got := w.names("/"); !slices.Equal(got, []string{"there"}) {
		t.Errorf("/ has %q", got)
	}
	if _, err := w.OpenDir(t.Context(), "/there"); !errors.Is(err, data.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// Aliases need no directory of ours to lie in, and may lie in what another shows.
func TestAliasesAnywhere(t *testing.T) {
	w := newWorld(t, "there", "other")
	for p, host := range map[mirror.Path]string{"/far/off/one": "other", "/there/pub/two": "other"} {
		must(t, w.store.AddAlias(t.Context(), mirrors.Alias{Path: p, Host: host, Port: 21, User: "user", Root: "/root", TLS: ftpconn.NoTLS}, "secret"))
	}
	w.servers["there"].file("/root/pub/a", 5, noon)
	w.servers["other"].file("/root/b", 5, noon)
	for p, want := range map[mirror.Path][]string{
		"/": {"far", "other", "there"}, "/far": {"off"}, "/far/off": {"one"}, "/far/off/one": {"b"},
		"/there/pub": {"a", "two"}, "/there/pub/two": {"b"},
	} {
		if got := w.names(p); !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", p, got, want)
		}
		if e, err := w.Stat(t.Context(), p); err != nil || e.Kind != vfs.Directory {
			t.Errorf("%s: %+v, %v", p, e, err)
		}
	}
}

func TestChanges(t *testing.T) {
	w := newWorld(t, "there", "other")
	s := w.servers["there"]
	s.file("/root/a", 5, noon)
	w.file("b", 5, noon)
	w.names("/there")
	ctx := t.Context()
	must(t, w.MakeDir(ctx, "/there/d"))
	_, err := w.Rename(ctx, "/there/a", "/there/d/c")
	must(t, err)
	if got := w.names("/there"); !slices.Equal(got, []string{"d"}) {
		t.Errorf("/there has %q", got)
	}
	if got := w.names("/there/d"); !slices.Equal(got, []string{"c"}) {
		t.Errorf("/there/d has %q", got)
	}
	_, err = w.Remove(ctx, "/there/d/c")
	must(t, err)
	must(t, w.RemoveDir(ctx, "/there/d"))
	if got := w.names("/there"); len(got) != 0 {
		t.Errorf("/there has %q", got)
	}
	rename := func(from, to mirror.Path) func() error {
		return func() error { _, err := w.Rename(ctx, from, to); return err }
	}
	for _, c := range []struct {
		name string
		do   func() error
		want error
	}{
		{"between servers", rename("/there/x", "/other/x"), vfs.ErrPlace},
		{"from here", rename("/b", "/there/b"), vfs.ErrPlace},
		{"to here", rename("/there/x", "/x"), vfs.ErrPlace},
		{"an alias", rename("/there", "/else"), vfs.ErrPlace},
		{"an alias into itself", rename("/there", "/there/x"), fs.ErrPermission},
		{"in place of an alias", rename("/there/x", "/there"), fs.ErrPermission},
		{"remove an alias", func() error { return w.RemoveDir(ctx, "/there") }, fs.ErrPermission},
		{"what is not there", func() error { _, err := w.Remove(ctx, "/there/x"); return err }, fs.ErrNotExist},
		{"what it cannot", func() error { return w.SetTime(ctx, "/there/x", noon) }, fs.ErrPermission},
		{"copy", func() error { return w.Copy(ctx, "/b", "/there/b", nil, nil) }, vfs.ErrPlace},
		{"copy back", func() error { return w.Copy(ctx, "/there/b", "/c", nil, nil) }, vfs.ErrPlace},
	} {
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	must(t, w.SetMode(ctx, "/there/d", 0o755))
	must(t, w.MakeDir(ctx, "/mine"))
	if err := rename("/b", "/mine/b")(); err != nil {
		t.Error(err)
	}
	if len(s.endless) > 0 {
		t.Errorf("%q may take for ever", s.endless)
	}
}
