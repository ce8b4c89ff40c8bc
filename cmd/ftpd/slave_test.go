package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/authority"
	"mirrortracker/internal/distftp/link"
	"mirrortracker/internal/distftp/wire"
)

// A testMaster does what a test has it do.
type testMaster struct {
	t      *testing.T
	addr   string
	rights *authority.Authority
	joined chan *link.Link
}

func serveMaster(t *testing.T) *testMaster {
	t.Helper()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ftpd.db"), database.FTPServer)
	if err != nil {
		t.Fatal(err)
	}
	rights, err := authority.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &testMaster{t: t, addr: ln.Addr().String(), rights: rights, joined: make(chan *link.Link, 10)}
	who, err := rights.Master(m.addr)
	if err != nil {
		t.Fatal(err)
	}
	server := link.NewServer(link.ServerConfig{
		Identity: who, Authority: rights, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Masters: func(context.Context) ([]string, error) { return []string{m.addr}, nil },
		Joined: func(ctx context.Context, l *link.Link) {
			m.joined <- l
			<-ctx.Done()
		},
		Refused: func(r link.Refusal) { t.Logf("refused: %+v", r) },
	})
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(ctx, ln); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		serving.Wait()
		db.Close()
	})
	return m
}

// slave prepares a slave and enrolls it, with one file in its folder already.
func (m *testMaster) slave(name, config string) *running {
	m.t.Helper()
	s := &running{t: m.t, dir: m.t.TempDir()}
	s.write("disk/pub/file", "content")
	s.write("slave.toml", "folders = ['disk']\n"+config+"\n[data]\naddresses = ['127.0.0.1']\n[relay]\nlisten = '127.0.0.1:0'\n")
	token, err := m.rights.Token(m.t.Context(), name, []string{m.addr}, time.Hour, false)
	if err != nil {
		m.t.Fatal(err)
	}
	cmd := exec.Command("ftpd", "slave", "enroll", "-")
	cmd.Dir, cmd.Stdin = s.dir, strings.NewReader(token.String())
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "this is slave "+name) {
		m.t.Fatalf("%v: %s", err, out)
	}
	return s
}

// join starts a slave, and returns its link.
func (m *testMaster) join(s *running) *link.Link {
	m.t.Helper()
	s.run(exec.Command("ftpd", "slave"))
	select {
	case l := <-m.joined:
		return l
	case <-time.After(time.Minute):
		m.t.Fatal("the slave does not join")
		return nil
	}
}

