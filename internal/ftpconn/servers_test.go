package ftpconn

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// serve starts a real server with a few directories, of which each holds a file
// that bears its name.
func serve(t *testing.T, kind string, cfg testbed.FTPConfig) (server *testbed.FTP, dirs []string) {
	t.Helper()
	cfg.Root = testbed.Dir(t)
	for i := range 30 {
		name := fmt.Sprintf("dir %d", i)
		if err := os.Mkdir(filepath.Join(cfg.Root, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(cfg.Root, name, "in "+name+"."), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, "/"+name)
	}
	return testbed.StartFTP(t, kind, cfg), dirs
}

// connect is Dial to the end of the test.
func connect(t *testing.T, cfg Config) *Conn {
	t.Helper()
	c, err := Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// statDot is the command that lists the present directory, on each server.
func statDot(kind string) string {
	if kind == "pyftpdlib" {
		return "STAT ."
	}
	return "STAT -a ."
}

// checkEach checks that a listing is of its directory and of no other.
func checkEach(t *testing.T, dirs []string, texts [][]byte) {
	t.Helper()
	if len(texts) != len(dirs) {
		t.Fatalf("%d listings of %d directories", len(texts), len(dirs))
	}
	for i, dir := range dirs {
		if name := " in " + dir[1:] + "."; bytes.Count(texts[i], []byte(" in dir ")) != 1 || !bytes.Contains(texts[i], []byte(name)) {
			t.Errorf("%s: %q", dir, texts[i])
		}
	}
}

// pipelined lists directories by STAT, all commands in one write.
func pipelined(t *testing.T, c *Conn, kind string, dirs []string) {
	t.Helper()
	var commands []string
	for _, dir := range dirs {
		commands = append(commands, "CWD "+dir, statDot(kind))
	}
	if err := c.Send(t.Context(), commands...); err != nil {
		t.Fatal(err)
	}
	var texts [][]byte
	for range dirs {
		entered, err := c.Receive(t.Context(), 1000)
		if err != nil || entered.Code != 250 {
			t.Fatalf("%v, %v", entered, err)
		}
		listed, err := c.Receive(t.Context(), 10_000)
		if err != nil || !listed.Positive() {
			t.Fatalf("%v, %v", listed, err)
		}
		texts = append(texts, listed.Body())
	}
	checkEach(t, dirs, texts)
}

// fetched lists directories one at a time.
func fetched(t *testing.T, c *Conn, dirs []string) {
	t.Helper()
	var texts [][]byte
	for _, dir := range dirs {
		if reply, err := c.Cmd(t.Context(), "CWD "+dir); err != nil || !reply.Positive() {
			t.Fatalf("%v, %v", reply, err)
		}
		text, _, err := c.Fetch(t.Context(), "LIST", 10_000)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	checkEach(t, dirs, texts)
}

// ahead lists directories with the next one's commands in flight. proftpd refuses
// them while a data connection is open, and pyftpdlib closes it at the next EPSV.
func ahead(t *testing.T, c *Conn, kind string, dirs []string) {
	t.Helper()
	if kind == "proftpd" || kind == "pyftpdlib" {
		return
	}
	got, err := twoTrips(t.Context(), c, dirs)
	if err != nil {
		t.Fatal(err)
	}
	var texts [][]byte
	for _, text := range got {
		texts = append(texts, []byte(text))
	}
	checkEach(t, dirs, texts)
}

func TestServers(t *testing.T) {
	t.Parallel()
	for _, kind := range testbed.FTPServers() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server, dirs := serve(t, kind, testbed.FTPConfig{})
			c := connect(t, Config{Addr: server.Addr})
			pipelined(t, c, kind, dirs)
			ahead(t, c, kind, dirs)
			fetched(t, c, dirs)
		})
	}
}

func TestServersIPv6(t *testing.T) {
	t.Parallel()
	for _, kind := range testbed.FTPServers() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server, dirs := serve(t, kind, testbed.FTPConfig{IPv6: true})
			c := connect(t, Config{Addr: server.Addr, Family: IPv6})
			pipelined(t, c, kind, dirs)
			fetched(t, c, dirs)
			if _, err := Dial(t.Context(), Config{Addr: server.Addr, Family: IPv4}); err == nil {
				t.Error("an IPv6 address was dialled as IPv4")
			}
		})
	}
}

