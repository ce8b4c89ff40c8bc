package distftp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// A brokenFS has directories named for what is wrong with them:
//
//	/sealed      may not be read
//	/vanished    is gone when it is opened
//	/broken-N    fails after N entries
//	/names       holds names that no listing can show, among good ones
//	/file        a file that fails after some bytes
type brokenFS struct{}

func (brokenFS) Lstat(ctx context.Context, p mirror.Path) (vfs.Entry, error) {
	e := vfs.Entry{Name: string(p[1:]), Kind: vfs.Directory, Mode: fs.ModeDir | 0o755, Owner: "ftp", Group: "ftp"}
	switch {
	case p == "/file":
		e.Kind, e.Mode, e.Size = vfs.File, 0o644, 1<<20
	case p == "/sealed":
		e.Bars = vfs.NoRead
	case p == "/absent":
		return e, fs.ErrNotExist
	}
	return e, nil
}

func (b brokenFS) Stat(ctx context.Context, p mirror.Path) (vfs.Entry, error) { return b.Lstat(ctx, p) }

func (brokenFS) OpenDir(_ context.Context, p mirror.Path) (vfs.Dir, error) {
	var n int
	switch {
	case p == "/sealed":
		return nil, fmt.Errorf("open %s: %w", p, fs.ErrPermission)
	case p == "/vanished":
		return nil, fmt.Errorf("open %s: %w", p, fs.ErrNotExist)
	case p == "/names":
		return &brokenDir{names: []string{"a", "b\r\n-rw-r--r-- 1 ftp ftp 1 Jan  1 00:00 forged", "c\x00", "", "d/e", "f"}, end: io.EOF}, nil
	}
	if _, err := fmt.Sscanf(string(p), "/broken-%d", &n); err != nil {
		return nil, err
	}
	d := &brokenDir{end: fmt.Errorf("read %s: %w", p, syscall.EIO)}
	for i := range n {
		d.names = append(d.names, itoa(i))
	}
	return d, nil
}

type brokenDir struct {
	names []string
	end   error
}

func (d *brokenDir) Next() (vfs.Entry, error) {
	if len(d.names) == 0 {
		return vfs.Entry{}, d.end
	}
	name := d.names[0]
	d.names = d.names[1:]
	return vfs.Entry{Name: name, Owner: "ftp", Group: "ftp"}, nil
}

func (d *brokenDir) Close() error { return nil }

func (brokenFS) OpenFile(context.Context, mirror.Path) (data.File, error) {
	return &brokenFile{r: strings.NewReader(strings.Repeat("x", 100_000))}, nil
}

type brokenFile struct{ r *strings.Reader }

func (f *brokenFile) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if err == io.EOF {
		err = errors.New("medium error")
	}
	return n, err
}

func (f *brokenFile) Seek(offset int64, whence int) (int64, error) { return f.r.Seek(offset, whence) }
func (f *brokenFile) Close() error                                 { return nil }

// A directory that cannot be read is refused, never shown as empty or as complete.
func TestBrokenFileSystem(t *testing.T) {
	addr := serve(t, distftp.Config{FS: brokenFS{}})
	c := login(t, addr)
	for _, path := range []string{"sealed", "vanished", "absent"} {
		for _, verb := range []string{"LIST ", "LIST -a ", "NLST ", "MLSD ", "STAT "} {
			c.passive()
			c.do(verb+path, "550")
		}
	}
	for _, verb := range []string{"LIST ", "LIST -a ", "NLST ", "MLSD "} {
		c.fetch(verb+"broken-0", "451")
		c.fetch(verb+"broken-3", "451")
		if n := len(lines(c.fetch(verb+"broken-10000", "451"))); n < 10000 {
			t.Errorf("%s: %d lines before the error", verb, n)
		}
		got := c.fetch(verb+"names", "550")
		for _, name := range []string{"a", "f"} {
			if !strings.Contains(got, name+"\r\n") {
				t.Errorf("%s: %q lacks %s", verb, got, name)
			}
		}
		if strings.Contains(got, "forged") || strings.Contains(got, "\x00") || strings.Contains(got, "d/e") {
			t.Errorf("%s: %q", verb, got)
		}
	}
	c.do("STAT broken-0", "451")
	c.do("STAT broken-3", "451")
	c.do("STAT names", "550")
	c.do("CWD sealed", "550")
	if got := c.do("MLST sealed", "250-"); !strings.Contains(got, ";perm=;") {
		t.Errorf("%q, want that nothing can be done", got)
	}
	c.fetch("RETR /file", "451")
	c.do("TYPE I", "200")
	if got := c.fetch("RETR /file", "451"); len(got) != 100_000 {
		t.Errorf("%d bytes before the error", len(got))
	}

	// The reply to STAT has begun before the error: it must not end as if complete.
	c.send("STAT /broken-10000")
	if got, err := c.tryReply(); err != io.EOF || strings.Contains(got, "\n213 ") {
		t.Errorf("STAT ended with %v: ...%q", err, got[max(0, len(got)-100):])
	}
}
