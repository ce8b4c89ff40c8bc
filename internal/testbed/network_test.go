package testbed

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"testing"
	"time"
)

// Hosts reach each other at their addresses, what they exchange is counted, and one that
// was cut off reaches nobody until it is mended.
func TestNetwork(t *testing.T) {
	n := NewNetwork(t)
	server, client := hostOn(t, n, "44.1.1.1", "2a00:44::1"), hostOn(t, n, "99.1.1.1", "2a00:99::1")
	for _, addr := range []netip.Addr{server.IPv4, server.IPv6} {
		var ln net.Listener
		err := server.Do(func() (err error) {
			ln, err = net.Listen("tcp", netip.AddrPortFrom(addr, 2121).String())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ln.Close() })
		go func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				conn.Write(bytes.Repeat([]byte("x"), 300_000))
				conn.Close()
			}
		}()
		capture, err := client.Capture()
		if err != nil {
			t.Fatal(err)
		}
		conn := dialOn(t, client, ln.Addr().String())
		if from := conn.LocalAddr().(*net.TCPAddr).AddrPort().Addr(); from != client.IPv4 && from != client.IPv6 {
			t.Errorf("a client comes from %v", from)
		}
		got, err := io.ReadAll(conn)
		conn.Close()
		if err != nil || len(got) != 300_000 {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		moved, err := capture.Stop()
		if want := netip.AddrPortFrom(addr, 2121); err != nil || len(moved) != 1 || moved[want] != 300_000 {
			t.Errorf("captured %v, %v", moved, err)
		}
	}

	var out bytes.Buffer
	cmd := exec.Command("ip", "-o", "addr", "show", "dev", "eth0")
	cmd.Stdout = &out
	if err := server.Do(cmd.Start); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !bytes.Contains(out.Bytes(), []byte("44.1.1.1/32")) {
		t.Errorf("a program on a host sees %s, %v", out.Bytes(), err)
	}

	if err := server.Cut(); err != nil {
		t.Fatal(err)
	}
	err := client.Do(func() error {
		conn, err := net.DialTimeout("tcp", "44.1.1.1:2121", 100*time.Millisecond)
		if err == nil {
			conn.Close()
		}
		return err
	})
	if err == nil {
		t.Error("a host that was cut off can be reached")
	}
	if err := server.Mend(); err != nil {
		t.Fatal(err)
	}
	dialOn(t, client, "44.1.1.1:2121").Close()
}

func hostOn(t *testing.T, n *Network, ipv4, ipv6 string) *Host {
	t.Helper()
	h, err := n.Host(netip.MustParseAddr(ipv4), netip.MustParseAddr(ipv6))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func dialOn(t *testing.T, h *Host, addr string) (conn net.Conn) {
	t.Helper()
	err := h.Do(func() (err error) {
		conn, err = net.DialTimeout("tcp", addr, 10*time.Second)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