// ftpd runs a command in the slave's folder, and returns what it says.
func (s *running) ftpd(args ...string) (string, error) {
	cmd := exec.Command("ftpd", args...)
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func nothing(wire.Event) {}

// A slave that runs by itself takes files and gives them, and holds what it held after it
// was stopped, or killed.
func TestSlave(t *testing.T) {
	t.Parallel()
	m := serveMaster(t)
	s := m.slave("disk1", "rack = 'a'\n[metrics]\nlisten = '127.0.0.1:0'\n")
	l := m.join(s)
	s.Out.Wait(t, `^slave disk1: data at 127\.0\.0\.1 ports 49152-65535, relay at 127\.0\.0\.1:\d+$`)
	s.Told("READY=1")
	state, err := l.State(t.Context())
	if err != nil || state.Files != 1 || state.Rack != "a" || !strings.HasPrefix(state.Software, "ftpd ") {
		t.Fatalf("%+v, %v", state, err)
	}

	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	at, err := l.Listen(t.Context(), wire.Listen{Family: 4, Peer: netip.MustParseAddr("127.0.0.1"), Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if conn, err := net.Dial("tcp", at.Addr.String()); err == nil {
			conn.Write(content)
			conn.Close()
		}
	}()
	p, err := l.Receive(t.Context(), wire.Receive{Op: 5, Most: -1, Meet: wire.Meeting{Listener: at.Listener, Timeout: time.Minute}, Stall: time.Minute}, nothing)
	if err != nil || p.Size != int64(len(content)) {
		t.Fatalf("%+v, %v", p, err)
	}
	ref := wire.Ref{Path: "/pub/new", Version: 6, Size: p.Size}
	if _, err := l.Apply(t.Context(), []wire.Intent{{Seq: 7, Deed: wire.Publish, Path: ref.Path, Op: 5, Version: 6, Size: ref.Size}}); err != nil {
		t.Fatal(err)
	}

	asked := s.Log.Wait(t, `metrics are served.* at=(http://\S+)/metrics`)[1]
	if out, err := s.curl(asked + "/metrics"); err != nil || !strings.Contains(out, `ftpd_slave_transfers_total{at="listener",outcome="complete",way="received"} 1`) ||
		!strings.Contains(out, "ftpd_slave_files 2") || !strings.Contains(out, "ftpd_slave_data_bytes_total{way=\"received\"} 1.048576e+06") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := s.curl("--fail", asked+"/healthz"); err != nil || out != "ok\n" {
		t.Errorf("%v: %s", err, out)
	}

	news := make(chan wire.News, 10)
	go l.News(t.Context(), func(n wire.News) error {
		news <- n
		return nil
	})
	<-news
	began := time.Now()
	s.end()
	for leaving := false; !leaving; {
		select {
		case n := <-news:
			leaving = n.Leaving
		case <-time.After(time.Minute):
			t.Fatal("it leaves without a word")
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the end took %s", took)
	}

	l = m.join(s)
	m.fetch(l, ref, content)
	s.Process.Kill()
	s.Wait()
	l = m.join(s)
	m.fetch(l, ref, content)
	if state, err := l.State(t.Context()); err != nil || state.Applied != 7 || state.Files != 2 {
		t.Errorf("%+v, %v", state, err)
	}

	if out, err := s.ftpd("slave", "doctor"); err != nil || !strings.Contains(out, "ok\tmaster "+m.addr+"\tcan be reached, and is the one") ||
		!strings.Contains(out, "ok\tfolders\tin use by the slave that runs") || !strings.Contains(out, "ok\tidentity\tslave disk1 until ") {
		t.Errorf("%v: %s", err, out)
	}

	// What is changed in the configuration counts, a mistake does not.
	s.write("slave.toml", "folders = ['disk']\nrack = 'b'\n")
	s.Send(syscall.SIGHUP)
	s.Told("RELOADING=1")
	s.Told("READY=1")
	s.Log.Wait(t, `what else changed takes effect after a restart`)
	if state, err := l.State(t.Context()); err != nil || state.Rack != "b" {
		t.Errorf("%+v, %v", state, err)
	}
	s.write("slave.toml", "rack = 3\n")
	s.Send(syscall.SIGHUP)
	s.Log.Wait(t, `configuration is not read again`)
	s.end()
}

// fetch has a slave send a file to its relay port.
func (m *testMaster) fetch(l *link.Link, ref wire.Ref, want []byte) {
	m.t.Helper()
	state, err := l.State(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	conn, err := net.Dial("tcp", state.Relay[0].String())
	if err != nil {
		m.t.Fatal(err)
	}
	defer conn.Close()
	secret := bytes.Repeat([]byte{1}, wire.SecretSize)
	conn.Write(secret)
	sent := make(chan error, 1)
	go func() {
		sent <- l.Send(m.t.Context(), wire.Send{Ref: ref, After: 7, Meet: wire.Meeting{Secret: secret, Timeout: time.Minute}, Stall: time.Minute}, nothing)
	}()
	got, err := io.ReadAll(conn)
	if err := errors.Join(err, <-sent); err != nil || !bytes.Equal(got, want) {
		m.t.Errorf("%d bytes came, %v", len(got), err)
	}
}

// What keeps a slave from starting is told, with what helps.
func TestSlaveDoesNotStart(t *testing.T) {
	t.Parallel()
	m := serveMaster(t)
	s := m.slave("disk1", "")
	try := func(want ...string) {
		t.Helper()
		out, err := s.ftpd("slave")
		for _, text := range want {
			if err == nil || !strings.Contains(out, text) {
				t.Errorf("%v: %s; want %q", err, out, text)
			}
		}
	}
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(filepath.Join(s.dir, from), filepath.Join(s.dir, to)); err != nil {
			t.Fatal(err)
		}
	}

	m.join(s)
	try("another slave is using the folder")
	s.end()

	move("disk", "unmounted")
	s.write("disk/.keep", "")
	try("is the disk mounted?", `"ftpd slave init"`)
	if err := os.RemoveAll(filepath.Join(s.dir, "disk")); err != nil {
		t.Fatal(err)
	}
	move("unmounted", "disk")

	move("var/slave.pem", "stolen.pem")
	try("this slave has not been enrolled", `"ftpd slave enroll TOKEN" here`)
	move("stolen.pem", "var/slave.pem")

	s.write("slave.toml", "")
	try("no folder is named", "ftpd slave config init")
	s.write("slave.toml", "folders = ['disk']\n[relay]\nlisten = '192.0.2.1:2120'\n")
	try("192.0.2.1:2120", "relay.listen of the configuration")
}
