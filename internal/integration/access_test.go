package integration

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mirrortracker/internal/crawl/ftplist"
	"mirrortracker/internal/testbed"
)

// Does a user see what is not for everybody, is a refused password tried once, and
// does no password stand where it could be read?
func TestUsers(t *testing.T) {
	t.Parallel()
	crawler := build(t, "crawler")
	public, private := testbed.Dir(t), testbed.Dir(t)
	testbed.WriteTree(t, public, testbed.Plain, time.Now())
	testbed.WriteTree(t, private, testbed.Links|testbed.Hidden, time.Now())
	for _, kind := range testbed.FTPServers() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			private := private
			if kind == "ftpd" {
				private = public
			}
			server := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: public, Account: true, Private: private})
			door := newTurnstile(t, server.Addr)
			url := "ftp://" + door.addr + "/"
			const wrong = "guess my word"
			o := newOperator(t, crawler, "TRACKER_LOG_LEVEL=debug", "TRACKER_CRAWL_RETRIES=5", "RIGHT="+testbed.AccountPassword, "WRONG="+wrong)
			file := filepath.Join(o.dir, "password")
			if err := os.WriteFile(file, []byte(testbed.AccountPassword+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}

			user := []string{"--user", testbed.AccountUser}
			o.isRefused(url, append(user, "--password", "env:WRONG"), "login", testbed.AccountUser, "530", "password")
			if n := door.passwords.Load(); n != 1 {
				t.Errorf("a wrong password is tried %d times", n)
			}
			o.isRefused(url, append(user, "--password", "env:UNSET"), "UNSET")
			o.isRefused(url, append(user, "--password", "file:"+file+".none"), file+".none")
			o.isRefused(url, []string{"--user", "nobody-at-all", "--password", "env:RIGHT"}, "login", "nobody-at-all", "530")
			o.finds(private, url, append(user, "--password", "env:RIGHT", "--listing", "single")...)
			o.finds(private, url, "--password", "file:"+file, "--listing", "")
			o.must([]string{"site", "list", "--json"}, 0)
			o.must([]string{"status"}, 0, 1)
			o.must([]string{"status", "--json"}, 0, 1)
			o.hides(testbed.AccountPassword, wrong)

			o = newOperator(t, crawler)
			o.finds(public, url)
		})
	}
}

// hides looks for secrets in all that programs wrote, and in their folder and the
// database's.
func (o *operator) hides(secrets ...string) {
	o.t.Helper()
	written := map[string][]byte{"output": o.told.Bytes()}
	database, err := filepath.Glob(o.database[len("sqlite:"):] + "*")
	if err != nil || len(database) == 0 {
		o.t.Fatalf("no database, %v", err)
	}
	for _, path := range database {
		if written[path], err = os.ReadFile(path); err != nil {
			o.t.Fatal(err)
		}
	}
	for where, text := range written {
		for _, secret := range secrets {
			if bytes.Contains(text, []byte(secret)) {
				o.t.Errorf("a password stands in %s", where)
			}
		}
	}
}

// Is a site crawled over the family that is wanted, and over that which answers?
func TestFamilies(t *testing.T) {
	t.Parallel()
	crawler := knowingLocalhost(t, build(t, "crawler"))
	root := testbed.Dir(t)
	testbed.WriteTree(t, root, testbed.Plain, time.Now())
	for _, kind := range testbed.FTPServers() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				ipv6          bool
				family, other string
			}{{false, "ipv4", "ipv6"}, {true, "ipv6", "ipv4"}} {
				server := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: root, IPv6: c.ipv6})
				_, port, err := net.SplitHostPort(server.Addr)
				if err != nil {
					t.Fatal(err)
				}
				named := "ftp://localhost:" + port + "/"
				o := newOperator(t, crawler)
				o.isRefused(named, []string{"--family", c.other}, "connection refused", port)
				o.finds(root, named, "--family", c.family)
				o.finds(root, named, "--family", "")
				o = newOperator(t, crawler)
				o.isRefused(server.URL(), []string{"--family", c.other}, "no suitable address", "family")
				o.finds(root, server.URL(), "--family", c.family)
				o.finds(root, server.URL(), "--family", "")
			}
		})
	}
}

// knowingLocalhost makes a program that knows localhost under both its addresses,
// whatever the machine's /etc/hosts says.
func knowingLocalhost(t *testing.T, program string) string {
	t.Helper()
	testbed.Need(t, "root")
	testbed.Need(t, "unshare")
	testbed.Need(t, "ipv6")
	hosts, wrapper := filepath.Join(t.TempDir(), "hosts"), filepath.Join(t.TempDir(), "wrapper")
	script := fmt.Sprintf("#!/bin/sh\nexec unshare -m sh -c 'mount --bind \"$0\" /etc/hosts && exec \"$@\"' '%s' '%s' \"$@\"\n", hosts, program)
	for path, text := range map[string]string{hosts: "127.0.0.1 localhost\n::1 localhost\n", wrapper: script} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return wrapper
}

// Is a site that takes few connections crawled over as many, and remembered for it?
func TestFewConnections(t *testing.T) {
	t.Parallel()
	crawler := build(t, "crawler")
	root := testbed.Dir(t)
	testbed.BigTree(t, root, 100, 1)
	for _, kind := range testbed.FTPServers() {
		for _, most := range []int{1, 3} {
			t.Run(fmt.Sprintf("%d on %s", most, kind), func(t *testing.T) {
				t.Parallel()
				server := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: root, MaxClients: most})
				door := newTurnstile(t, server.Addr)
				// A session that has just ended may still be counted by the server.
				o := newOperator(t, crawler, "TRACKER_CRAWL_RETRIES=20")
				url := "ftp://" + door.addr + "/"
				// So slowly that it does not end before further connections are tried.
				o.finds(root, url, "--connections", "8", "--listing", string(ftplist.Single), "--rate", "100")
				if n := door.entered.Load(); n <= int64(most) {
					t.Errorf("%d connections were tried, want more than the server takes", n)
				}
				door.empty()
				o.finds(root, url, "--rate", "0")
				if n := door.entered.Load(); n == 0 || n > int64(most) {
					t.Errorf("the next crawl tries %d connections", n)
				}
			})
		}
	}
}
