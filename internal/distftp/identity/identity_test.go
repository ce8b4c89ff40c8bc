package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp/identity"
)

// An issuer is an authority without a database.
type issuer struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	template := template("authority", time.Hour)
	template.IsCA, template.KeyUsage, template.DNSNames = true, x509.KeyUsageCertSign, nil
	i.cert = i.sign(t, template, template, key)
	return i
}

func template(name string, valid time.Duration) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, SerialNumber: big.NewInt(1),
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(valid), BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

func (i *issuer) sign(t testing.TB, of, by *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, of, by, key.Public(), i.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// papers issues some, and returns the key that they are for.
func (i *issuer) papers(t testing.TB, name string, valid time.Duration) (*ecdsa.PrivateKey, identity.Papers) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := i.sign(t, template(name, valid), i.cert, key)
	return key, identity.Papers{Name: "x", Masters: []string{"a:1"}, Certificate: cert.Raw, Authority: i.cert.Raw}
}

func (i *issuer) identity(t testing.TB, name string, valid time.Duration) *identity.Identity {
	t.Helper()
	key, p := i.papers(t, name, valid)
	id, err := identity.New(key, p)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// handshake lets two speak, and returns what each of them thinks.
func handshake(t *testing.T, client, server *tls.Config) (atClient, atServer error) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	done := make(chan error, 1)
	go func() {
		s := tls.Server(far, server)
		err := s.HandshakeContext(t.Context())
		if err == nil {
			_, err = s.Write([]byte("!")) // or the client does not know
		}
		far.Close()
		done <- err
	}()
	c := tls.Client(near, client)
	atClient = c.HandshakeContext(t.Context())
	if atClient == nil {
		_, atClient = c.Read(make([]byte, 1))
	}
	near.Close()
	return atClient, <-done
}

func TestWhoBelievesWhom(t *testing.T) {
	ours, theirs := newIssuer(t), newIssuer(t)
	slave := ours.identity(t, identity.Slave("atlas"), time.Hour)
	for _, c := range []struct {
		what           string
		server, client *identity.Identity
		name           string
		client1        bool // the client believes the server
		server1        bool // and the server the client
	}{
		{"master", ours.identity(t, identity.Master, time.Hour), slave, identity.Master, true, true},
		{"any", ours.identity(t, identity.Slave("other"), time.Hour), slave, "", true, true},
		{"a slave as the master", ours.identity(t, identity.Slave("master"), time.Hour), slave, identity.Master, false, false},
		{"another slave", ours.identity(t, identity.Slave("other"), time.Hour), slave, identity.Slave("third"), false, false},
		{"a foreign master", theirs.identity(t, identity.Master, time.Hour), slave, identity.Master, false, false},
		{"anybody", theirs.identity(t, identity.Slave("other"), time.Hour), slave, "", false, false},
		{"an expired master", ours.identity(t, identity.Master, -time.Second), slave, identity.Master, false, false},
		{"an expired one", ours.identity(t, identity.Slave("other"), -time.Second), slave, "", false, false},
		{"from an expired slave", ours.identity(t, identity.Master, time.Hour), ours.identity(t, identity.Slave("atlas"), -time.Second), identity.Master, true, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			atClient, atServer := handshake(t, c.client.Client(c.name), c.server.Server())
			if believes := atClient == nil || strings.HasPrefix(atClient.Error(), "remote error"); believes != c.client1 {
				t.Errorf("the client: %v", atClient)
			}
			if (atServer == nil) != c.server1 {
				t.Errorf("the server: %v", atServer)
			}
		})
	}
}

func TestServersWantACertificate(t *testing.T) {
	server := newIssuer(t).identity(t, identity.Master, time.Hour)
	_, err := handshake(t, &tls.Config{InsecureSkipVerify: true}, server.Server())
	if err == nil {
		t.Error("nobody was let in")
	}
}

func TestRenewal(t *testing.T) {
	ours := newIssuer(t)
	key, p := ours.papers(t, identity.Master, time.Minute)
	id, err := identity.New(key, p)
	if err != nil {
		t.Fatal(err)
	}
	changed := id.Changed()
	if err := id.Renew(identity.Papers{Certificate: ours.sign(t, template(identity.Master, time.Hour), ours.cert, key).Raw}); err != nil {
		t.Error(err)
	}
	<-changed
	if time.Until(id.Expires()) < 50*time.Minute || id.Masters()[0] != "a:1" {
		t.Error("it was not renewed, or more than that")
	}

	_, foreign := newIssuer(t).papers(t, identity.Master, time.Hour)
	_, another := ours.papers(t, identity.Master, time.Hour)
	before := id.Expires()
	for what, p := range map[string]identity.Papers{
		"nothing":            {Certificate: []byte{}},
		"by somebody else":   foreign,
		"for somebody else":  another,
		"with trailing data": {Certificate: append(another.Certificate, 0)},
	} {
		if err := id.Renew(p); err == nil || id.Expires() != before {
			t.Errorf("renewed with papers %s: %v", what, err)
		}
	}
}

func TestFilesThatAreNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "identity.json")
	if _, err := identity.Load(file); !errors.Is(err, identity.ErrNone) {
		t.Error(err)
	}
	for _, text := range []string{"", "{", "{}", `{"key":"x"}`, `{"key":"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := identity.Load(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTokens(t *testing.T) {
	want := identity.Token{
		Slave: "atlas", Masters: []string{"ftp.example.org:2122", "[2001:db8::1]:1"},
		Authority: identity.Sum([]byte("a")), Secret: make([]byte, identity.SecretSize),
	}
	word := want.String()
	if got, err := identity.ParseToken(" " + word + "\n"); err != nil || got.String() != word {
		t.Errorf("got %+v, %v", got, err)
	}
	for what, change := range map[string]func(*identity.Token){
		"a name with a dot":   func(t *identity.Token) { t.Slave = "a.b" },
		"no name":             func(t *identity.Token) { t.Slave = "" },
		"no master":           func(t *identity.Token) { t.Masters = nil },
		"a master everywhere": func(t *identity.Token) { t.Masters = []string{"0.0.0.0:1"} },
		"a master nowhere":    func(t *identity.Token) { t.Masters = []string{"host"} },
		"many masters":        func(t *identity.Token) { t.Masters = make([]string, 17) },
		"no authority":        func(t *identity.Token) { t.Authority = identity.Fingerprint{} },
		"no secret":           func(t *identity.Token) { t.Secret = nil },
	} {
		bad := want
		change(&bad)
		if _, err := identity.ParseToken(bad.String()); err == nil {
			t.Errorf("a token with %s is read", what)
		}
	}
	for _, word := range []string{"", "ftpd-", word[:len(word)-2], word[1:], "ftpd-e30", "ftpd-" + strings.Repeat("A", 9000)} {
		if _, err := identity.ParseToken(word); err == nil || !strings.Contains(err.Error(), "not all of one") {
			t.Errorf("%.20q: %v", word, err)
		}
	}
}

func FuzzToken(f *testing.F) {
	f.Add(identity.Token{Slave: "atlas", Masters: []string{"a:1"}, Authority: identity.Sum(nil), Secret: make([]byte, identity.SecretSize)}.String())
	f.Add("ftpd-e30")
	f.Fuzz(func(t *testing.T, word string) {
		token, err := identity.ParseToken(word)
		if err != nil {
			return
		}
		if again, err := identity.ParseToken(token.String()); err != nil || again.String() != token.String() {
			t.Errorf("%q becomes %q, %v", token, again, err)
		}
	})
}
