package abroad

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/testbed"
)

// trusting has ftpd trust an authority, besides the system's. It returns the file that says
// so, too.
func trusting(t *testing.T, a *testbed.Authority) (file string, change func(*testbed.ClusterConfig)) {
	t.Helper()
	file = filepath.Join(testbed.Dir(t), "authorities.pem")
	if err := os.WriteFile(file, a.PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file, func(c *testbed.ClusterConfig) { c.Keys = fmt.Sprintf("mirror_ca = %q\n", file) }
}

// inAnHour is when certificates end.
func inAnHour() time.Time { return time.Now().Add(time.Hour) }

// folder has the file for a server, in a directory where its account can store.
func folder(t *testing.T, dir string, of server, size int) string {
	t.Helper()
	root := testbed.Dir(t)
	file := filepath.Join(root, dir, "file")
	err := errors.Join(
		os.Mkdir(filepath.Dir(file), 0o777),
		os.Chmod(filepath.Dir(file), 0o777),
		os.WriteFile(file, version(of, size), 0o644),
		os.Chtimes(file, modified, modified),
	)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// add makes an alias of a server, as its account there. It returns what the administrator is
// told.
func (w *world) add(t *testing.T, alias, addr, mode string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return w.do(t, 2, "SITE REMOTE ADDALIAS %s %s %s %s '%s' / --tls %s", alias, host, port, testbed.AccountUser, testbed.AccountPassword, mode)
}

// shows waits until it is known of an alias what it allows, or why it cannot be used.
func (w *world) shows(t *testing.T, alias, text string) {
	t.Helper()
	within(t, 20*time.Second, w.client(t, user, password), "SITE REMOTE ALIAS "+alias, text, true)
}

// Servers of others are used in TLS of both kinds, also those that want each data connection
// to resume the session of the control connection.
func TestTLS(t *testing.T) {
	authority := testbed.NewAuthority(t)
	_, trusted := trusting(t, authority)
	for _, k := range []kind{alone, slaves} {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, k, trusted)
			const size = 1<<20 + 17
			for i, test := range []struct{ kind, mode string }{
				{"vsftpd", "explicit"},
				{"vsftpd", "implicit"},
				{"proftpd", "explicit"},
				{"proftpd", "implicit"},
				{"pure-ftpd", "explicit"}, // it has no other
			} {
				t.Run(test.kind+" "+test.mode, func(t *testing.T) {
					t.Parallel()
					dir := fmt.Sprintf("/pub-%d", i)
					addr := fmt.Sprintf("88.1.2.%d", i+1)
					s := testbed.StartFTP(t, test.kind, testbed.FTPConfig{
						Root: folder(t, dir, first, size), Account: true, Writable: true,
						Host: w.host(t, addr, fmt.Sprintf("2a00:88::2:%d", i+1)),
						TLS:  test.mode, Certificate: authority.Issue(t, inAnHour(), addr), RequireReuse: true,
					})
					alias := "/" + test.kind + "-" + test.mode
					w.add(t, alias, s.Addr, test.mode)
					w.shows(t, alias, "allows tls   yes")
					for _, way := range ways {
						w.exchange(t, alias+dir, way, size)
					}
					w.store(t, dir, "file", version(local, size))
					w.mirror(t, dir, alias)
					for _, way := range ways {
						c := w.client(t, user, password)
						c.Way = way
						got, err := c.Fetch("RETR " + dir + "/file")
						all, wrong := parts(got)
						if err != nil || wrong != nil || len(all) != 1 || all[0] != (part{first, size}) {
							t.Errorf("%s: of the mirrored file the client has %v, %v, %v", way, all, err, wrong)
						}
					}
				})
			}
		})
	}
}

