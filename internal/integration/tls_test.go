package integration

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/crawl/ftplist"
	"mirrortracker/internal/testbed"
)

// hasImplicitTLS says which servers do.
func hasImplicitTLS(kind string) bool { return kind == "vsftpd" || kind == "proftpd" || kind == "ftpd" }

// trustIn writes the certificate of an authority, as the setting ca wants it.
func trustIn(t *testing.T, a *testbed.Authority) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, a.PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// uses reports whether an account says that a way of listing was used, where a server
// allows it at all.
func uses(t *testing.T, account, kind string, way ftplist.Way) bool {
	t.Helper()
	switch way {
	case ftplist.Auto:
		way = ftplist.Stat // of a small tree
	case ftplist.LIST, ftplist.MLSD:
		way = ftplist.Single
	case ftplist.Recursive:
		if kind == "pyftpdlib" {
			way = ftplist.Single
		}
	case ftplist.Pipelined:
		switch kind {
		case "proftpd":
			return true // it answers 450 to what comes too early, which is a matter of chance
		case "pyftpdlib":
			way = ftplist.Single
		}
	}
	return 2*share(t, account, way) > share(t, account, ftplist.Single) && share(t, account, way) > 10
}

// Does every way of listing find the same over TLS, where data connections must resume
// the session of the control connection?
func TestTLS(t *testing.T) {
	t.Parallel()
	crawler := build(t, "crawler")
	root := testbed.Dir(t)
	testbed.WriteTree(t, root, testbed.Links|testbed.Hidden, time.Now())
	testbed.BigTree(t, root, 60, 3)
	authority := testbed.NewAuthority(t)
	certificate := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	ca := trustIn(t, authority)
	for _, kind := range testbed.FTPServers() {
		for _, mode := range []string{"explicit", "implicit"} {
			if mode == "implicit" && !hasImplicitTLS(kind) {
				continue
			}
			t.Run(kind+" "+mode, func(t *testing.T) {
				t.Parallel()
				server := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: root, Recurse: true, TLS: mode, Certificate: certificate, RequireReuse: true})
				o := newOperator(t, crawler)
				url := server.URL()
				settings := []string{"--ca", ca, "--connections", "2"}
				if mode == "implicit" {
					url = implicitly(url)
				} else {
					settings = append(settings, "--tls", "explicit")
				}
				for _, way := range []string{"auto", "recursive", "stat", "pipelined", "single", "mlsd", "list"} {
					if way == "mlsd" && !offersMLSD(kind) {
						continue
					}
					c := o.finds(root, url, append(settings, "--listing", way)...)
					if !uses(t, c.Listing, kind, ftplist.Way(way)) {
						t.Errorf("%s: %s", way, c.Listing)
					}
				}
				o.finds(root, url, "--ca", "", "--insecure", "--listing", "")
			})
		}
	}
}

// Does a crawl that cannot be secure, or must be and is not, say why and what to do?
func TestTLSRefused(t *testing.T) {
	t.Parallel()
	crawler := build(t, "crawler")
	root := testbed.Dir(t)
	testbed.WriteTree(t, root, testbed.Plain, time.Now())
	authority := testbed.NewAuthority(t)
	good := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	trust := []string{"--tls", "explicit", "--ca", trustIn(t, authority)}
	for name, c := range map[string]struct {
		certificate *tls.Certificate
		settings    []string
		says        []string
	}{
		"unknown authority":  {good, []string{"--tls", "explicit"}, []string{"unknown authority", "site's ca", "insecure"}},
		"another authority":  {good, []string{"--tls", "explicit", "--ca", trustIn(t, testbed.NewAuthority(t))}, []string{"unknown authority", "site's ca", "insecure"}},
		"wrong name":         {authority.Issue(t, time.Now().Add(time.Hour), "other.example"), trust, []string{"127.0.0.1", "at a name", "insecure"}},
		"expired":            {authority.Issue(t, time.Now().Add(-time.Hour), "127.0.0.1"), trust, []string{"expired", "clock", "insecure"}},
		"no such authority":  {good, []string{"--tls", "explicit", "--ca", "/none"}, []string{"/none", "certificates to trust"}},
		"authority's no PEM": {good, []string{"--tls", "explicit", "--ca", "/etc/passwd"}, []string{"/etc/passwd", "PEM"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testbed.StartFTP(t, "vsftpd", testbed.FTPConfig{Root: root, TLS: "explicit", Certificate: c.certificate})
			o := newOperator(t, crawler)
			o.isRefused(server.URL(), c.settings, c.says...)
			o.finds(root, server.URL(), "--ca", "", "--insecure")
		})
	}
	for _, kind := range testbed.FTPServers() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			plain := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: root})
			newOperator(t, crawler).isRefused(plain.URL(), trust, "AUTH", `tls to "off"`)
			newOperator(t, crawler).isRefused(implicitly(plain.URL()), nil, "TLS", `"explicit"`)
			secure := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: root, TLS: "explicit", Certificate: good})
			newOperator(t, crawler).isRefused(secure.URL(), nil, `tls to "explicit"`)
			newOperator(t, crawler).isRefused(implicitly(secure.URL()), nil, "TLS", `"explicit"`)
			if !hasImplicitTLS(kind) {
				return
			}
			implicit := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: root, TLS: "implicit", Certificate: good})
			newOperator(t, crawler, "TRACKER_CRAWL_TIMEOUT=1s").isRefused(implicit.URL(), nil, "greeting", "ftps://")
		})
	}
}

// implicitly is a URL where TLS is there from the beginning.
func implicitly(url string) string { return "ftps" + strings.TrimPrefix(url, "ftp") }
