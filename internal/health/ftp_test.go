package health

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// askFTP is a question about a file of a site that is crawled there.
func askFTP(t testing.TB, base string, visit mirror.Visit) *question {
	t.Helper()
	site := mirror.Site{Name: "a", URL: parse(t, base), Visit: visit}
	return &question{site: site, url: site.URL, hosts: hostsOf([]mirror.Site{site}), file: "/pub/file name", size: 5, whole: 10 * time.Second}
}

func served(t testing.TB) string {
	t.Helper()
	dir := testbed.Dir(t)
	if err := os.Mkdir(filepath.Join(dir, "pub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pub", "file name"), []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRealFTP(t *testing.T) {
	for _, kind := range testbed.FTPServers() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: served(t)})
			p := newProber(&Config{Options: DefaultOptions()})
			q := askFTP(t, server.URL(), mirror.Visit{})
			verdictOf(t, p, q, good, "")
			q.size = 6
			verdictOf(t, p, q, missing, "/pub/file name has 5 bytes, not 6")
			q.file = "/pub/none"
			verdictOf(t, p, q, missing, "SIZE of /pub/none")
			q.file = ""
			verdictOf(t, p, q, good, "")
			q = askFTP(t, server.URL()+"pub/", mirror.Visit{})
			q.file = "/file name"
			verdictOf(t, p, q, good, "")
			server.Stop()
			verdictOf(t, p, q, failed, "refused")
		})
	}
}

func TestRealFTPWithTLS(t *testing.T) {
	authority := testbed.NewAuthority(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newProber(&Config{Options: DefaultOptions()})
	for _, mode := range []string{mirror.TLSExplicit, mirror.TLSImplicit} {
		server := testbed.StartFTP(t, "vsftpd", testbed.FTPConfig{
			Root:        served(t),
			TLS:         mode,
			Certificate: authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1"),
		})
		base := server.URL()
		if mode == mirror.TLSImplicit {
			base = strings.Replace(base, "ftp:", "ftps:", 1)
		}
		verdictOf(t, p, askFTP(t, base, mirror.Visit{TLS: mode, CA: ca}), good, "")
		verdictOf(t, p, askFTP(t, base, mirror.Visit{TLS: mode, Insecure: true}), good, "")
		verdictOf(t, p, askFTP(t, base, mirror.Visit{TLS: mode}), failed, "certificate")
		// That our own file is away is not the site's fault.
		verdictOf(t, p, askFTP(t, base, mirror.Visit{TLS: mode, CA: ca + ".away"}), busy, "no such file")
	}
}

// The password is for the host where the site is crawled, and for no other.
func TestRealFTPAccount(t *testing.T) {
	root := served(t)
	server := testbed.StartFTP(t, "vsftpd", testbed.FTPConfig{Root: testbed.Dir(t), Account: true, Private: root})
	p := newProber(&Config{Options: DefaultOptions(), Getenv: func(string) string { return testbed.AccountPassword }})
	visit := mirror.Visit{User: testbed.AccountUser, Password: "env:PASSWORD"}
	verdictOf(t, p, askFTP(t, server.URL(), visit), good, "")
	verdictOf(t, p, askFTP(t, server.URL(), mirror.Visit{}), missing, "SIZE")
	q := askFTP(t, server.URL(), visit)
	q.url.Host = "localhost"
	if cfg, err := p.login(q); cfg.User != "" || cfg.Password != "" || err != nil {
		t.Errorf("another host is told user %q, %v", cfg.User, err)
	}
}

func TestFTPReplies(t *testing.T) {
	p := newProber(&Config{Options: DefaultOptions()})
	for name, c := range map[string]struct {
		script ftpscript.Script
		want   verdict
		words  string
	}{
		"no SIZE":       {ftpscript.Script{"SIZE": ftpscript.Say("502 What?")}, good, ""},
		"strange size":  {ftpscript.Script{"SIZE": ftpscript.Say("213 many")}, failed, "213 many"},
		"negative size": {ftpscript.Script{"SIZE": ftpscript.Say("213 -5")}, missing, "-5 bytes"},
		"denied":        {ftpscript.Script{"SIZE": ftpscript.Say("553 no")}, failed, "553 no"},
		"full":          {ftpscript.Script{ftpscript.Greeting: ftpscript.Say("421 Too many connections")}, busy, "Too many"},
		"no login":      {ftpscript.Script{"USER": ftpscript.Say("530 Go away")}, failed, "Go away"},
	} {
		t.Run(name, func(t *testing.T) {
			server := ftpscript.Start(t, c.script)
			verdictOf(t, p, askFTP(t, "ftp://"+server.Addr+"/", mirror.Visit{}), c.want, c.words)
		})
	}
	silent := ftpscript.Start(t, ftpscript.Script{ftpscript.Greeting: ftpscript.Hang})
	q := askFTP(t, "ftp://"+silent.Addr+"/", mirror.Visit{})
	q.whole = 200 * time.Millisecond
	verdictOf(t, p, q, failed, "no answer within 200ms")
}
