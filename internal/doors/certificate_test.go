package doors

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// issue writes a new certificate of 127.0.0.1 and its key, and returns who issued it.
func issue(t *testing.T, chain, key string) *x509.CertPool {
	t.Helper()
	authority := testbed.NewAuthority(t)
	pair := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		chain: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		key:   {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return authority.Pool
}

func TestCertificate(t *testing.T) {
	folder := t.TempDir()
	chain, key := filepath.Join(folder, "chain.pem"), filepath.Join(folder, "key.pem")
	if _, err := LoadCertificate(chain, key); err == nil || !strings.Contains(err.Error(), chain) {
		t.Errorf("without files: %v", err)
	}
	first := issue(t, chain, key)
	c, err := LoadCertificate(chain, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(answering)
	server.Listener = c.Listener(server.Listener)
	server.Start()
	defer server.Close()
	trusts := func(authority *x509.CertPool) error {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority}}
		defer transport.CloseIdleConnections()
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://"+server.Listener.Addr().String()+"/", nil)
		res, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
	if err := trusts(first); err != nil {
		t.Errorf("by TLS: %v", err)
	}
	if changed, err := c.Renew(); changed || err != nil {
		t.Errorf("what did not change is renewed: %t, %v", changed, err)
	}
	issue(t, chain, key)
	if err := c.Reload(); err != nil {
		t.Fatal(err)
	}
	second := issue(t, chain, key)
	if err := os.Chtimes(key, time.Time{}, time.Now().Add(time.Minute)); err != nil { // however coarse the clock is
		t.Fatal(err)
	}
	if changed, err := c.Renew(); !changed || err != nil {
		t.Errorf("what changed is not renewed: %t, %v", changed, err)
	}
	if err := os.WriteFile(key, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Reload(); err == nil {
		t.Error("a broken key is taken")
	}
	if changed, err := c.Renew(); changed || err != nil {
		t.Errorf("a broken key is read twice: %t, %v", changed, err)
	}
	if err := trusts(second); err != nil {
		t.Errorf("with the new certificate: %v", err)
	}
	if err := trusts(first); err == nil {
		t.Error("the old certificate is still shown")
	}
}
