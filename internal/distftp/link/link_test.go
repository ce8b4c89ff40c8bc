package link_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/authority"
	"mirrortracker/internal/distftp/identity"
	"mirrortracker/internal/distftp/link"
	"mirrortracker/internal/distftp/wire"
)

// A slave that is only there.
type slave struct {
	wire.Slave
	name    string
	sending chan context.Context // of transfers under way
}

func (s *slave) State(context.Context) (wire.State, error) { return wire.State{Storage: s.name}, nil }

func (s *slave) Send(ctx context.Context, _ wire.Send, tell func(wire.Event)) error {
	s.sending <- ctx
	<-ctx.Done()
	return ctx.Err()
}

// A master, as far as it takes slaves in.
type master struct {
	addr    string
	db      *database.DB
	auth    *authority.Authority
	joined  chan *link.Link
	left    chan *link.Link
	refused chan link.Refusal
	ago     atomic.Int64             // how far its clock is behind, in nanoseconds
	masters atomic.Pointer[[]string] // those that run besides
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func openDatabase(t testing.TB) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ftpd.db"), database.FTPServer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func serveMaster(t testing.TB, db *database.DB) *master {
	t.Helper()
	ln := listen(t)
	return serveMasterAt(t, db, ln, ln.Addr().String())
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// serveMasterAt serves one that slaves find at another address than it listens at.
func serveMasterAt(t testing.TB, db *database.DB, ln net.Listener, addr string) *master {
	t.Helper()
	auth, err := authority.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	m := &master{addr: addr, db: db, auth: auth, joined: make(chan *link.Link, 9), left: make(chan *link.Link, 9), refused: make(chan link.Refusal, 99)}
	m.masters.Store(new([]string))
	auth.Now = func() time.Time { return time.Now().Add(-time.Duration(m.ago.Load())) }
	id, err := auth.Master(m.addr)
	if err != nil {
		t.Fatal(err)
	}
	s := link.NewServer(link.ServerConfig{
		Identity: id, Authority: auth, Log: quiet(),
		Masters: func(context.Context) ([]string, error) { return *m.masters.Load(), nil },
		Joined: func(ctx context.Context, l *link.Link) {
			m.joined <- l
			<-ctx.Done()
			m.left <- l
		},
		Refused: func(r link.Refusal) { m.refused <- r },
	})
	s.LookEvery(50 * time.Millisecond)
	run(t, func(ctx context.Context) {
		if err := s.Serve(ctx, ln); err != nil {
			t.Error(err)
		}
	})
	return m
}

// run runs something until the test ends, or what it returns is called.
func run(t testing.TB, do func(ctx context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { do(ctx) })
	stop = func() {
		cancel()
		work.Wait()
	}
	t.Cleanup(stop)
	return stop
}

func (m *master) token(t testing.TB, name string, replace bool) identity.Token {
	t.Helper()
	token, err := m.auth.Token(t.Context(), name, []string{m.addr}, time.Hour, replace)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (m *master) enroll(t testing.TB, name string) *identity.Identity {
	t.Helper()
	id, err := identity.Enroll(t.Context(), m.token(t, name, true), filepath.Join(t.TempDir(), "identity.json"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// enrollThen enrolls a slave as it was some time ago.
func (m *master) enrollThen(t *testing.T, name string, ago time.Duration, file string) *identity.Identity {
	t.Helper()
	m.ago.Store(int64(ago))
	defer m.ago.Store(0)
	id, err := identity.Enroll(t.Context(), m.token(t, name, true), file)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func runSlave(t *testing.T, id *identity.Identity) (*slave, func()) {
	s := &slave{name: id.Name(), sending: make(chan context.Context, 9)}
	return s, run(t, func(ctx context.Context) { link.Serve(ctx, link.SlaveConfig{Identity: id, Slave: s, Log: quiet()}) })
}

// wait takes what comes, in time.
func wait[T any](t *testing.T, from chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestEnrolledSlaveIsAsked(t *testing.T) {
	m := serveMaster(t, openDatabase(t))
	id := m.enroll(t, "one")
	if id.Name() != "one" || id.Masters()[0] != m.addr {
		t.Errorf("it is %s, and its masters are %v", id.Name(), id.Masters())
	}
	s, stop := runSlave(t, id)
	l := wait(t, m.joined)
	state, err := l.State(t.Context())
	if err != nil || state.Storage != "one" || l.Name != "one" {
		t.Errorf("%s: %+v, %v", l.Name, state, err)
	}

	// The end of a link ends what was asked by it, on both sides.
	failed := make(chan error, 1)
	go func() {
		failed <- l.Send(t.Context(), wire.Send{
			Ref: wire.Ref{Path: "/a"}, Meet: wire.Meeting{Listener: 1, Timeout: time.Minute}, Stall: time.Minute,
		}, func(wire.Event) {})
	}()
	under := wait(t, s.sending)
	stop()
	<-under.Done()
	if err := wait(t, failed); !errors.Is(err, wire.ErrLink) {
		t.Error(err)
	}
	if wait(t, m.left) != l {
		t.Error("another link has left")
	}
	<-l.Done()
}

func TestSlaveComesBack(t *testing.T) {
	m := serveMaster(t, openDatabase(t))
	runSlave(t, m.enroll(t, "one"))
	first := wait(t, m.joined)
	first.Close(nil)
	second := wait(t, m.joined)
	if second.Epoch <= first.Epoch {
		t.Errorf("epoch %d follows %d", second.Epoch, first.Epoch)
	}
	if _, err := first.State(t.Context()); !errors.Is(err, wire.ErrLink) {
		t.Error(err)
	}
	if err := second.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTakenNameIsRefused(t *testing.T) {
	m := serveMaster(t, openDatabase(t))
	id := m.enroll(t, "one")
	runSlave(t, id)
	first := wait(t, m.joined)
	runSlave(t, id)
	if r := wait(t, m.refused); r.Name != "one" || !errors.Is(r.Reason, link.ErrTaken) {
		t.Errorf("refused %+v", r)
	}
	if err := first.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// A slave whose first link carries nothing any more, while its master does not know yet.
func TestSilentNameIsTaken(t *testing.T) {
	m := serveMaster(t, openDatabase(t))
	id := m.enroll(t, "one")
	silent := id.Client(identity.Master)
	silent.NextProtos = []string{identity.LinkProtocol}
	through := dam(t, m.addr)
	conn, err := tls.Dial("tcp", through.addr, silent)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The greeting is never answered, so this is not let in; but it has the name.
	runSlave(t, id)
	l := wait(t, m.joined)
	if err := l.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// A certificate that ends soon is renewed by the link, and kept.
func TestCertificateIsRenewed(t *testing.T) {
	m := serveMaster(t, openDatabase(t))
	file := filepath.Join(t.TempDir(), "identity.json")
	id := m.enrollThen(t, "one", 40*24*time.Hour, file)
	before := id.Expires()
	changed := id.Changed()
	runSlave(t, id)
	wait(t, m.joined)
	<-changed
	kept, err := identity.Load(file)
	if err != nil || !kept.Expires().After(before) || !id.Expires().Equal(kept.Expires()) {
		t.Errorf("until %s follows until %s, and until %s is kept: %v", id.Expires(), before, kept.Expires(), err)
	}
}

// A slave follows its masters, and remembers where they are.
func TestSlaveFollowsItsMasters(t *testing.T) {
	db := openDatabase(t)
	one, two := serveMaster(t, db), serveMaster(t, db)
	file := filepath.Join(t.TempDir(), "identity.json")
	id, err := identity.Enroll(t.Context(), one.token(t, "one", false), file)
	if err != nil {
		t.Fatal(err)
	}
	runSlave(t, id)
	wait(t, one.joined)
	both := []string{one.addr, two.addr}
	slices.Sort(both)
	one.masters.Store(&[]string{two.addr})
	wait(t, two.joined)
	kept, err := identity.Load(file)
	if err != nil || !slices.Equal(kept.Masters(), both) {
		t.Errorf("kept %v, %v", kept.Masters(), err)
	}

	// One that does not run any more is not forgotten.
	one.masters.Store(new([]string))
	runSlave(t, one.enroll(t, "two"))
	wait(t, one.joined)
	wait(t, two.joined)
}

// A slave that is cut off is out within the time promised.
func TestLostLinkIsNoticed(t *testing.T) {
	ln := listen(t)
	through := dam(t, ln.Addr().String())
	m := serveMasterAt(t, openDatabase(t), ln, through.addr)
	runSlave(t, m.enroll(t, "one"))
	l := wait(t, m.joined)
	through.close()
	begin := time.Now()
	wait(t, m.left)
	if took := time.Since(begin); took > link.Lost+time.Second {
		t.Errorf("it took %v", took)
	}
	if _, err := l.State(t.Context()); !errors.Is(err, wire.ErrLink) {
		t.Error(err)
	}
}

func TestWhoIsRefused(t *testing.T) {
	db := openDatabase(t)
	m := serveMaster(t, db)
	for _, c := range []struct {
		what  string
		id    func(t *testing.T) *identity.Identity
		want  string
		known bool
	}{
		{"revoked", func(t *testing.T) *identity.Identity {
			id := m.enroll(t, "two")
			if err := m.auth.Revoke(t.Context(), "two"); err != nil {
				t.Fatal(err)
			}
			return id
		}, authority.ErrRevoked.Error(), true},
		{"replaced", func(t *testing.T) *identity.Identity {
			id := m.enroll(t, "three")
			m.enroll(t, "three")
			return id
		}, authority.ErrReplaced.Error(), true},
		{"of another service", func(t *testing.T) *identity.Identity {
			other := serveMaster(t, openDatabase(t))
			id := other.enroll(t, "four")
			if err := id.Renew(identity.Papers{Masters: []string{m.addr}}); err != nil {
				t.Fatal(err)
			}
			return id
		}, "bad certificate", false}, // the slave does not believe the master either
		{"expired", func(t *testing.T) *identity.Identity {
			return m.enrollThen(t, "five", authority.Lifetime, filepath.Join(t.TempDir(), "identity.json"))
		}, "expired", true},
	} {
		t.Run(c.what, func(t *testing.T) {
			runSlave(t, c.id(t))
			r := wait(t, m.refused)
			if !strings.Contains(r.Reason.Error(), c.want) || r.Known != c.known {
				t.Errorf("refused %+v", r)
			}
			noted, err := authority.Refusals(t.Context(), m.db)
			is := slices.ContainsFunc(noted, func(n authority.Refusal) bool { return n.Slave == r.Name && n.Reason == r.Reason.Error() })
			if err != nil || is != c.known {
				t.Errorf("noted are %+v, %v", noted, err)
			}
		})
	}
}

// Who only looks whether a master is there is not taken for a slave that is refused.
func TestNothingIsAsked(t *testing.T) {
	m := serveMaster(t, openDatabase(t))
	config := m.enroll(t, "one").Client(identity.Master)
	config.NextProtos = []string{identity.EnrollProtocol}
	conn, err := tls.Dial("tcp", m.addr, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil { // until the master is through with it
		t.Error(err)
	}
	select {
	case r := <-m.refused:
		t.Errorf("refused %+v", r)
	default:
	}
}

func TestRevokedWhileLinked(t *testing.T) {
	m := serveMaster(t, openDatabase(t))
	runSlave(t, m.enroll(t, "one"))
	wait(t, m.joined)
	if err := m.auth.Revoke(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if r := wait(t, m.refused); !errors.Is(r.Reason, authority.ErrRevoked) {
		t.Errorf("refused %+v", r)
	}
	wait(t, m.left)
}

func TestStrangersDoNotHoldUpOthers(t *testing.T) {
	m := serveMaster(t, openDatabase(t))
	id := m.enroll(t, "one")
	for range 40 { // they say nothing
		conn, err := net.Dial("tcp", m.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	runSlave(t, id)
	wait(t, m.joined)
}

func TestTokensServeOneKey(t *testing.T) {
	m := serveMaster(t, openDatabase(t))
	token := m.token(t, "one", false)
	file := filepath.Join(t.TempDir(), "identity.json")
	if _, err := identity.Load(file); !errors.Is(err, identity.ErrNone) {
		t.Error(err)
	}
	if _, err := identity.Enroll(t.Context(), token, file); err != nil {
		t.Fatal(err)
	}
	if id, err := identity.Load(file); err != nil || id.Name() != "one" {
		t.Error(id, err)
	}
	_, err := identity.Enroll(t.Context(), token, filepath.Join(t.TempDir(), "other.json"))
	if err == nil || !strings.Contains(err.Error(), authority.ErrUsed.Error()) {
		t.Error(err)
	}
	_, err = identity.Enroll(t.Context(), token, file)
	if err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Error(err)
	}
}

// Who stands between slave and master has another authority.
func TestTokenNamesTheAuthority(t *testing.T) {
	m, other := serveMaster(t, openDatabase(t)), serveMaster(t, openDatabase(t))
	token := m.token(t, "one", false)
	token.Masters = []string{other.addr}
	_, err := identity.Enroll(t.Context(), token, filepath.Join(t.TempDir(), "identity.json"))
	if err == nil || !strings.Contains(err.Error(), "not of the service") {
		t.Error(err)
	}
}

// A dam passes bytes on, until it does not any more: connections stay, and nothing comes.
type damOf struct {
	addr   string
	closed chan struct{}
	once   sync.Once
}

func (d *damOf) close() { d.once.Do(func() { close(d.closed) }) }

func (d *damOf) isClosed() bool {
	select {
	case <-d.closed:
		return true
	default:
		return false
	}
}

func dam(t *testing.T, to string) *damOf {
	t.Helper()
	ln := listen(t)
	d := &damOf{addr: ln.Addr().String(), closed: make(chan struct{})}
	var work sync.WaitGroup
	var conns sync.Map
	pass := func(from, to net.Conn) {
		buf := make([]byte, 1<<15)
		for {
			n, err := from.Read(buf)
			if d.isClosed() && err == nil {
				continue // swallowed
			}
			if n > 0 && err == nil {
				_, err = to.Write(buf[:n])
			}
			if err != nil {
				to.Close()
				from.Close()
				return
			}
		}
	}
	work.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			if d.isClosed() {
				conns.Store(in, nil)
				continue
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			conns.Store(in, nil)
			conns.Store(out, nil)
			go pass(in, out)
			go pass(out, in)
		}
	})
	t.Cleanup(func() {
		ln.Close()
		work.Wait()
		conns.Range(func(c, _ any) bool { c.(io.Closer).Close(); return true })
	})
	return d
}