// exchange has a client look at a directory below an alias, and fetch and store there.
func (w *world) exchange(t *testing.T, dir string, way testbed.Way, size int) {
	t.Helper()
	c := w.client(t, user, password)
	c.Way = way
	wrong := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s, %s: %v", way, what, err)
		}
	}
	listing, err := c.Fetch("MLSD " + dir)
	if wrong("MLSD", err); !bytes.Contains(listing, fmt.Appendf(nil, "size=%d;", size)) {
		t.Errorf("%s: the listing is %q", way, listing)
	}
	whole := version(first, size)
	got, err := c.Fetch("RETR " + dir + "/file")
	if wrong("RETR", err); !bytes.Equal(got, whole) {
		t.Errorf("%s: of %d bytes %d came, or others", way, size, len(got))
	}
	half := size / 2
	_, err = c.Do(350, "REST %d", half)
	wrong("REST", err)
	got, err = c.Fetch("RETR " + dir + "/file")
	if wrong("RETR of the rest", err); !bytes.Equal(got, whole[half:]) {
		t.Errorf("%s: of the last %d bytes %d came, or others", way, size-half, len(got))
	}
	name := dir + "/" + strings.NewReplacer(" ", "", ",", "").Replace(string(way))
	wrong("STOR", c.Store("STOR "+name, whole[:half]))
	_, err = c.Do(350, "REST %d", half)
	wrong("REST", err)
	wrong("STOR of the rest", c.Store("STOR "+name, whole[half:]))
	got, err = c.Fetch("RETR " + name)
	if wrong("RETR of what was stored", err); !bytes.Equal(got, whole) {
		t.Errorf("%s: what was stored has %d bytes of %d, or others", way, len(got), size)
	}
	_, err = c.Do(250, "DELE %s", name)
	wrong("DELE", err)
}

// Who a server is is known before anything is told to it; what is wrong, and what can be
// done, is told to the administrator.
func TestTLSRefused(t *testing.T) {
	known, unknown := testbed.NewAuthority(t), testbed.NewAuthority(t)
	_, trusted := trusting(t, known)
	w := newWorld(t, alone, trusted)
	for i, test := range []struct {
		name, kind   string
		theirs, ours string // kinds of TLS
		authority    *testbed.Authority
		host         string // of the certificate; "": its own
		end          time.Duration
		code         int    // of the reply by which a login was refused; 0: there was none
		why, remedy  string // somewhere in what is said
	}{
		{"unknown authority", "vsftpd", "explicit", "explicit", unknown, "", time.Hour, 0, "signed by unknown authority", "mirror_ca"},
		{"unknown authority, implicit", "vsftpd", "implicit", "implicit", unknown, "", time.Hour, 0, "signed by unknown authority", "mirror_ca"},
		{"unknown authority", "proftpd", "explicit", "explicit", unknown, "", time.Hour, 0, "signed by unknown authority", "mirror_ca"},
		{"unknown authority, implicit", "proftpd", "implicit", "implicit", unknown, "", time.Hour, 0, "signed by unknown authority", "mirror_ca"},
		{"unknown authority", "pure-ftpd", "explicit", "explicit", unknown, "", time.Hour, 0, "signed by unknown authority", "mirror_ca"},
		{"another's name", "vsftpd", "explicit", "explicit", known, "mirror.example", time.Hour, 0, "cannot validate certificate for", "change ALIAS host"},
		{"another's name", "proftpd", "explicit", "explicit", known, "88.9.9.9", time.Hour, 0, "certificate is valid for", "change ALIAS host"},
		{"expired", "proftpd", "implicit", "implicit", known, "", -time.Hour, 0, "expired", "clock"},
		{"no TLS at all", "vsftpd", "off", "explicit", nil, "", 0, 0, "AUTH: the server answers", "was not told the password"},
		{"no TLS at all", "proftpd", "off", "explicit", nil, "", 0, 0, "AUTH: the server answers", "was not told the password"},
		{"no TLS at all", "pure-ftpd", "off", "explicit", nil, "", 0, 0, "AUTH: the server answers", "was not told the password"},
		{"TLS later", "vsftpd", "explicit", "implicit", known, "", time.Hour, 0, "does not look like a TLS handshake", "tls explicit"},
		{"TLS demanded", "vsftpd", "explicit", "off", known, "", time.Hour, 530, "530", "change ALIAS tls explicit"},
		{"TLS demanded", "proftpd", "explicit", "off", known, "", time.Hour, 550, "550", "change ALIAS tls explicit"},
		{"TLS demanded", "pure-ftpd", "explicit", "off", known, "", time.Hour, 421, "421", "change ALIAS tls explicit"},
	} {
		t.Run(test.kind+" "+test.name, func(t *testing.T) {
			t.Parallel()
			addr := fmt.Sprintf("88.1.3.%d", i+1)
			cfg := testbed.FTPConfig{
				Root: folder(t, "pub", first, 1000), Account: true, Commands: true, TLS: test.theirs,
				Host: w.host(t, addr, fmt.Sprintf("2a00:88::3:%d", i+1)),
			}
			if test.authority != nil {
				cfg.Certificate = test.authority.Issue(t, time.Now().Add(test.end), cmp.Or(test.host, addr))
			}
			s := testbed.StartFTP(t, test.kind, cfg)
			alias := fmt.Sprintf("/refused-%d", i)
			w.unusable(t, alias, w.add(t, alias, s.Addr, test.ours), test.why, test.remedy)
			if test.kind == "pure-ftpd" {
				return // it cannot write down what it is told
			}
			said, err := s.Commands()
			if login := strings.Contains(said, "USER "+testbed.AccountUser); err != nil || login != (test.code != 0) {
				t.Errorf("the server was told %q, %v", said, err)
			}
			if strings.Contains(said, "PASS "+hidden[test.kind]) {
				t.Errorf("the server was told the password: %q", said)
			}
		})
	}
}

