package slave

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"testing"
	"time"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/testbed"
)

// A certified slave shows clients the master's certificate, and has them resume sessions
// that began at the master, if it must only those.
func TestProtectedClients(t *testing.T) {
	authority := testbed.NewAuthority(t)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority.PEM())
	master := authority.Issue(t, time.Now().Add(time.Hour), "ftp.example")
	key, err := x509.MarshalPKCS8PrivateKey(master.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate := wire.Certificate{Chain: master.Certificate, Key: key, Tickets: [][]byte{bytes.Repeat([]byte{7}, 32)}}
	name := []byte("session")

	sessions := tls.NewLRUClientSessionCache(1)
	client := &tls.Config{RootCAs: trusted, ServerName: "ftp.example", ClientSessionCache: sessions}
	beginAt(t, certificate, name, client)

	r := run(t)
	fetch := func(config *tls.Config, names ...[]byte) (resumed bool, came []byte, err error) {
		t.Helper()
		l := r.listen()
		conn := tls.Client(dial(t, l.Addr), config)
		got := make(chan []byte, 1)
		go func() {
			all, _ := io.ReadAll(conn)
			conn.Close()
			got <- all
		}()
		err = r.Send(t.Context(), wire.Send{Ref: r.ref, Meet: wire.Meeting{Listener: l.Listener, Secure: true, Session: names, Timeout: time.Minute}, Stall: time.Minute}, new(events).tell)
		if err != nil {
			return false, nil, err
		}
		came = <-got
		return conn.ConnectionState().DidResume, came, err
	}
	if _, _, err := fetch(client); reason(err) != wire.Insecure {
		t.Errorf("without a certificate: %v", err)
	}
	for text, wrong := range map[string]wire.Certificate{
		"no certificate": {Chain: [][]byte{{1}}, Key: key},
		"no key":         {Chain: master.Certificate, Key: []byte{1}},
		"short ticket":   {Chain: master.Certificate, Key: key, Tickets: [][]byte{{1}}},
	} {
		if err := r.Certify(t.Context(), wrong); reason(err) != wire.Invalid {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := r.Certify(t.Context(), certificate); err != nil {
		t.Fatal(err)
	}
	if resumed, came, err := fetch(client, name); err != nil || !resumed || !bytes.Equal(came, r.content) {
		t.Errorf("resumed %v, %d bytes came, %v", resumed, len(came), err)
	}
	stranger := &tls.Config{RootCAs: trusted, ServerName: "ftp.example"}
	if _, came, err := fetch(stranger); err != nil || !bytes.Equal(came, r.content) {
		t.Errorf("a new session: %d bytes came, %v", len(came), err)
	}
	if _, _, err := fetch(stranger, name); reason(err) != wire.NotResumed {
		t.Errorf("a new session where one must be resumed: %v", err)
	}
	if err := r.Certify(t.Context(), wire.Certificate{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := fetch(client); reason(err) != wire.Insecure {
		t.Errorf("without a certificate any more: %v", err)
	}
}

// beginAt begins a session as at a master, whose tickets have a name.
func beginAt(t *testing.T, c wire.Certificate, name []byte, client *tls.Config) {
	t.Helper()
	config, err := show(c)
	if err != nil {
		t.Fatal(err)
	}
	common := config.Clone()
	config.WrapSession = func(state tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
		s.Extra = append(s.Extra, name)
		return common.EncryptTicket(state, s)
	}
	near, far := testbed.TCPPair(t)
	go func() {
		conn := tls.Server(far, config)
		conn.Write([]byte("x"))
		conn.Close()
	}()
	if all, err := io.ReadAll(tls.Client(near, client)); err != nil || string(all) != "x" {
		t.Fatalf("%q, %v", all, err)
	}
}
