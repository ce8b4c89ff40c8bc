package master

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	slaveside "mirrortracker/internal/distftp/slave"
	"mirrortracker/internal/distftp/storage"
	"mirrortracker/internal/testbed"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// A fleet is a master and its slaves in this process, without links between them.
type fleet struct {
	*Master
	t    *testing.T
	log  *slog.Logger
	addr string // of the FTP server
}

// launch starts a master on a database of its own, and an FTP server of it.
func launch(t *testing.T) *fleet {
	t.Helper()
	return on(t, "sqlite:"+filepath.Join(t.TempDir(), "ftpd.db"))
}

// on starts a master on a database.
func on(t *testing.T, url string) *fleet {
	t.Helper()
	db, err := database.Open(t.Context(), url, database.FTPServer)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	m, err := Open(t.Context(), catalogue.Config{DB: db, Master: "test", Log: log}, Config{Chooser: choice.New(nil), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{Master: m, t: t, log: log}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = ln.Addr().String()
	server := distftp.New(distftp.Config{FS: m.Catalogue, Planner: m, Access: control.ReadWrite, Logger: log})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var work sync.WaitGroup
	work.Go(func() {
		if err := server.Serve(ctx, ln); err != nil {
			t.Error(err)
		}
	})
	work.Go(func() {
		if err := m.Catalogue.Run(ctx); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		work.Wait()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// A machine is one on which a slave runs.
type machine struct {
	*slaveside.Slave
	name, folder string
	leave        func() // has it leave its masters
	at           func(f *fleet)
}

// join starts a slave with a folder, and has it join; "" is a new folder.
func (f *fleet) join(name, folder string) *machine {
	f.t.Helper()
	m := f.slave(name, folder)
	f.link(m)
	return m
}

// slave starts one with a folder; "" is a new folder.
func (f *fleet) slave(name, folder string) *machine {
	f.t.Helper()
	if folder == "" {
		folder = f.t.TempDir()
	}
	disk := f.disk(folder)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	m := &machine{name: name, folder: folder, Slave: slaveside.New(slaveside.Config{
		Storage: disk,
		Data:    []slaveside.Address{{Local: loopback, Public: loopback}},
		Ports:   data.Ports{First: 20000, Last: 29999},
		Relay:   []net.Listener{ln},
		RelayAt: []netip.AddrPort{ln.Addr().(*net.TCPAddr).AddrPort()},
		Log:     f.log.With("slave", name),
	})}
	ctx, stop := context.WithCancel(context.WithoutCancel(f.t.Context()))
	var work sync.WaitGroup
	work.Go(func() { m.Run(ctx) })
	m.at = func(f *fleet) {
		work.Go(func() {
			if err := f.Join(ctx, name, m.Slave); err != nil && ctx.Err() == nil {
				f.t.Error(err)
			}
		})
	}
	m.leave = sync.OnceFunc(func() {
		if err := m.Leave(ctx); err != nil {
			f.t.Error(err)
		}
		stop()
		work.Wait()
		if err := disk.Close(); err != nil {
			f.t.Error(err)
		}
	})
	f.t.Cleanup(m.leave)
	return m
}

// link has a slave join, and waits until it was compared.
func (f *fleet) link(m *machine) {
	f.t.Helper()
	m.at(f)
	f.until(m.name+" has joined", func() bool {
		for _, s := range f.present() {
			if s.name == m.name {
				return s.agreed.Load()
			}
		}
		return false
	})
}

// until waits for something to become true.
func (f *fleet) until(what string, is func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("%s: not so within 20 seconds", what)
		}
	}
}

// client logs in.
func (f *fleet) client(way testbed.Way) *testbed.FTPClient {
	f.t.Helper()
	c, err := testbed.DialFTP(nil, f.addr, "anonymous", "me@")
	if err != nil {
		f.t.Fatal(err)
	}
	c.Way = way
	f.t.Cleanup(func() { c.Close() })
	return c
}

func content(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

// store uploads a file.
func (f *fleet) store(c *testbed.FTPClient, path string, what []byte) {
	f.t.Helper()
	if err := c.Store("STOR "+path, what); err != nil {
		f.t.Fatalf("STOR %s: %v", path, err)
	}
}

// fetch downloads a file, which must have a content.
func (f *fleet) fetch(c *testbed.FTPClient, path string, want []byte) {
	f.t.Helper()
	got, err := c.Fetch("RETR " + path)
	if err != nil {
		f.t.Errorf("RETR %s: %v", path, err)
	} else if !bytes.Equal(got, want) {
		f.t.Errorf("RETR %s: %d bytes, not the %d that were stored", path, len(got), len(want))
	}
}

// Files go to a slave and come from it, whatever way data connections come about.
func TestTransfers(t *testing.T) {
	f := launch(t)
	f.join("one", "")
	for _, way := range []testbed.Way{testbed.Active, testbed.Named, testbed.Extended} {
		c := f.client(way)
		for _, size := range []int{1, 4096, 1<<20 + 3} {
			f.store(c, "/file", content(size))
			f.fetch(c, "/file", content(size))
		}
		if _, err := c.Do(250, "DELE /file"); err != nil {
			t.Error(err)
		}
		if _, err := c.Fetch("LIST"); err != nil {
			t.Errorf("LIST: %v", err)
		}
	}
}

// What was stored is there when the slave comes back, and what was deleted or renamed
// meanwhile is not.
func TestAway(t *testing.T) {
	f := launch(t)
	one := f.join("one", "")
	c := f.client(testbed.Active)
	for _, name := range []string{"/stays", "/goes", "/moves"} {
		f.store(c, name, content(1000))
	}
	one.leave()
	if _, err := c.Do(250, "DELE /goes"); err != nil {
		t.Fatal(err)
	}
	_, err := c.Do(350, "RNFR /moves")
	if _, err2 := c.Do(250, "RNTO /moved"); errors.Join(err, err2) != nil {
		t.Fatal(err, err2)
	}
	if _, err := c.Fetch("RETR /stays"); err == nil {
		t.Error("a file came from a slave that is away")
	}
	one = f.join("one", one.folder)
	f.fetch(c, "/stays", content(1000))
	f.fetch(c, "/moved", content(1000))
	for _, name := range []string{"goes", "moves"} {
		if found, _ := filepath.Glob(filepath.Join(one.folder, name)); found != nil {
			t.Errorf("%s is still there", found)
		}
	}
}

// A client that was told to come to one slave, and then wants what another has, or what the
// master has, or to store something, gets it all the same.
func TestWrongGuess(t *testing.T) {
	f := launch(t)
	f.Chooser.SetRules(choice.NewRules([]choice.Rule{
		{Path: "/one", Copies: 1, Only: []string{"one"}},
		{Path: "/two", Copies: 1, Only: []string{"two"}},
	}))
	c := f.client(testbed.Active)
	for _, name := range []string{"one", "two"} {
		f.join(name, "")
		if _, err := c.Do(257, "MKD /%s", name); err != nil {
			t.Fatal(err)
		}
		f.store(c, "/"+name+"/file", content(70000))
	}
	c = f.client(testbed.Named)
	for _, want := range []string{"/one/file", "/two/file"} {
		c.Do(213, "SIZE /one/file")
		f.fetch(c, want, content(70000))
	}
	c.Do(213, "SIZE /one/file")
	if got, err := c.Fetch("MLSD /one"); err != nil || !bytes.Contains(got, []byte("size=70000;")) {
		t.Errorf("MLSD: %q, %v", got, err)
	}
	for _, to := range []string{"/one/new", "/two/new"} {
		c.Do(213, "SIZE /one/file")
		f.store(c, to, content(3000))
		f.fetch(f.client(testbed.Extended), to, content(3000))
	}
	c.Do(213, "SIZE /one/file")
	if err := c.Store("APPE /two/new", content(3001)); err != nil {
		t.Errorf("APPE: %v", err)
	}
	f.fetch(c, "/two/new", append(content(3000), content(3001)...))
}

// Two masters on one database are one service: what is done at one is seen at the other
// within two seconds, and slaves do what either says.
func TestTwoMasters(t *testing.T) {
	for name, url := range map[string]func(t *testing.T) string{
		"SQLite":  func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "ftpd.db") },
		"MariaDB": func(t *testing.T) string { return testbed.MariaDB(t) },
	} {
		t.Run(name, func(t *testing.T) {
			at := url(t)
			f, g := on(t, at), on(t, at)
			one := f.join("one", "")
			g.link(one)
			c, d := f.client(testbed.Active), g.client(testbed.Named)
			for i, from := range []*testbed.FTPClient{c, d, c, d} {
				to := map[*testbed.FTPClient]*testbed.FTPClient{c: d, d: c}[from]
				path := fmt.Sprintf("/file%d", i)
				f.store(from, path, content(1000+i))
				f.until(path+" is seen", func() bool { _, err := to.Do(213, "SIZE %s", path); return err == nil })
				f.fetch(to, path, content(1000+i))
				f.store(to, path, content(2000+i))
				f.until(path+" is seen to be another", func() bool {
					text, err := from.Do(213, "SIZE %s", path)
					return err == nil && text == fmt.Sprint(2000+i)
				})
				f.fetch(from, path, content(2000+i))
				if _, err := from.Do(250, "DELE %s", path); err != nil {
					t.Error(err)
				}
				f.until(path+" is gone", func() bool { _, err := to.Do(550, "SIZE %s", path); return err == nil })
			}
		})
	}
}

// What stood in a slave's folder before it was one is there, as if it had been uploaded; where
// two slaves have different files of one name, both stay.
func TestAdopted(t *testing.T) {
	f := launch(t)
	folders := []string{t.TempDir(), t.TempDir()}
	for i, folder := range folders {
		write(t, filepath.Join(folder, "both/equal"), content(2000))
		write(t, filepath.Join(folder, "both/other"), content(100+i))
		write(t, filepath.Join(folder, fmt.Sprintf("own/deep/%d", i)), content(i))
	}
	f.join("one", folders[0])
	f.join("two", folders[1])
	c := f.client(testbed.Named)
	f.fetch(c, "/both/equal", content(2000))
	f.fetch(c, "/own/deep/0", content(0))
	f.fetch(c, "/own/deep/1", content(1))
	f.fetch(c, "/both/other", content(100))
	f.fetch(c, "/both/other.collision.two", content(101))
}

func write(t *testing.T, path string, what []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, what, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// A slave that was stopped cleanly is known again by one question; one whose folder is
// another's is not let in.
func TestKnownAgain(t *testing.T) {
	f := launch(t)
	one := f.join("one", "")
	c := f.client(testbed.Active)
	f.store(c, "/file", content(10))
	one.leave()
	if equal, err := f.meets("one", one.folder); err != nil || !equal {
		t.Errorf("a slave that has not changed has to be compared (%v)", err)
	}
	if _, err := f.meets("one", t.TempDir()); !errors.Is(err, catalogue.ErrStorage) {
		t.Errorf("a slave with another folder: %v", err)
	}
}

// meets returns how a slave with a folder is met: whether it is as it was.
func (f *fleet) meets(name, folder string) (equal bool, err error) {
	f.t.Helper()
	disk := f.disk(folder)
	defer disk.Close()
	_, equal, err = f.meet(f.t.Context(), name, slaveside.New(slaveside.Config{Storage: disk, Log: f.log}))
	return equal, err
}

// disk opens a slave's folder.
func (f *fleet) disk(folder string) *storage.Storage {
	f.t.Helper()
	config := storage.Config{Folders: []string{folder}, Log: f.log}
	if _, err := storage.Init(f.t.Context(), config); err != nil {
		f.t.Fatal(err)
	}
	disk, err := storage.Open(f.t.Context(), config)
	if err != nil {
		f.t.Fatal(err)
	}
	return disk
}