// hidden is what servers write down in place of a password.
var hidden = map[string]string{"vsftpd": "<password>", "proftpd": "(hidden)"}

// unusable checks what is said of an alias that cannot be used: when it is made, later, and
// to a client.
func (w *world) unusable(t *testing.T, alias, told, why, remedy string) {
	t.Helper()
	if strings.Contains(told, "has not shown yet what it allows") {
		w.shows(t, alias, why)
		told = why + remedy
	}
	for where, said := range map[string]string{"ADDALIAS": told, "ALIAS": w.do(t, 2, "SITE REMOTE ALIAS %s", alias)} {
		for _, want := range []string{why, remedy} {
			if !strings.Contains(said, want) {
				t.Errorf("%s says %q, without %q", where, said, want)
			}
		}
	}
	_, err := w.client(t, user, password).Fetch("LIST " + alias + "/pub")
	if code(err) != 450 {
		t.Errorf("a listing of it ends with %v, want 450", err)
	}
}

// A password is sent in TLS or not at all, whatever a server says that was to speak TLS, and
// whatever it asks for.
func TestNeverInClear(t *testing.T) {
	authority := testbed.NewAuthority(t)
	_, trusted := trusting(t, authority)
	w := newWorld(t, alone, trusted)
	abroad := w.host(t, "88.1.1.1", "2a00:88::1")
	secure := ftpscript.Secure(&tls.Config{Certificates: []tls.Certificate{*authority.Issue(t, inAnHour(), "88.1.1.1")}})
	for name, script := range map[string]ftpscript.Script{
		"unknown":     {"AUTH TLS": ftpscript.Say("500 what?")},
		"refused":     {"AUTH TLS": ftpscript.Say("534 not today")},
		"logged-in":   {"AUTH TLS": ftpscript.Say("230 you are in already")},
		"password":    {"AUTH TLS": ftpscript.Say("331 your password first")},
		"busy":        {"AUTH TLS": ftpscript.Say("431 later")},
		"no-tls":      {"AUTH TLS": ftpscript.Say("234 your turn", "220 but here it is clear")},
		"in-between":  {"AUTH TLS": func(s *ftpscript.Session) { s.Send("234 your turn\r\n331 pass"); s.AwaitEnd() }},
		"hangs-up":    {"AUTH TLS": ftpscript.HangUp},
		"no-data-tls": {"AUTH TLS": secure, "PROT": ftpscript.Say("536 data in clear alone")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := ftpscript.StartAt(t, abroad.Do, "88.1.1.1:0", script)
			w.add(t, "/"+name, s.Addr, "explicit")
			if _, err := w.client(t, user, password).Fetch("LIST /" + name); code(err) != 450 {
				t.Errorf("a listing ends with %v, want 450", err)
			}
			if name == "no-data-tls" {
				if s.Count("USER") == 0 || s.Count("EPSV") > 0 {
					t.Errorf("the server was told %q", s.Commands())
				}
				return
			}
			if s.Count("AUTH TLS") == 0 || s.Count("USER")+s.Count("PASS") > 0 {
				t.Errorf("the server was told %q", s.Commands())
			}
		})
	}
}

