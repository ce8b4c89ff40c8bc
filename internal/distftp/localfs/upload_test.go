package localfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// write does a whole upload.
func write(t *testing.T, folder *Folder, p mirror.Path, keep int64, content string) error {
	t.Helper()
	up, err := folder.CreateFile(t.Context(), p, keep)
	if err != nil {
		return err
	}
	defer func() {
		if err := up.Close(); err != nil {
			t.Errorf("close upload to %s: %v", p, err)
		}
	}()
	if err := up.Prepare(t.Context()); err != nil {
		return err
	}
	if _, err := io.Copy(up, strings.NewReader(content)); err != nil {
		return err
	}
	return up.Commit(t.Context(), nil)
}

// leftOvers returns the temporary files in a directory of the folder, which listings
// do not show.
func leftOvers(t *testing.T, folder *Folder, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder.root.Name(), dir, temporary+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, folder *Folder, p mirror.Path) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder.root.Name(), string(p)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestUpload(t *testing.T) {
	tests := []struct {
		path    mirror.Path
		keep    int64
		content string
		want    string
		err     error
	}{
		{"/new", 0, "x", "x", nil},
		{"/new", data.KeepAll, "x", "x", nil},
		{"/new", 1, "x", "", data.ErrOffset},
		{"/file", 0, "", "", nil},
		{"/file", 0, "x", "x", nil},
		{"/file", 3, "x", "conx", nil},
		{"/file", 7, "x", "contentx", nil},
		{"/file", 7, "", "content", nil},
		{"/file", 8, "x", "", data.ErrOffset},
		{"/file", data.KeepAll, "x", "contentx", nil},
		{"/tofile", data.KeepAll, "x", "contentx", nil}, // takes the link's place
		{"/todir/new", 0, "x", "x", nil},
		{"/dangling", 0, "x", "x", nil},
		{"/sub", 0, "", "", vfs.ErrNotRegular},
		{"/todir", 0, "", "", vfs.ErrNotRegular},
		{"/pipe", 0, "", "", vfs.ErrNotRegular},
		{"/outfile", 0, "", "", fs.ErrPermission},
		{"/out/secret", 0, "", "", fs.ErrPermission},
		{"/absolute", 0, "", "", fs.ErrPermission},
		{"/loop", 0, "", "", fs.ErrPermission},
		{"/", 0, "", "", fs.ErrPermission},
		{"/nothere/x", 0, "", "", fs.ErrNotExist},
		{"/file/x", 0, "", "", vfs.ErrNotDir},
		{"/pipe/x", 0, "", "", vfs.ErrNotDir},
		{mirror.Path("/" + strings.Repeat("n", 300)), 0, "", "", vfs.ErrName},
		{"/" + temporary + "x", 0, "", "", fs.ErrNotExist},
		{"/" + temporary + "x/y", 0, "", "", fs.ErrNotExist},
	}
	for _, tt := range tests {
		folder := tree(t)
		err := write(t, folder, tt.path, tt.keep, tt.content)
		if !errors.Is(err, tt.err) {
			t.Errorf("%.20s, keep %d: %v, want %v", tt.path, tt.keep, err, tt.err)
		}
		if err == nil && read(t, folder, tt.path) != tt.want {
			t.Errorf("%s, keep %d: %q, want %q", tt.path, tt.keep, read(t, folder, tt.path), tt.want)
		}
		if tt.path != "/file" && read(t, folder, "/file") != "content" {
			t.Errorf("%s: /file is now %q", tt.path, read(t, folder, "/file"))
		}
		if secret, err := os.ReadFile(filepath.Join(folder.root.Name(), "../secret")); string(secret) != "secret" {
			t.Errorf("%s: the secret is %q, %v", tt.path, secret, err)
		}
		if left := leftOvers(t, folder, "."); len(left) > 0 {
			t.Errorf("%s left %q", tt.path, left)
		}
	}
}

