package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// What comes is discarded to its end and counted, plainly and in records of TLS that
// nobody decrypts.
func TestDiscard(t *testing.T) {
	certificate := testbed.NewAuthority(t).Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	const size = 1<<20 + 77
	for _, test := range []struct {
		name    string
		version uint16
	}{{"plain", 0}, {"TLS 1.2", tls.VersionTLS12}, {"TLS 1.3", tls.VersionTLS13}} {
		t.Run(test.name, func(t *testing.T) {
			ln, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go func() {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				if test.version != 0 {
					conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*certificate}, MaxVersion: test.version})
				}
				conn.Write(make([]byte, size))
				conn.Close()
			}()
			bare, err := dial(loopback, netip.MustParseAddrPort(ln.Addr().String()))
			if err != nil {
				t.Fatal(err)
			}
			defer bare.Close()
			got, most := int64(0), int64(size)
			if test.version == 0 {
				got, err = bare.discard()
			} else {
				r := &records{socket: bare}
				if err := tls.Client(r, &tls.Config{InsecureSkipVerify: true}).Handshake(); err != nil {
					t.Fatal(err)
				}
				got, err = r.discard()
				most += 1000 // tickets
			}
			if err != nil || got < size || got > most {
				t.Errorf("%d bytes of %d, %v", got, size, err)
			}
			if n, err := bare.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("something is left: %d, %v", n, err)
			}
		})
	}
}

func TestPassiveAddr(t *testing.T) {
	addr, err := passiveAddr("227 Entering Passive Mode (127,0,0,1,4,210).\r\n")
	if want := netip.MustParseAddrPort("127.0.0.1:1234"); err != nil || addr != want {
		t.Errorf("%v, %v", addr, err)
	}
	if _, err := passiveAddr("227 =127\r\n"); err == nil {
		t.Error("what is no address is one")
	}
}
