package localfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// tree makes a folder beside a secret that must not be reached from it.
func tree(t *testing.T) *Folder {
	t.Helper()
	base := t.TempDir()
	dir := filepath.Join(base, "served")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.MkdirAll(filepath.Join(dir, "sub/deep"), 0o755))
	check(os.WriteFile(filepath.Join(base, "secret"), []byte("secret"), 0o644))
	check(os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o640))
	check(os.WriteFile(filepath.Join(dir, "sub/x\xff"), nil, 0o644))
	check(syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	for name, target := range map[string]string{
		"tofile": "file", "todir": "sub", "sub/deep/up": "../../file",
		"out": "..", "outfile": "../secret", "absolute": filepath.Join(dir, "file"),
		"loop": "loop", "dangling": "nowhere", "topipe": "pipe",
	} {
		check(os.Symlink(target, filepath.Join(dir, name)))
	}
	folder, err := Open(dir)
	check(err)
	t.Cleanup(func() { folder.Close() })
	return folder
}

func TestOpenFile(t *testing.T) {
	folder := tree(t)
	tests := []struct {
		path mirror.Path
		want error
	}{
		{"/file", nil},
		{"/tofile", nil},
		{"/todir/deep/up", nil},
		{"/nothere", fs.ErrNotExist},
		{"/dangling", fs.ErrNotExist},
		{"/sub", vfs.ErrNotRegular},
		{"/", vfs.ErrNotRegular},
		{"/pipe", vfs.ErrNotRegular}, // and does not wait for a writer
		{"/topipe", vfs.ErrNotRegular},
		{"/file/x", vfs.ErrNotDir},
		{"/outfile", fs.ErrPermission},
		{"/out/secret", fs.ErrPermission},
		{"/absolute", fs.ErrPermission},
		{"/loop", fs.ErrPermission},
		{mirror.Path("/" + strings.Repeat("n", 300)), fs.ErrNotExist},
	}
	for _, tt := range tests {
		file, err := folder.OpenFile(t.Context(), tt.path)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.path, err, tt.want)
		}
		if err != nil {
			continue
		}
		if b, err := io.ReadAll(file); string(b) != "content" || err != nil {
			t.Errorf("%s: %q, %v", tt.path, b, err)
		}
		file.Close()
	}
}

func TestStat(t *testing.T) {
	folder := tree(t)
	tests := []struct {
		name string
		look func(context.Context, mirror.Path) (vfs.Entry, error)
		path mirror.Path
		kind vfs.Kind
		err  error
	}{
		{"Stat", folder.Stat, "/", vfs.Directory, nil},
		{"Stat", folder.Stat, "/tofile", vfs.File, nil},
		{"Stat", folder.Stat, "/todir", vfs.Directory, nil},
		{"Stat", folder.Stat, "/pipe", vfs.Other, nil},
		{"Stat", folder.Stat, "/out", 0, fs.ErrPermission},
		{"Stat", folder.Stat, "/out/served/file", 0, fs.ErrPermission},
		{"Stat", folder.Stat, "/dangling", 0, fs.ErrNotExist},
		{"Lstat", folder.Lstat, "/", vfs.Directory, nil},
		{"Lstat", folder.Lstat, "/tofile", vfs.Link, nil},
		{"Lstat", folder.Lstat, "/out", vfs.Link, nil},
		{"Lstat", folder.Lstat, "/loop", vfs.Link, nil},
		{"Lstat", folder.Lstat, "/todir/deep/up", vfs.Link, nil},
		{"Lstat", folder.Lstat, "/out/secret", 0, fs.ErrPermission},
	}
	for _, tt := range tests {
		e, err := tt.look(t.Context(), tt.path)
		if !errors.Is(err, tt.err) || err == nil && e.Kind != tt.kind {
			t.Errorf("%s %s: %+v, %v", tt.name, tt.path, e, err)
		}
	}
	e, err := folder.Stat(t.Context(), "/file")
	if err != nil || e.Name != "file" || e.Size != 7 || e.Mode != 0o640 || e.Owner != "ftp" || e.Unique == "" || e.Links != 1 {
		t.Errorf("%+v, %v", e, err)
	}
	link, err := folder.Lstat(t.Context(), "/sub/deep/up")
	if err != nil || link.Target != "../../file" {
		t.Errorf("%+v, %v", link, err)
	}
}

func names(t *testing.T, folder *Folder, p mirror.Path) []string {
	t.Helper()
	dir, err := folder.OpenDir(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	var out []string
	for {
		e, err := dir.Next()
		if err == io.EOF {
			slices.Sort(out)
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Name)
		if e.Kind == vfs.Link && e.Target == "" {
			t.Errorf("%s: no target", e.Name)
		}
	}
}

func TestOpenDir(t *testing.T) {
	folder := tree(t)
	root := []string{"absolute", "dangling", "file", "loop", "out", "outfile", "pipe", "sub", "todir", "tofile", "topipe"}
	if diff := cmp.Diff(root, names(t, folder, "/")); diff != "" {
		t.Errorf("/ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"deep", "x\xff"}, names(t, folder, "/todir")); diff != "" {
		t.Errorf("/todir (-want +got):\n%s", diff)
	}
	for p, want := range map[mirror.Path]error{
		"/nothere": fs.ErrNotExist, "/file": vfs.ErrNotDir, "/pipe": vfs.ErrNotDir, "/topipe": vfs.ErrNotDir,
		"/out": fs.ErrPermission, "/out/served": fs.ErrPermission, "/loop": fs.ErrPermission,
	} {
		if dir, err := folder.OpenDir(t.Context(), p); !errors.Is(err, want) {
			t.Errorf("%s: %v, %v, want %v", p, dir, err, want)
		}
	}
}

// A name that is deleted while the directory is read is left out; that is no error.
func TestDeletedWhileReading(t *testing.T) {
	folder := tree(t)
	dir, err := folder.OpenDir(t.Context(), "/sub")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	first, err := dir.Next()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"deep", "x\xff"} {
		if name != first.Name {
			if err := os.RemoveAll(filepath.Join(folder.root.Name(), "sub", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if e, err := dir.Next(); err != io.EOF {
		t.Errorf("%+v, %v, want the end", e, err)
	}
}

// What the process may not read is refused. Tests run as root, whom nothing is refused,
// so that one thread looks with the eyes of nobody.
func TestUnreadable(t *testing.T) {
	folder := tree(t)
	base := folder.root.Name()
	for name, mode := range map[string]os.FileMode{"sub": 0, "file": 0, ".": 0o755} {
		if err := os.Chmod(filepath.Join(base, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	var dirErr, fileErr, below error
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Not unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				dirErr = err
				return
			}
		}
		_, dirErr = folder.OpenDir(t.Context(), "/sub")
		_, fileErr = folder.OpenFile(t.Context(), "/file")
		_, below = folder.Stat(t.Context(), "/sub/deep")
	}()
	<-done
	for what, err := range map[string]error{"directory": dirErr, "file": fileErr, "below": below} {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v, want permission denied", what, err)
		}
	}
	if err := os.Chmod(filepath.Join(base, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestOpenMissing(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "nothere")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nothere") {
		t.Errorf("%v", err)
	}
}