// Until Commit, and without it, nobody sees anything of an upload.
func TestUploadUnseen(t *testing.T) {
	folder := tree(t)
	before := len(names(t, folder, "/"))
	up, err := folder.CreateFile(t.Context(), "/file", 0)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(up, "half")
	if got := len(names(t, folder, "/")); got != before {
		t.Errorf("%d names in the listing, want %d", got, before)
	}
	left := leftOvers(t, folder, ".")
	if len(left) != 1 {
		t.Fatalf("temporary files: %q", left)
	}
	hidden := mirror.Root.Join(filepath.Base(left[0]))
	if info, err := os.Stat(left[0]); err != nil || info.Mode() != unfinishedMode {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	_, statErr := folder.Stat(t.Context(), hidden)
	_, lstatErr := folder.Lstat(t.Context(), hidden)
	_, openErr := folder.OpenFile(t.Context(), hidden)
	_, dirErr := folder.OpenDir(t.Context(), hidden)
	for what, err := range map[string]error{
		"Stat": statErr, "Lstat": lstatErr, "OpenFile": openErr, "OpenDir": dirErr,
		"Remove": only(folder.Remove(t.Context(), hidden)), "Rename": only(folder.Rename(t.Context(), hidden, "/mine")),
		"Rename to": only(folder.Rename(t.Context(), "/file", hidden)), "Copy": folder.Copy(t.Context(), hidden, "/mine", new(data.Flow), nil),
		"SetMode": folder.SetMode(t.Context(), hidden, 0o777), "MakeDir": folder.MakeDir(t.Context(), hidden),
		"Symlink": folder.Symlink(t.Context(), "file", hidden), "SetTime": folder.SetTime(t.Context(), hidden, time.Unix(0, 0)),
	} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s of a temporary name: %v", what, err)
		}
	}
	if err := folder.Symlink(t.Context(), string(hidden[1:]), "/peek"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("link to a temporary name: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := up.Commit(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("commit for a client that is gone: %v", err)
	}
	if err := up.Close(); err != nil {
		t.Error(err)
	}
	if left := leftOvers(t, folder, "."); len(left) > 0 || read(t, folder, "/file") != "content" {
		t.Errorf("left %q, file %q", left, read(t, folder, "/file"))
	}
}

