package siege

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// serveTLS starts ftpd with a certificate, and a door for implicit TLS.
func serveTLS(t *testing.T, dir string) *server {
	t.Helper()
	issued := testbed.NewAuthority(t).Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	key, err := x509.MarshalPKCS8PrivateKey(issued.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issued.Certificate[0]})
	err = errorOr(os.WriteFile(certFile, cert, 0o644),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, dir, "--tls-listen", "127.0.0.1:0", "--certificate", certFile, "--key", keyFile)
}

// hello is the beginning of a TLS handshake, a ClientHello of so many bytes that never
// comes to its end.
func hello(size int) []byte {
	const record = 1 << 14
	var b []byte
	message := append([]byte{1, byte(size >> 16), byte(size >> 8), byte(size)}, make([]byte, size)...)
	for rest := message[:len(message)-1]; len(rest) > 0; {
		n := min(record, len(rest))
		b = append(append(b, 22, 3, 1, byte(n>>8), byte(n)), rest[:n]...)
		rest = rest[n:]
	}
	return b
}

// Handshakes that stop in the middle, that are none, that are huge, that come byte by
// byte, and thousands that are right: guests are served, in the clear and under TLS.
func TestHandshakes(t *testing.T) {
	s := serveTLS(t, site(t))
	leave := guests(t, s.addr)
	config := &tls.Config{InsecureSkipVerify: true}
	// Each is done by four hundred clients, from eight addresses, and held to the end.
	for _, attack := range []struct {
		name string
		send []byte
	}{
		{"stops in the middle", hello(500)[:100]},
		{"stops at the end", hello(500)},
		{"is huge", hello(1<<24 - 1)[:1<<20]},
		{"is plain", []byte("USER anonymous\r\nPASS x\r\nNOOP\r\n")},
		{"is nonsense", bytes.Repeat([]byte{0xff}, 1<<16)},
		{"says nothing", nil},
	} {
		t.Run(attack.name, func(one *testing.T) {
			var attacking sync.WaitGroup
			for i := range 400 {
				attacking.Go(func() {
					conn, err := dialFrom(s.tls, attacker(i/perAddress))
					if err != nil {
						one.Error(err)
						return
					}
					t.Cleanup(func() { conn.Close() })
					conn.SetDeadline(time.Now().Add(time.Second))
					conn.Write(attack.send) // which the server may refuse in the middle
				})
			}
			attacking.Wait()
		})
	}
	t.Run("is right", func(t *testing.T) {
		var attacking sync.WaitGroup
		for i := range 20 {
			attacking.Go(func() {
				for range 50 {
					conn, err := dialFrom(s.tls, attacker(100+i))
					if err != nil {
						t.Error(err)
						return
					}
					secure := tls.Client(conn, config)
					conn.SetDeadline(time.Now().Add(patience))
					if err := secure.Handshake(); err != nil {
						t.Errorf("handshake: %v", err)
					}
					conn.Close()
				}
			})
		}
		attacking.Wait()
	})
	c, err := connect(s.addr, guestsComeFrom+"1")
	if err != nil {
		t.Fatal(err)
	}
	if err := errorOr(c.secure(), c.dialogue("USER ftp", "331", "PASS x", "230", "PBSZ 0", "200", "PROT P", "200", "QUIT", "221")); err != nil {
		t.Errorf("a guest under TLS: %v", err)
	}
	if again := leave(); again > 0 {
		t.Errorf("%d guests were sent away", again)
	}
	s.stayed(t, 150)
}
