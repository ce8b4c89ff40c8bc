package localfs

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"mirrortracker/internal/mirror"
)

// Modes of what is new are those of the folder's umask, not of the process's; a
// directory inherits the group of the one around it.
func TestUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755|fs.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Umask != 0o022 {
		t.Errorf("the usual umask is %03o", f.Umask)
	}
	for name, umask := range map[string]fs.FileMode{"usual": 0o022, "open": 0, "closed": 0o077} {
		f.Umask = umask
		if err := f.MakeDir(t.Context(), "/dir-"+mirror.Path(name)); err != nil {
			t.Fatal(err)
		}
		u, err := f.CreateFile(t.Context(), "/file-"+mirror.Path(name), 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := u.Commit(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		u.Close()
		for path, want := range map[string]fs.FileMode{"dir-" + name: 0o777&^umask | fs.ModeDir | fs.ModeSetgid, "file-" + name: 0o666 &^ umask} {
			if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode() != want {
				t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, want)
			}
		}
	}
}