// An authority can be added while ftpd runs, and then counts at once: for sessions that have
// begun, and for servers that rest. So can a certificate that a server has signed itself.
func TestNewAuthority(t *testing.T) {
	file, trusted := trusting(t, testbed.NewAuthority(t))
	w := newWorld(t, alone, trusted)
	authority := testbed.NewAuthority(t)
	own := selfSigned(t, "88.1.1.2")
	w.store(t, "/pub", "file", version(local, 1000))
	for alias, certificate := range map[string]*tls.Certificate{"88.1.1.1": authority.Issue(t, inAnHour(), "88.1.1.1"), "88.1.1.2": own} {
		s := testbed.StartFTP(t, "vsftpd", testbed.FTPConfig{
			Root: folder(t, "pub", first, 1000), Account: true, Host: w.host(t, alias, "2a00:88::"+alias[7:]),
			TLS: "explicit", Certificate: certificate, RequireReuse: true,
		})
		w.unusable(t, "/"+alias, w.add(t, "/"+alias, s.Addr, "explicit"), "certificate", "mirror_ca")
	}
	w.do(t, 2, "SITE REMOTE ADDMIRROR 1 1 /88.1.1.1")
	if said := w.do(t, 2, "SITE REMOTE MIRRORS"); !strings.Contains(said, "resting") || !strings.Contains(said, "mirror_ca") {
		t.Errorf("MIRRORS says %q", said)
	}
	if out, err := w.cluster.Command("doctor"); !strings.Contains(string(out), "mirror_ca") {
		t.Errorf("ftpd doctor says %s, %v", out, err)
	}

	c := w.client(t, user, password)
	trust := append(authority.PEM(), certificatePEM(own)...)
	if err := os.WriteFile(file, trust, 0o644); err != nil {
		t.Fatal(err)
	}
	w.reload(t, "configuration is read again")
	for _, alias := range []string{"88.1.1.1", "88.1.1.2"} {
		got, err := c.Fetch("RETR /" + alias + "/pub/file")
		if err != nil || !bytes.Equal(got, version(first, 1000)) {
			t.Errorf("%s: %d bytes, %v", alias, len(got), err)
		}
		if said := w.do(t, 2, "SITE REMOTE ALIAS /%s", alias); !strings.Contains(said, "ready") {
			t.Errorf("ALIAS says %q", said)
		}
	}
	if out, err := w.cluster.Command("doctor"); strings.Contains(string(out), "mirror_ca") {
		t.Errorf("ftpd doctor says %s, %v", out, err)
	}

	// A file that is none changes nothing.
	if err := os.WriteFile(file, []byte("nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.reload(t, "mirror_ca: certificates to trust")
	if _, err := c.Fetch("RETR /88.1.1.1/pub/file"); err != nil {
		t.Error(err)
	}

	// What is not trusted any more is not used any more, though it is connected.
	if err := os.WriteFile(file, testbed.NewAuthority(t).PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	w.reload(t, "configuration is read again")
	if _, err := c.Fetch("RETR /88.1.1.1/pub/file"); code(err) != 450 {
		t.Errorf("a download from who is trusted no more ends with %v", err)
	}
}

// reload has ftpd read its configuration again, of which it logs a text.
func (w *world) reload(t *testing.T, text string) {
	t.Helper()
	m := w.cluster.Masters[0]
	m.Mark()
	if err := errors.Join(syscall.Kill(m.PID(), syscall.SIGHUP), m.AwaitLog(text)); err != nil {
		t.Fatal(err)
	}
}

// selfSigned is a certificate that nobody but its owner vouches for.
func selfSigned(t *testing.T, addr string) *tls.Certificate {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a mirror"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: inAnHour(), IPAddresses: []net.IP{net.ParseIP(addr)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func certificatePEM(c *tls.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
}
