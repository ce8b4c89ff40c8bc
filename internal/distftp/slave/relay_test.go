package slave

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/testbed"
)

// among gives slaves what they need for TLS among them.
func among(t *testing.T) func(*Config) {
	authority := testbed.NewAuthority(t)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority.PEM())
	own := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1", "ftp.example")
	return func(c *Config) {
		c.Server = &tls.Config{Certificates: []tls.Certificate{*own}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS13}
		c.Client = &tls.Config{Certificates: []tls.Certificate{*own}, RootCAs: trusted, ServerName: "ftp.example", MinVersion: tls.VersionTLS13}
	}
}

// A client that came to the wrong slave gets the file through that one, under TLS too, and
// a slave can copy from another.
func TestFromAnotherSlave(t *testing.T) {
	for name, secure := range map[string]bool{"clear": false, "under TLS": true} {
		t.Run(name, func(t *testing.T) {
			keys := among(t)
			owner, other := run(t, keys), run(t, keys)
			for n, whole := range map[byte]bool{1: true, 2: false} {
				sent := make(chan error, 1)
				go func() {
					ref := owner.ref
					length := int64(0)
					if !whole {
						length = 1000
					}
					sent <- owner.Send(t.Context(), wire.Send{Ref: ref, Length: length, Meet: wire.Meeting{Secret: secretOf(n), Secure: secure, Timeout: time.Minute}, Stall: time.Minute}, new(events).tell)
				}()
				l := other.listen()
				got := take(dial(t, l.Addr))
				err := other.Send(t.Context(), wire.Send{
					Ref: owner.ref, Meet: wire.Meeting{Listener: l.Listener, Timeout: time.Minute}, Stall: time.Minute,
					From: &wire.Place{Addr: owner.RelayAt[0], Secret: secretOf(n), Secure: secure},
				}, new(events).tell)
				came := <-got
				if whole && (err != nil || !bytes.Equal(came, owner.content)) {
					t.Errorf("%d bytes came, %v", len(came), err)
				}
				if !whole && reason(err) != wire.ReadError {
					t.Errorf("of a part: %v", err)
				}
				if err := <-sent; err != nil {
					t.Error(err)
				}
			}

			sent := make(chan error, 1)
			go func() {
				sent <- owner.Send(t.Context(), wire.Send{Ref: owner.ref, Meet: wire.Meeting{Secret: secretOf(3), Secure: secure, Timeout: time.Minute}, Stall: time.Minute}, new(events).tell)
			}()
			p, err := other.Receive(t.Context(), wire.Receive{Op: 9, Most: -1, Stall: time.Minute, From: &wire.Place{Addr: owner.RelayAt[0], Secret: secretOf(3), Secure: secure}}, new(events).tell)
			if err := errors.Join(err, <-sent); err != nil || p.Op != 9 || !bytes.Equal(other.prepared(9), owner.content) {
				t.Errorf("copy: %+v, %v", p, err)
			}
		})
	}
}

// A bridge passes on what either side says, its end as an end, and its break as a break. It
// does not wait for the end of the client, who may wait for a reply before.
func TestBridge(t *testing.T) {
	for _, name := range []string{"ended", "ended by both", "broken"} {
		half, broken := name == "ended by both", name == "broken"
		t.Run(name, func(t *testing.T) {
			r := run(t)
			l := r.listen()
			client, master := dial(t, l.Addr), r.come(secretOf(1))
			over := make(chan error, 1)
			go func() {
				over <- r.Bridge(t.Context(), wire.Bridge{Listener: l.Listener, Secret: secretOf(1), Timeout: time.Minute, Stall: time.Minute}, new(events).tell)
			}()
			if _, err := master.Write([]byte("listing")); err != nil {
				t.Fatal(err)
			}
			b := make([]byte, 7)
			if _, err := io.ReadFull(client, b); err != nil || string(b) != "listing" {
				t.Fatalf("%q, %v", b, err)
			}
			if broken {
				client.SetLinger(0)
				client.Close()
				if _, err := master.Read(b); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("the master reads %v", err)
				}
				if err := <-over; reason(err) != wire.Lost {
					t.Errorf("%v", err)
				}
				return
			}
			if half {
				client.Write([]byte("last"))
				client.CloseWrite()
				if all, err := io.ReadAll(master); err != nil || string(all) != "last" {
					t.Errorf("the master reads %q, %v", all, err)
				}
			}
			master.Write([]byte("end"))
			master.CloseWrite()
			if all, err := io.ReadAll(client); err != nil || string(all) != "end" {
				t.Errorf("the client reads %q, %v", all, err)
			}
			if err := <-over; err != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

// Whoever comes to the relay port without a secret that is wanted takes nothing of
// anybody: the oldest of them goes for a newcomer.
func TestStrangersAtRelayPort(t *testing.T) {
	r := run(t)
	first := r.come(secretOf(200))
	for range maxWaiting {
		dial(t, r.RelayAt[0])
	}
	first.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := first.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the oldest: %v", err)
	}
	got := take(r.come(secretOf(1)))
	err := r.Send(t.Context(), wire.Send{Ref: r.ref, Meet: wire.Meeting{Secret: secretOf(1), Timeout: time.Minute}, Stall: time.Minute}, new(events).tell)
	if came := <-got; err != nil || len(came) != len(r.content) {
		t.Errorf("%d bytes came, %v", len(came), err)
	}
	twice := r.come(secretOf(1))
	twice.Write([]byte("x"))
	if r.wants(1) {
		t.Error("a secret is good twice")
	}
}

// A transfer to which nobody comes ends in time, says so, and leaves nothing behind.
func TestNobodyComes(t *testing.T) {
	r := run(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, m := range map[string]wire.Meeting{
		"listener":   {Listener: r.listen().Listener, Timeout: time.Millisecond},
		"relay port": {Secret: secretOf(1), Timeout: time.Millisecond},
		"client":     {Dial: closed.Addr().(*net.TCPAddr).AddrPort(), Timeout: time.Minute},
		"far away":   {Dial: netip.MustParseAddrPort("[2001:db8::1]:2000"), Timeout: time.Minute},
	} {
		var e events
		err := r.Send(t.Context(), wire.Send{Ref: r.ref, Meet: m, Stall: time.Minute}, e.tell)
		if reason(err) != wire.NoConnection || e.connected {
			t.Errorf("%s: %v, connected %v", name, err, e.connected)
		}
	}
	if len(r.relay.wanted) != 0 || len(r.listeners.open) != 0 {
		t.Errorf("%d secrets are still wanted, %d listeners are open", len(r.relay.wanted), len(r.listeners.open))
	}
	unknown := wire.Send{Ref: wire.Ref{Path: "/absent"}, Meet: wire.Meeting{Listener: 5, Timeout: time.Minute}, Stall: time.Minute}
	if err := r.Send(t.Context(), unknown, new(events).tell); reason(err) != wire.Absent {
		t.Errorf("%v", err)
	}
	unknown.Ref = r.ref
	if err := r.Send(t.Context(), unknown, new(events).tell); reason(err) != wire.Unknown {
		t.Errorf("%v", err)
	}
}
