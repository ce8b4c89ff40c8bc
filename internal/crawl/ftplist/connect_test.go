package ftplist

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/mirror"
)

// slots count the connections that may be opened and are.
type slots struct{ taken atomic.Int64 }

func (s *slots) Connect(context.Context) (func(), error) {
	s.taken.Add(1)
	return func() { s.taken.Add(-1) }, nil
}

func (s *slots) TryConnect() (func(), bool) {
	release, _ := s.Connect(context.Background())
	return release, true
}

// machines are two servers behind one name: the name leads to one after the other.
func machines(t *testing.T, busy ftpscript.Act) (source *Source, dialled *[]string, taken *slots) {
	t.Helper()
	server := ftpscript.Start(t, script{ftpscript.Greeting: busy})
	_, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	url, err := mirror.ParseURL("ftp://mirror.example:" + port + "/")
	if err != nil {
		t.Fatal(err)
	}
	dialled, taken = new([]string), new(slots)
	cfg := Config{URL: url, Whole: 10 * time.Second, Limits: crawl.DefaultLimits(), Now: time.Now, Slots: taken}
	cfg.Conn.Dial = func(ctx context.Context, _, addr string) (net.Conn, error) {
		*dialled = append(*dialled, strings.TrimSuffix(addr, ":"+port))
		return new(net.Dialer).DialContext(ctx, "tcp", server.Addr)
	}
	if source, err = NewSource(cfg); err != nil {
		t.Fatal(err)
	}
	return source, dialled, taken
}

// All connections go to the address of the first as long as one is open, also when
// another was refused. Every slot is given back once.
func TestOneMachine(t *testing.T) {
	t.Parallel()
	yes, no := say("220 ready"), say("421 too many")
	source, dialled, taken := machines(t, inTurn(yes, no, yes, no, no, yes))
	first, err := source.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	busy := func() {
		t.Helper()
		_, err := source.Open(t.Context())
		if _, ok := errors.AsType[*crawl.BusyError](err); !ok {
			t.Errorf("%v, want a BusyError", err)
		}
	}
	busy()
	if n := source.Connections(9); n != 1 || taken.taken.Load() != 1 {
		t.Errorf("%d connections accepted, %d slots taken", n, taken.taken.Load())
	}
	second, err := source.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	second.Close()
	// Who has none open, and is refused, asks for any machine of that name.
	busy()
	busy()
	last, err := source.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last.Close()
	const name, host = "mirror.example", "127.0.0.1"
	if got, want := strings.Join(*dialled, " "), strings.Join([]string{name, host, host, host, name, name}, " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if n := taken.taken.Load(); n != 0 {
		t.Errorf("%d slots taken", n)
	}
}

// Another machine of a name is not mixed with the one to which a connection is open, and
// is not trusted for what that one did.
func TestAnotherMachine(t *testing.T) {
	t.Parallel()
	source, _, _ := machines(t, say("220 ready"))
	trusted := func() bool { return (&checker{lister: &lister{Source: source}, way: Stat}).trusted() }
	if err := source.enters("192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	for range enoughAgreed {
		source.agree(Stat)
	}
	if err := source.enters("192.0.2.2"); err == nil || !trusted() {
		t.Errorf("%v, trusted %v", err, trusted())
	}
	source.leaves()
	if err := source.enters("192.0.2.1"); err != nil || !trusted() {
		t.Errorf("%v, trusted %v", err, trusted())
	}
	source.leaves()
	if err := source.enters("192.0.2.2"); err != nil || trusted() {
		t.Errorf("%v, trusted %v", err, trusted())
	}
}