// A directory above may be renamed during an upload, which then goes there too.
func TestUploadIntoRenamed(t *testing.T) {
	folder := tree(t)
	up, err := folder.CreateFile(t.Context(), "/sub/deep/new", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer up.Close()
	io.WriteString(up, "x")
	if err := only(folder.Rename(t.Context(), "/sub", "/moved")); err != nil {
		t.Fatal(err)
	}
	if err := up.Commit(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := read(t, folder, "/moved/deep/new"); got != "x" {
		t.Errorf("%q", got)
	}
}

// What is resumed must be at the end what it was at the beginning.
func TestUploadChanged(t *testing.T) {
	for what, change := range map[string]func(folder *Folder) error{
		"replaced": func(f *Folder) error { return write(t, f, "/file", 0, "content") },
		"appended": func(f *Folder) error { return write(t, f, "/file", data.KeepAll, "!") },
		"removed":  func(f *Folder) error { return only(f.Remove(t.Context(), "/file")) },
		"moved":    func(f *Folder) error { return only(f.Rename(t.Context(), "/file", "/elsewhere")) },
		"in place": func(f *Folder) error {
			return os.WriteFile(filepath.Join(f.root.Name(), "file"), []byte("CONTENTS"), 0)
		},
	} {
		folder := tree(t)
		up, err := folder.CreateFile(t.Context(), "/file", 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(up.Prepare(t.Context()), change(folder)); err != nil {
			t.Fatal(err)
		}
		if err := up.Commit(t.Context(), nil); !errors.Is(err, vfs.ErrChanged) {
			t.Errorf("%s: %v", what, err)
		}
		if err := up.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A full disk is told apart, wherever in the upload it shows.
func TestUploadNoSpace(t *testing.T) {
	folder := tree(t)
	up, err := folder.CreateFile(t.Context(), "/new", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer up.Close()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	u := up.(*upload)
	u.file.Close()
	u.file = full
	if _, err := up.Write([]byte("x")); !errors.Is(err, vfs.ErrSpace) {
		t.Errorf("Write: %v", err)
	}
	if _, err := io.Copy(up, strings.NewReader("x")); !errors.Is(err, vfs.ErrSpace) {
		t.Errorf("ReadFrom: %v", err)
	}
}

func TestSweep(t *testing.T) {
	folder := tree(t)
	dead := []string{"", "sub", "sub/deep"}
	for _, dir := range dead {
		for _, name := range []string{temporary + "one", temporary + "two"} {
			if err := os.WriteFile(filepath.Join(folder.root.Name(), dir, name), []byte("half"), unfinishedMode); err != nil {
				t.Fatal(err)
			}
		}
	}
	kept := filepath.Join(folder.root.Name(), "sub", temporary+"directory")
	if err := os.Mkdir(kept, 0o755); err != nil { // not ours
		t.Fatal(err)
	}
	up, err := folder.CreateFile(t.Context(), "/sub/new", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer up.Close()
	if n, err := folder.Sweep(t.Context()); n != 6 || err != nil {
		t.Errorf("removed %d, %v, want 6", n, err)
	}
	if n, err := folder.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("removed %d more, %v", n, err)
	}
	for dir, want := range map[string]int{"": 0, "sub": 2, "sub/deep": 0} {
		if left := leftOvers(t, folder, dir); len(left) != want {
			t.Errorf("%q: left %q", dir, left)
		}
	}
	if err := up.Commit(t.Context(), nil); err != nil {
		t.Errorf("an upload under way was swept: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := folder.Sweep(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A sweep can come between the making and the locking of a temporary file.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	open := func() *os.File {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		return file
	}
	first, second := open(), open()
	if mine, err := lock(first); !mine || err != nil {
		t.Errorf("free: %v, %v", mine, err)
	}
	if mine, err := lock(second); mine || err != nil {
		t.Errorf("taken: %v, %v", mine, err)
	}
	os.Remove(path)
	first.Close()
	if mine, err := lock(second); mine || err != nil {
		t.Errorf("removed: %v, %v", mine, err)
	}
	second.Close()
	if mine, err := lock(second); mine || err == nil {
		t.Errorf("closed: %v, %v", mine, err)
	}
}

// A directory in which only a dead upload is left is empty to all who look.
func TestRemoveDir(t *testing.T) {
	folder := tree(t)
	dir := filepath.Join(folder.root.Name(), "empty")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, temporary+"x"), nil, unfinishedMode); err != nil {
		t.Fatal(err)
	}
	up, err := folder.CreateFile(t.Context(), "/empty/new", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.RemoveDir(t.Context(), "/empty"); !errors.Is(err, vfs.ErrNotEmpty) {
		t.Errorf("with an upload under way: %v", err)
	}
	if err := up.Close(); err != nil {
		t.Error(err)
	}
	if err := folder.RemoveDir(t.Context(), "/empty"); err != nil {
		t.Errorf("with a dead one: %v", err)
	}
	for p, want := range map[mirror.Path]error{
		"/": fs.ErrPermission, "/sub": vfs.ErrNotEmpty, "/file": vfs.ErrNotDir, "/todir": vfs.ErrNotDir, "/nothere": fs.ErrNotExist, "/out/served": fs.ErrPermission,
	} {
		if err := folder.RemoveDir(t.Context(), p); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", p, err, want)
		}
	}
}

// Nothing outside can be changed by any way.
func TestChangeOutside(t *testing.T) {
	folder := tree(t)
	ctx := t.Context()
	for what, err := range map[string]error{
		"Remove":      only(folder.Remove(ctx, "/out/secret")),
		"MakeDir":     folder.MakeDir(ctx, "/out/new"),
		"Rename":      only(folder.Rename(ctx, "/out/secret", "/mine")),
		"Rename to":   only(folder.Rename(ctx, "/file", "/out/new")),
		"Rename link": only(folder.Rename(ctx, "/sub/deep/up", "/up")),
		"SetMode":     folder.SetMode(ctx, "/outfile", 0o777),
		"SetTime":     folder.SetTime(ctx, "/outfile", time.Unix(0, 0)),
		"Symlink":     folder.Symlink(ctx, "file", "/out/new"),
		"Symlink to":  folder.Symlink(ctx, "out/secret", "/new"),
		"absolute":    folder.Symlink(ctx, "/etc/passwd", "/new"),
		"empty":       folder.Symlink(ctx, "", "/new"),
		"above":       folder.Symlink(ctx, "../x", "/new"),
		"later above": folder.Symlink(ctx, "later/../../x", "/new"),
		"behind link": folder.Symlink(ctx, "../../..", "/todir/deep/new"),
		"Copy":        folder.Copy(ctx, "/outfile", "/mine", new(data.Flow), nil),
		"Copy to":     folder.Copy(ctx, "/file", "/out/new", new(data.Flow), nil),
		"root":        only(folder.Remove(ctx, "/")),
		"make root":   folder.MakeDir(ctx, "/"),
		"move root":   only(folder.Rename(ctx, "/", "/sub/x")),
	} {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v, want permission denied", what, err)
		}
	}
	above := filepath.Dir(folder.root.Name())
	if entries, err := os.ReadDir(above); len(entries) != 2 || err != nil {
		t.Errorf("beside the folder there is %v, %v", entries, err)
	}
	if info, err := os.Stat(filepath.Join(above, "secret")); err != nil || info.Mode() != 0o644 || info.Size() != 6 {
		t.Errorf("the secret: %v, %v", info, err)
	}
}

func TestFree(t *testing.T) {
	folder := tree(t)
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder.root.Name(), &disk); err != nil {
		t.Fatal(err)
	}
	whole := int64(disk.Blocks) * disk.Bsize
	if free, err := folder.Free(t.Context(), "/todir"); free <= 0 || free > whole || err != nil {
		t.Errorf("%d of %d, %v", free, whole, err)
	}
	for p, want := range map[mirror.Path]error{"/file": vfs.ErrNotDir, "/out": fs.ErrPermission, "/nothere": fs.ErrNotExist} {
		if _, err := folder.Free(t.Context(), p); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", p, err, want)
		}
	}
}

// A folder deeper than this process may hold files open, and than a path may be long,
// is swept to its end.
func TestSweepDeep(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { root.Close() }()
	const depth = 500
	name := strings.Repeat("d", 20)
	for range depth {
		if err := root.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		below, err := root.OpenRoot(name)
		if err != nil {
			t.Fatal(err)
		}
		root.Close()
		root = below
	}
	if err := root.WriteFile(temporary+"X", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	few := syscall.Rlimit{Cur: 300, Max: before.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)
	folder, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if n, err := folder.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
}

// What is charged is what the file takes more than what it replaces, also if that became
// another while it was charged for.
func TestCommitCharges(t *testing.T) {
	const nothing, link = "-", "-> somewhere"
	full := errors.New("full")
	for name, tt := range map[string]struct {
		there     string
		meanwhile string // what is there from the first charge on; nothing: what there was
		refuse    int    // which charge
		want      vfs.Usage
		err       error
	}{
		"new":                {nothing, nothing, 0, vfs.Usage{Bytes: 7, Files: 1}, nil},
		"longer":             {"old", nothing, 0, vfs.Usage{Bytes: 4}, nil},
		"shorter":            {"old content", nothing, 0, vfs.Usage{Bytes: -4}, nil},
		"in place of a link": {link, nothing, 0, vfs.Usage{Bytes: 7, Files: 1}, nil},
		"came meanwhile":     {nothing, "old", 0, vfs.Usage{Bytes: 4}, nil},
		"grew meanwhile":     {"old", "older", 0, vfs.Usage{Bytes: 2}, nil},
		"shrank meanwhile":   {"old", "", 0, vfs.Usage{Bytes: 7}, nil},
		"refused":            {nothing, nothing, 1, vfs.Usage{}, full},
		"refused later":      {"old", "o", 2, vfs.Usage{}, full},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			become := func(content string) {
				t.Helper()
				var err error
				switch content {
				case nothing:
				case link:
					err = os.Symlink("somewhere", path)
				default:
					err = os.WriteFile(path, []byte(content), 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			become(tt.there)
			folder, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer folder.Close()
			up, err := folder.CreateFile(t.Context(), "/file", 0)
			if err != nil {
				t.Fatal(err)
			}
			defer up.Close()
			if _, err := up.Write([]byte("content")); err != nil {
				t.Fatal(err)
			}
			calls, charged := 0, vfs.Usage{}
			err = up.Commit(t.Context(), func(_ context.Context, u vfs.Usage) error {
				if calls++; calls == 1 {
					become(tt.meanwhile)
				}
				// Whatever ends the process, no file is there that is not paid for.
				if is, err := os.ReadFile(path); (u.Bytes > 0 || u.Files > 0) && err == nil && string(is) == "content" {
					t.Error("the file has its name before it is charged for")
				}
				if calls == tt.refuse {
					return full
				}
				charged = vfs.Usage{Bytes: charged.Bytes + u.Bytes, Files: charged.Files + u.Files}
				return nil
			})
			if !errors.Is(err, tt.err) || charged != tt.want {
				t.Errorf("charged %+v in all, %v; want %+v, %v", charged, err, tt.want, tt.err)
			}
			if err == nil && read(t, folder, "/file") != "content" {
				t.Errorf("the file is %q", read(t, folder, "/file"))
			}
		})
	}
}

// only leaves out what a change freed.
func only(_ vfs.Usage, err error) error { return err }
