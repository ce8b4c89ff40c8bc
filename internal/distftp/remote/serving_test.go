package remote_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jlaffaye/ftp"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/distftp/remote"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/testbed"
)

// serve serves a folder until the test ends, or what it returns is called.
func serve(t *testing.T, c distftp.Config) (at netip.AddrPort, end func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- distftp.New(c).Serve(ctx, ln) }()
	var over bool
	end = func() {
		cancel()
		if !over {
			over = true
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(end)
	return ln.Addr().(*net.TCPAddr).AddrPort(), end
}

// folder makes one that has a file of one length and time, whatever is in it.
func folder(t *testing.T, content string) *localfs.Folder {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "stuff", "file")
	must(t, os.Mkdir(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(content), 0o644))
	must(t, os.Chtimes(name, time.Time{}, time.Date(2026, 3, 1, 12, 0, 7, 0, time.UTC)))
	files, err := localfs.Open(dir)
	must(t, err)
	t.Cleanup(func() { files.Close() })
	return files
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A server that lies over its folder another server, which is a member of a mirrored directory,
// too.
func TestServing(t *testing.T) {
	there, dies := serve(t, distftp.Config{FS: folder(t, "from there"), Access: control.ReadWrite})
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ftpd.db"), database.FTPServer)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	store, err := mirrors.Open(t.Context(), mirrors.Config{DB: db, Key: mirrors.OpenKey(filepath.Join(t.TempDir(), "key"))})
	must(t, err)
	must(t, store.AddAlias(t.Context(), mirrors.Alias{
		Path: "/there", Host: there.Addr().String(), Port: there.Port(), User: "anonymous", Root: "/", TLS: ftpconn.NoTLS,
	}, "x@y"))
	bare := ftpscript.Mirror(nil)
	bare["CWD"], bare["LIST"] = ftpscript.Say("250 there"), ftpscript.Transfer("")
	mute := netip.MustParseAddrPort(ftpscript.Start(t, bare).Addr)
	must(t, store.AddAlias(t.Context(), mirrors.Alias{
		Path: "/mute", Host: mute.Addr().String(), Port: mute.Port(), User: "anonymous", Root: "/", TLS: ftpconn.NoTLS,
	}, "x@y"))
	_, err = store.AddMember(t.Context(), 1, 0, "")
	must(t, err)
	_, err = store.AddMember(t.Context(), 1, 1, "/there")
	must(t, err)
	must(t, store.Bind(t.Context(), "/stuff", 1))
	pools := foreign.NewPools(foreign.Config{})
	t.Cleanup(pools.Close)
	ours := folder(t, "from here!")
	over := remote.New(remote.Config{
		Files: ours, Planner: data.Disk{Files: ours}, View: store.View,
		Server: func(s foreign.Server, known foreign.Abilities) remote.Server {
			return remote.Pooled{Pool: pools.Of(s, known)}
		},
	})
	at, _ := serve(t, distftp.Config{FS: over, Planner: over, Access: control.ReadWrite})

	c, err := ftp.Dial(at.String(), ftp.DialWithTimeout(30*time.Second))
	must(t, err)
	t.Cleanup(func() { _ = c.Quit() })
	must(t, c.Login("anonymous", "x@y"))
	fetch := func(path string, offset uint64) string {
		t.Helper()
		r, err := c.RetrFrom(path, offset)
		if err != nil {
			return err.Error()
		}
		b, err := io.ReadAll(r)
		if err := r.Close(); err != nil {
			return err.Error()
		}
		must(t, err)
		return string(b)
	}
	list := func(path string) string {
		t.Helper()
		entries, err := c.List(path)
		must(t, err)
		var names []string
		for _, e := range entries {
			if strings.Trim(e.Name, ".") != "" {
				names = append(names, e.Name)
			}
		}
		return strings.Join(names, " ")
	}
	if got := list("/"); got != "mute stuff there" {
		t.Errorf("/ has %s", got)
	}
	if got := list("/there/stuff"); got != "file" {
		t.Errorf("/there/stuff has %s", got)
	}
	if got := fetch("/there/stuff/file", 0); got != "from there" {
		t.Errorf("by the link came %q", got)
	}
	if got := fetch("/stuff/file", 0); got != "from there" {
		t.Errorf("of the mirrored directory came %q", got)
	}
	if got := fetch("/stuff/file", 5); got != "there" {
		t.Errorf("from the middle came %q", got)
	}
	must(t, c.MakeDir("/there/new"))
	must(t, c.Stor("/there/new/a", strings.NewReader("stored")))
	must(t, c.Append("/there/new/a", strings.NewReader(", more")))
	if got := fetch("/there/new/a", 0); got != "stored, more" {
		t.Errorf("what was stored is %q", got)
	}
	must(t, c.Rename("/there/new/a", "/there/b"))
	must(t, c.RemoveDir("/there/new"))
	if got := list("/there"); got != "b stuff" {
		t.Errorf("/there has %s", got)
	}
	if err := c.Stor("/stuff/new", bytes.NewReader(nil)); err == nil || !strings.Contains(err.Error(), "553") {
		t.Errorf("stored in a mirrored directory: %v", err)
	}
	room, err := testbed.DialFTP(nil, at.String(), "anonymous", "x@y")
	must(t, err)
	t.Cleanup(func() { room.Close() })
	for _, ask := range []struct {
		code    int
		command string
	}{
		{213, "AVBL /there"}, {213, "AVBL /there/stuff"}, {550, "AVBL /there/nothing"}, {550, "AVBL /mute"},
		{250, "CWD /there"}, {200, "ALLO 1"}, {452, "ALLO 9223372036854775807"},
		{250, "CWD /mute"}, {202, "ALLO 1"},
	} {
		if _, err := room.Do(ask.code, "%s", ask.command); err != nil {
			t.Error(err)
		}
	}
	dies()
	if got := fetch("/stuff/file", 0); got != "from here!" {
		t.Errorf("when the mirror was gone came %q", got)
	}
	if got := fetch("/there/stuff/file", 0); !strings.HasPrefix(got, "450") {
		t.Errorf("by the link then came %q", got)
	}
	if got := list("/"); got != "mute stuff there" {
		t.Errorf("/ has %s", got)
	}
}
