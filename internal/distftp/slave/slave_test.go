package slave

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/storage"
	"mirrortracker/internal/distftp/wire"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// A rig is a slave that holds one file.
type rig struct {
	*Slave
	t       *testing.T
	disks   *storage.Storage
	ref     wire.Ref
	content []byte
}

// run runs a slave until the test ends.
func run(t *testing.T, change ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, content: make([]byte, 3<<20+5)}
	rand.NewChaCha8([32]byte{1}).Read(r.content)
	r.ref = wire.Ref{Path: "/file", Size: int64(len(r.content))}
	disk := storage.Config{Folders: []string{t.TempDir()}}
	if err := os.WriteFile(filepath.Join(disk.Folders[0], "file"), r.content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := storage.Init(t.Context(), disk); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.disks, err = storage.Open(t.Context(), disk); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.disks.Close(); err != nil {
			t.Error(err)
		}
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Storage: r.disks,
		Data:    []Address{{loopback, loopback}},
		Ports:   data.Ports{First: 20000, Last: 29999},
		Relay:   []net.Listener{ln},
		RelayAt: []netip.AddrPort{ln.Addr().(*net.TCPAddr).AddrPort()},
		Log:     slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, f := range change {
		f(&c)
	}
	r.Slave = New(c)
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() { r.Run(ctx) })
	t.Cleanup(func() {
		stop()
		working.Wait()
	})
	return r
}

// prepared returns what was received in an operation, which becomes a file by that; nil for
// nothing.
func (r *rig) prepared(op uint64) []byte {
	r.t.Helper()
	all, err := r.Operations(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(p wire.Prepared) bool { return p.Op == op })
	if i < 0 {
		return nil
	}
	ref := wire.Ref{Path: wire.Path(fmt.Sprintf("/%d", op)), Version: op, Size: all[i].Size}
	state, err := r.State(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	seq := state.Applied + 1
	if _, err := r.Apply(r.t.Context(), []wire.Intent{{Seq: seq, Prev: seq - 1, Deed: wire.Publish, Path: ref.Path, Op: op, Version: op, Size: ref.Size}}); err != nil {
		r.t.Fatal(err)
	}
	file, err := r.disks.Open(r.t.Context(), ref, seq)
	if err != nil {
		r.t.Fatal(err)
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		r.t.Fatal(err)
	}
	return content
}

// events are what was told of a transfer.
type events struct {
	mu        sync.Mutex
	connected bool
	moved     int64
}

func (e *events) tell(event wire.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.connected = e.connected || event.Connected
	e.moved = max(e.moved, event.Moved)
}

// listen has the slave listen.
func (r *rig) listen() wire.Listening {
	r.t.Helper()
	l, err := r.Listen(r.t.Context(), wire.Listen{Family: 4, Peer: loopback, Timeout: time.Minute})
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

func dial(t *testing.T, addr netip.AddrPort) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

// come goes to the relay port.
func (r *rig) come(secret []byte) *net.TCPConn {
	r.t.Helper()
	conn := dial(r.t, r.RelayAt[0])
	if _, err := conn.Write(secret); err != nil {
		r.t.Fatal(err)
	}
	return conn
}

func secretOf(n byte) []byte { return bytes.Repeat([]byte{n}, wire.SecretSize) }

// A client takes part in a transfer: it gets the bytes, or gives them.
func take(conn net.Conn) <-chan []byte {
	got := make(chan []byte, 1)
	go func() {
		all, err := io.ReadAll(conn)
		if err != nil {
			all = fmt.Appendf(nil, "%v", err)
		}
		conn.Close()
		got <- all
	}()
	return got
}

func give(conn net.Conn, content []byte) {
	go func() {
		conn.Write(content)
		conn.Close()
	}()
}

// Wherever a client, or a master, meets the slave, it gets the file.
func TestSend(t *testing.T) {
	r := run(t)
	for name, meet := range map[string]func(*testing.T) (wire.Meeting, <-chan []byte){
		"listener": func(t *testing.T) (wire.Meeting, <-chan []byte) {
			l := r.listen()
			return wire.Meeting{Listener: l.Listener, Timeout: time.Minute}, take(dial(t, l.Addr))
		},
		"client": func(t *testing.T) (wire.Meeting, <-chan []byte) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			got := make(chan []byte, 1)
			go func() {
				defer ln.Close()
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				got <- <-take(conn)
			}()
			return wire.Meeting{Dial: ln.Addr().(*net.TCPAddr).AddrPort(), Timeout: time.Minute}, got
		},
		"relay port, connection first": func(t *testing.T) (wire.Meeting, <-chan []byte) {
			return wire.Meeting{Secret: secretOf(1), Timeout: time.Minute}, take(r.come(secretOf(1)))
		},
		"relay port, request first": func(t *testing.T) (wire.Meeting, <-chan []byte) {
			got := make(chan []byte, 1)
			go func() {
				for !r.wants(2) {
					time.Sleep(time.Millisecond)
				}
				got <- <-take(r.come(secretOf(2)))
			}()
			return wire.Meeting{Secret: secretOf(2), Timeout: time.Minute}, got
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, got := meet(t)
			var e events
			err := r.Send(t.Context(), wire.Send{Ref: r.ref, Offset: 3, Meet: m, Stall: time.Minute}, e.tell)
			if came := <-got; err != nil || !bytes.Equal(came, r.content[3:]) || !e.connected || e.moved != int64(len(came)) {
				t.Errorf("%d bytes came, %v; connected %v, moved %d", len(came), err, e.connected, e.moved)
			}
		})
	}
}

