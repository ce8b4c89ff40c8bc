package link

import (
	"io"
	"net"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// join returns two joined networks and what accepts in the near one.
func join(t *testing.T) (near, far *Network, l *Link, ln net.Listener) {
	t.Helper()
	testbed.Need(t, "root")
	network := func() *Network {
		n, err := NewNetwork()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(n.Close)
		return n
	}
	near, far = network(), network()
	l, err := Join(near, far)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := near.Do(func() error {
		ln, err = net.Listen("tcp4", "127.0.0.1:0")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return near, far, l, ln
}

func TestRoundTrip(t *testing.T) {
	_, far, l, ln := join(t)
	for _, asked := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond} {
		l.SetRoundTrip(asked)
		got, err := far.ConnectTime(ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		// Never less; how much more depends on what else the machine does.
		if got < asked || got > 2*asked {
			t.Errorf("connecting took %v over a link with a round trip of %v", got, asked)
		}
	}
}

func TestCarriesAllInOrder(t *testing.T) {
	_, far, l, ln := join(t)
	l.SetRoundTrip(10 * time.Millisecond)
	const size = 32 << 20
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		block := make([]byte, 64<<10)
		for sent := 0; sent < size; sent += len(block) {
			if _, err := conn.Write(block); err != nil {
				return
			}
		}
	}()
	var conn net.Conn
	if err := far.Do(func() (err error) {
		conn, err = net.Dial("tcp4", ln.Addr().String())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	n, err := io.Copy(io.Discard, conn)
	if err != nil || n != size {
		t.Fatalf("received %d of %d bytes: %v", n, size, err)
	}
	t.Logf("%.0f MiB/s", size/time.Since(began).Seconds()/(1<<20))
}

// A network has nothing of the machine's, and nothing of another network's.
func TestPrivate(t *testing.T) {
	testbed.Need(t, "root")
	n, err := NewNetwork()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if _, err := n.ConnectTime(ln.Addr().String()); err == nil {
		t.Error("a server outside of the network was reached from within it")
	}
}