// Every way of speaking works over TLS, whichever version, on servers that demand
// the control connection's session on data connections.
func TestServersTLS(t *testing.T) {
	t.Parallel()
	authority := testbed.NewAuthority(t)
	certificate := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	for _, kind := range testbed.FTPServers() {
		for _, mode := range []TLSMode{ExplicitTLS, ImplicitTLS} {
			if mode == ImplicitTLS && (kind == "pure-ftpd" || kind == "pyftpdlib") {
				continue // they have none
			}
			t.Run(fmt.Sprintf("%s %s", kind, mode), func(t *testing.T) {
				t.Parallel()
				server, dirs := serve(t, kind, testbed.FTPConfig{TLS: string(mode), Certificate: certificate, RequireReuse: true})
				for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
					t.Run(tls.VersionName(version), func(t *testing.T) {
						trust := &tls.Config{RootCAs: authority.Pool, MaxVersion: version}
						c := connect(t, Config{Addr: server.Addr, TLS: mode, TLSConfig: trust, Timeout: 10 * time.Second})
						if got := c.stream.(*tls.Conn).ConnectionState().Version; got != version {
							t.Errorf("the server speaks %s", tls.VersionName(got))
						}
						pipelined(t, c, kind, dirs)
						fetched(t, c, dirs)
						ahead(t, c, kind, dirs)
						if kind != "vsftpd" && kind != "proftpd" && kind != "ftpd" {
							return
						}
						c.secure.ClientSessionCache = nil
						if _, _, err := c.Fetch(t.Context(), "LIST", 10_000); err == nil {
							t.Error("the server took a data connection with a session of its own")
						}
					})
				}
				_, err := Dial(t.Context(), Config{Addr: server.Addr, TLS: mode})
				if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
					t.Errorf("a certificate of nobody's: error %v", err)
				}
			})
		}
	}
}

func TestServersLogin(t *testing.T) {
	t.Parallel()
	for _, kind := range testbed.FTPServers() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server, dirs := serve(t, kind, testbed.FTPConfig{Account: true})
			c := connect(t, Config{Addr: server.Addr, User: testbed.AccountUser, Password: testbed.AccountPassword})
			fetched(t, c, dirs)
			_, err := Dial(t.Context(), Config{Addr: server.Addr, User: testbed.AccountUser, Password: "guess my word"})
			if no, ok := errors.AsType[*LoginError](err); !ok || no.User != testbed.AccountUser || no.Reply.Code != 530 || strings.Contains(err.Error(), "guess") {
				t.Errorf("wrong password: error %v", err)
			}
			_, err = Dial(t.Context(), Config{Addr: server.Addr, User: "nobody-at-all", Password: "guess my word"})
			if no, ok := errors.AsType[*LoginError](err); !ok || no.User != "nobody-at-all" {
				t.Errorf("unknown user: error %v", err)
			}
		})
	}
}

func TestServersBusy(t *testing.T) {
	t.Parallel()
	for _, kind := range testbed.FTPServers() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			const room = 3
			server, _ := serve(t, kind, testbed.FTPConfig{MaxClients: room})
			for range room {
				// A session of the testbed's own may not have ended yet.
				c, err := Dial(t.Context(), Config{Addr: server.Addr})
				if err == nil {
					defer c.Close()
				}
			}
			_, err := Dial(t.Context(), Config{Addr: server.Addr})
			if _, ok := errors.AsType[*BusyError](err); !ok {
				t.Errorf("error %v", err)
			}
		})
	}
}

// A transfer with somebody else can be broken off, and one that goes to its end can be
// waited for.
func TestServersThirdParty(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"vsftpd", "proftpd", "pure-ftpd", "pyftpdlib"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			root := testbed.Dir(t)
			if err := os.WriteFile(filepath.Join(root, "small"), []byte("content"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, "large"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(filepath.Join(root, "large"), 1<<30); err != nil {
				t.Fatal(err)
			}
			server := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: root})
			c := connect(t, Config{Addr: server.Addr})
			for offset, want := range map[int64]string{0: "content", 3: "tent"} {
				data, transfer := thirdParty(t, c, "RETR small", offset)
				got, err := io.ReadAll(data)
				data.Close()
				if err != nil || string(got) != want {
					t.Errorf("from %d: %q, %v", offset, got, err)
				}
				if reply, err := transfer.Wait(t.Context()); err != nil || reply.Code != 226 {
					t.Errorf("from %d: %v, %v", offset, reply, err)
				}
			}
			data, transfer := thirdParty(t, c, "RETR large", 0)
			defer data.Close()
			if _, err := io.ReadFull(data, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			begun := time.Now()
			if _, err := transfer.Wait(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			took := time.Since(begun)
			if took > abortTime+time.Second {
				t.Errorf("it took %s", took)
			}
			t.Logf("%s: broken off in %s, afterwards %v", kind, took, c.Err())
		})
	}
}

func thirdParty(t *testing.T, c *Conn, command string, offset int64) (net.Conn, *ThirdParty) {
	t.Helper()
	at, err := c.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, err := c.DialData(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Restart(t.Context(), offset); err != nil {
		t.Fatal(err)
	}
	transfer, err := c.Begin(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	return data, transfer
}