// The port of a client's next transfer is open when this one ends.
func TestNextPort(t *testing.T) {
	r := run(t)
	l := r.listen()
	got := take(dial(t, l.Addr))
	ask := wire.Listen{Family: 4, Peer: netip.MustParseAddr("127.0.0.1"), Timeout: time.Minute}
	var next *wire.Listening
	meet := wire.Meeting{Listener: l.Listener, Timeout: time.Minute}
	err := r.Send(t.Context(), wire.Send{Ref: r.ref, Meet: meet, Next: &ask, Stall: time.Minute}, func(e wire.Event) {
		if e.Next != nil {
			next = e.Next
		}
	})
	if came := <-got; err != nil || !bytes.Equal(came, r.content) || next == nil {
		t.Fatalf("%d bytes came, %v; next %v", len(came), err, next)
	}
	got = take(dial(t, next.Addr))
	meet.Listener = next.Listener
	err = r.Send(t.Context(), wire.Send{Ref: r.ref, Meet: meet, Stall: time.Minute}, func(wire.Event) {})
	if came := <-got; err != nil || !bytes.Equal(came, r.content) {
		t.Fatalf("%d bytes came over the next, %v", len(came), err)
	}
}

// wants reports whether a transfer waits for a secret.
func (r *rig) wants(n byte) bool {
	r.relay.mu.Lock()
	defer r.relay.mu.Unlock()
	return r.relay.wanted[secret(secretOf(n))] != nil
}

// What a client or a master sends is prepared, but no more than may be.
func TestReceive(t *testing.T) {
	r := run(t)
	for name, most := range map[string]int64{"any number": -1, "as many as come": int64(len(r.content)), "fewer": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			l := r.listen()
			give(dial(t, l.Addr), r.content)
			op := uint64(len(name))
			p, err := r.Receive(t.Context(), wire.Receive{Op: op, Most: most, Meet: wire.Meeting{Listener: l.Listener, Timeout: time.Minute}, Stall: time.Minute}, new(events).tell)
			if name == "fewer" {
				if reason(err) != wire.TooMuch || r.prepared(op) != nil {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || p.Op != op || p.Size != int64(len(r.content)) || !bytes.Equal(r.prepared(op), r.content) {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}

// reason is that of a failure.
func reason(err error) wire.Reason {
	var f *wire.Failure
	if errors.As(err, &f) {
		return f.Reason
	}
	return ""
}
