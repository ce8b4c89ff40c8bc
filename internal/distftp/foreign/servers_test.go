package foreign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

var kinds = []string{"vsftpd", "proftpd", "pure-ftpd", "pyftpdlib"}

// What servers allow, as they are and with the option for it, is found out.
func TestProbe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind    string
		foreign bool
		want    Abilities
	}{
		{"vsftpd", false, Abilities{Port: No, Passive: No, MLSD: No}},
		{"vsftpd", true, Abilities{Port: Yes, Passive: Yes, MLSD: No}},
		{"proftpd", false, Abilities{Port: No, Passive: Yes, MLSD: Yes}},
		{"proftpd", true, Abilities{Port: Yes, Passive: Yes, MLSD: Yes}},
		{"pure-ftpd", false, Abilities{Port: No, Passive: No, MLSD: Yes}},
		{"pure-ftpd", true, Abilities{Port: Yes, Passive: Yes, MLSD: Yes}},
		{"pyftpdlib", false, Abilities{Port: No, Passive: No, MLSD: Yes}},
	} {
		t.Run(fmt.Sprint(test.kind, test.foreign), func(t *testing.T) {
			t.Parallel()
			server := testbed.StartFTP(t, test.kind, testbed.FTPConfig{Root: tree(t), Foreign: test.foreign, MaxClients: 3})
			p := NewPool(at(t, server.Addr), Abilities{}, Config{})
			defer p.Close()
			got, err := p.Probe(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if since := time.Since(got.Probed); since < 0 || since > time.Minute {
				t.Errorf("probed %s ago", since)
			}
			want := test.want
			want.EPSV, want.REST, want.MDTM, want.TLS, want.Connections, want.Probed = Yes, Yes, Yes, got.TLS, 3, got.Probed
			want.Eprt = got.Eprt // of IPv6 addresses, on an IPv4 connection
			if got != want || got != p.Abilities() {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			take(t, p).Release()
			if !p.Usable() {
				t.Errorf("%+v", p.Health())
			}
		})
	}
}

// In TLS, too.
func TestProbeTLS(t *testing.T) {
	t.Parallel()
	authority := testbed.NewAuthority(t)
	certificate := authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
	for _, kind := range []string{"vsftpd", "proftpd", "pure-ftpd"} {
		for _, mode := range []ftpconn.TLSMode{ftpconn.ExplicitTLS, ftpconn.ImplicitTLS} {
			if kind == "pure-ftpd" && mode == ftpconn.ImplicitTLS {
				continue // it has none
			}
			t.Run(fmt.Sprint(kind, " ", mode), func(t *testing.T) {
				t.Parallel()
				server := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: tree(t), TLS: string(mode), Certificate: certificate, RequireReuse: true})
				where := at(t, server.Addr)
				where.TLS = mode
				p := NewPool(where, Abilities{}, Config{Authorities: authority.Pool})
				defer p.Close()
				got, err := p.Probe(t.Context())
				if err != nil || got.TLS != Yes || got.Clear == Unknown {
					t.Errorf("%+v, %v", got, err)
				}
				for range 3 {
					if _, err := p.List(t.Context(), "/"); err != nil {
						t.Error(err)
					}
				}
				if all := p.Connections(); len(all) != 1 || all[0].Uses != 3 {
					t.Errorf("%+v", all)
				}
			})
		}
	}
}

// A client that cuts off what a server sends to it does not have the server rest, whatever that
// says of it.
func TestServersCutOff(t *testing.T) {
	t.Parallel()
	const size = 1 << 30 // more than is on the way when it is cut off
	for _, kind := range kinds[:3] {
		for _, test := range []struct {
			aborts, relayed bool
		}{{}, {aborts: true}, {relayed: true}, {aborts: true, relayed: true}} {
			t.Run(fmt.Sprintf("%s %+v", kind, test), func(t *testing.T) {
				t.Parallel()
				root := tree(t)
				big := filepath.Join(root, "big")
				if err := errors.Join(os.WriteFile(big, nil, 0o644), os.Truncate(big, size)); err != nil {
					t.Fatal(err)
				}
				server := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: root, Foreign: true})
				p := NewPool(at(t, server.Addr), Abilities{}, Config{})
				defer p.Close()
				ln, err := net.Listen("tcp", "127.0.0.3:0")
				if err != nil {
					t.Fatal(err)
				}
				defer ln.Close()
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				go func() {
					conn, err := ln.Accept()
					if err != nil {
						return
					}
					defer conn.Close()
					io.ReadFull(conn, make([]byte, 1000))
					if test.aborts {
						cancel(context.Canceled)
					}
				}()
				to := ln.Addr().(*net.TCPAddr).AddrPort()
				plan := data.Plan{
					Meet: data.Dial(to.Addr(), to, time.Minute), Flow: &data.Flow{Stall: 5 * time.Second},
					Holders: slices.Values([]data.Remote{Download(p, Transfer{Name: "mirror", Path: "/big", Size: size, Tunnel: test.relayed})}),
				}
				err = plan.Execute(ctx, func() {})
				if test.aborts != errors.Is(err, context.Canceled) || err == nil || test.relayed != (plan.Flow.Route().Kind == data.Relayed) {
					t.Errorf("%v, %+v", err, plan.Flow.Route())
				}
				await(t, "connections that are given back", func() bool {
					return !slices.ContainsFunc(p.Connections(), func(c Connection) bool { return c.State != idle })
				})
				if _, err := p.List(t.Context(), "/"); err != nil || !p.Usable() {
					t.Errorf("%v, %+v", err, p.Health())
				}
			})
		}
	}
}

// tree is a folder to be served.
func tree(t *testing.T) string {
	t.Helper()
	root := testbed.Dir(t)
	err := errors.Join(
		os.WriteFile(filepath.Join(root, "a file"), []byte("content"), 0o644),
		os.WriteFile(filepath.Join(root, ".hidden"), nil, 0o644),
		os.Mkdir(filepath.Join(root, "dir"), 0o755),
		os.WriteFile(filepath.Join(root, "dir", "caf\xe9"), []byte("x"), 0o644),
		os.Symlink("a file", filepath.Join(root, "link")),
		os.Chtimes(filepath.Join(root, "a file"), second, second),
	)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestServersLook(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: tree(t)})
			p := NewPool(at(t, server.Addr), Abilities{}, Config{})
			defer p.Close()
			ctx := t.Context()
			for _, path := range []string{"/a file", "/link"} {
				e, err := p.Stat(ctx, mirror.Path(path))
				if err != nil || e.Kind != vfs.File || e.Size != 7 || !e.ModTime.Equal(second) || e.Name != path[1:] {
					t.Errorf("%s: %+v, %v", path, e, err)
				}
			}
			if e, err := p.Stat(ctx, "/dir"); err != nil || e.Kind != vfs.Directory || e.Name != "dir" {
				t.Errorf("/dir: %+v, %v", e, err)
			}
			if e, err := p.Stat(ctx, "/dir/caf\xe9"); err != nil || e.Kind != vfs.File || e.Size != 1 {
				t.Logf("/dir/caf: %+v, %v", e, err) // not all take names that are not UTF-8
			}
			if _, err := p.Stat(ctx, "/nothing"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("/nothing: %v", err)
			}
			names := map[vfs.Kind][]string{}
			all, err := p.List(ctx, "/")
			for _, e := range all {
				names[e.Kind] = append(names[e.Kind], e.Name)
				if e.Name == "a file" && !e.ModTime.Truncate(24*time.Hour).Equal(second.Truncate(24*time.Hour)) {
					t.Errorf("%+v", e)
				}
			}
			t.Log(names)
			if err != nil || !slices.Contains(names[vfs.File], "a file") || !slices.Equal(names[vfs.Directory], []string{"dir"}) {
				t.Errorf("%v, %v", names, err)
			}
			if _, err := p.List(ctx, "/nothing"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("list /nothing: %v", err)
			}
			if _, err := p.List(ctx, "/a file"); !errors.Is(err, vfs.ErrNotDir) {
				t.Errorf("list a file: %v", err)
			}
			if got := states(p); len(got) != 1 || !p.Usable() {
				t.Errorf("%v, %+v", got, p.Health())
			}
		})
	}
}

func TestServersIPv6(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: tree(t), IPv6: true})
			p := NewPool(at(t, server.Addr), Abilities{}, Config{})
			defer p.Close()
			if e, err := p.Stat(t.Context(), "/a file"); err != nil || e.Size != 7 {
				t.Errorf("%+v, %v", e, err)
			}
		})
	}
}

func TestServersChange(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds[:3] {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			root := tree(t)
			if err := os.Chmod(root, 0o777); err != nil {
				t.Fatal(err)
			}
			server := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: root, Account: true, Writable: true})
			where := at(t, server.Addr)
			where.User, where.Password = testbed.AccountUser, testbed.AccountPassword
			p := NewPool(where, Abilities{}, Config{})
			defer p.Close()
			ctx := t.Context()
			if err := p.MakeDir(ctx, "/new"); err != nil {
				t.Fatal(err)
			}
			if err := p.MakeDir(ctx, "/new"); err == nil {
				t.Error("made twice")
			} else {
				t.Log(err)
			}
			if err := p.Rename(ctx, "/new", "/newer"); err != nil {
				t.Error(err)
			}
			if err := p.RemoveDir(ctx, "/newer"); err != nil {
				t.Error(err)
			}
			if err := p.Delete(ctx, "/nothing"); err == nil {
				t.Error("nothing was deleted")
			} else if strings.Contains(err.Error(), testbed.AccountPassword) {
				t.Error("the password is in the error")
			}
			if got := states(p); len(got) != 1 || !p.Usable() {
				t.Errorf("%v, %+v", got, p.Health())
			}
		})
	}
}
