package doctor

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/localfs"
	"mirrortracker/internal/testbed"
)

// serve serves a folder with one file.
func serve(t *testing.T, address string, certificate *tls.Certificate, door control.Door) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	folder, err := localfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	config := distftp.Config{FS: folder, FailureDelay: time.Millisecond}
	if certificate != nil {
		config.TLS = &control.TLS{Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate, nil }}
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := distftp.New(config)
	done := make(chan error, 1)
	ctx := t.Context()
	go func() { done <- server.ServeDoors(ctx, distftp.Door{Listener: l, Door: door}) }()
	t.Cleanup(func() { // when the context has ended
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// found checks the level and text of some checks, named by the beginnings of their names.
func found(t *testing.T, f Findings, want map[string]string) {
	t.Helper()
	for check, wanted := range want {
		level, text, _ := strings.Cut(wanted, " ")
		there := false
		for _, one := range f {
			if strings.HasPrefix(one.Check, check+" at ") {
				there = true
				if string(one.Level) != level || !strings.Contains(one.Found+one.Remedy, text) {
					t.Errorf("%s: %s: %s (%s), want %s", check, one.Level, one.Found, one.Remedy, wanted)
				}
			}
		}
		if !there && level != "none" {
			t.Errorf("%s: not looked at: %v", check, f)
		}
		if there && level == "none" {
			t.Errorf("%s: looked at", check)
		}
	}
}

func TestVisit(t *testing.T) {
	t.Parallel()
	authority := testbed.NewAuthority(t)
	good := authority.Issue(t, time.Now().Add(90*24*time.Hour), "localhost", "127.0.0.1")
	visit := Visit{Trusted: authority.Pool, Names: []string{"localhost"}}
	sound := map[string]string{
		"TLS": "ok", "certificate": "ok", "login": "ok", "features": "ok", "PASV": "ok", "MLSD": "ok 1 entry", "REST": "ok", "data ports": "ok 10 tried",
	}
	at := func(change func(*Visit), addr string) Findings {
		v := visit
		v.Addr = addr
		if change != nil {
			change(&v)
		}
		return v.Make(t.Context())
	}

	healthy := serve(t, "127.0.0.1:0", good, control.Door{})
	found(t, at(nil, healthy), sound)
	implicit := serve(t, "127.0.0.1:0", good, control.Door{Implicit: true})
	found(t, at(func(v *Visit) { v.Implicit = true }, implicit), sound)
	found(t, at(func(v *Visit) { v.Timeout = 300 * time.Millisecond }, implicit), map[string]string{"connection": "fail with --implicit", "login": "none"})
	found(t, at(func(v *Visit) { v.Names = []string{"ftp.example.org"} }, healthy), map[string]string{"certificate": "fail ftp.example.org", "MLSD": "ok"})
	found(t, at(func(v *Visit) { v.Trusted = testbed.NewAuthority(t).Pool }, healthy), map[string]string{"certificate": "warn does not trust", "MLSD": "ok"})
	found(t, at(func(v *Visit) { v.User, v.Password = "ann", "wrong" }, healthy), map[string]string{"login": "fail --user", "MLSD": "none"})
	found(t, at(func(v *Visit) { v.Implicit, v.Timeout = true, 300*time.Millisecond }, healthy), map[string]string{"TLS": "fail without --implicit", "MLSD": "none"})

	for end, want := range map[time.Duration]string{-time.Hour: "fail expired", 49 * time.Hour: "warn expires in 2 days"} {
		old := serve(t, "127.0.0.1:0", authority.Issue(t, time.Now().Add(end), "localhost"), control.Door{})
		found(t, at(nil, old), map[string]string{"certificate": want, "MLSD": "ok"})
	}

	clear := serve(t, "127.0.0.1:0", nil, control.Door{})
	found(t, at(nil, clear), map[string]string{"TLS": "warn", "login": "ok", "MLSD": "ok"})
	found(t, at(func(v *Visit) { v.User, v.Password = "ann", "secret" }, clear), map[string]string{"login": "fail others could read", "MLSD": "none"})

	away := serve(t, "127.0.0.1:0", nil, control.Door{External4: netip.MustParseAddr("127.0.0.9")})
	found(t, at(nil, away), map[string]string{"PASV": "fail cannot be reached", "MLSD": "ok"})

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	found(t, at(nil, l.Addr().String()), map[string]string{"connection": "fail nothing listens", "login": "none"})
}

func TestVisitByIPv6(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "ipv6")
	f := Visit{Addr: serve(t, "[::1]:0", nil, control.Door{})}.Make(t.Context())
	found(t, f, map[string]string{"PASV": "none", "MLSD": "ok", "REST": "ok", "data ports": "ok"})
}

// A firewall is played by a port at which connections wait for ever, as there is no room
// for more of them.
func TestDroppedPorts(t *testing.T) {
	t.Parallel()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := name.(*syscall.SockaddrInet4).Port
	for range 3 {
		conn, err := net.DialTimeout("tcp", fmt.Sprint("127.0.0.1:", port), 200*time.Millisecond)
		if err != nil {
			break
		}
		defer conn.Close()
	}
	addr := script(t, map[string]string{
		"FEAT": "211-Features\r\n EPSV\r\n211 End", "AUTH": "502 No", "USER": "331 Password", "PASS": "230 In", "TYPE": "200 Yes", "ABOR": "226 Done",
		"EPSV": fmt.Sprintf("229 Here (|||%d|)", port),
		"PASV": "227 Here (" + string(data.AppendPasv(nil, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port)))) + ")",
	})
	f := Visit{Addr: addr, Timeout: 100 * time.Millisecond}.Make(t.Context())
	found(t, f, map[string]string{
		"features": "warn FEAT lacks MDTM, MLST, REST, SIZE, UTF8", "PASV": "fail passive.ports", "MLSD": "fail passive.ports",
		"data ports": fmt.Sprintf("fail of 3 tried, %d, %d, %d could", port, port, port),
	})
	if f.Failed() != 3 {
		t.Errorf("%d failures", f.Failed())
	}
}

// script is a server that has one answer for each command, and serves one client at a time.
func script(t *testing.T, answers map[string]string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(conn, "220 Ready\r\n")
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				verb, _, _ := strings.Cut(lines.Text(), " ")
				answer := answers[verb]
				if answer == "" {
					answer = "500 What?"
				}
				fmt.Fprint(conn, answer+"\r\n")
			}
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// What is to be thought of the address that PASV announces.
func TestAnnouncedAddress(t *testing.T) {
	lost := &dataError{errors.New("timeout")}
	for _, tt := range []struct {
		to, said string
		err      error
		inside   bool
		want     string
	}{
		{"198.51.100.1", "198.51.100.1", nil, false, "ok"},
		{"198.51.100.1", "198.51.100.1", lost, false, "fail let in the TCP ports"},
		{"198.51.100.1", "10.0.0.5", lost, false, `fail set passive.external_ipv4 = "198.51.100.1"`},
		{"198.51.100.1", "10.0.0.5", nil, false, "fail set passive"},
		{"198.51.100.1", "100.64.0.1", nil, false, "fail set passive"},
		{"198.51.100.1", "127.0.0.1", nil, false, "fail set passive"},
		{"198.51.100.1", "0.0.0.0", lost, false, "fail set passive"},
		{"198.51.100.1", "198.51.100.9", nil, false, "warn many clients ignore it"},
		{"198.51.100.1", "198.51.100.9", lost, false, "fail set passive"},
		{"10.0.0.5", "10.0.0.5", nil, true, "ok"},
		{"127.0.0.1", "198.51.100.1", lost, true, "warn may be normal"},
		{"127.0.0.1", "198.51.100.1", nil, true, "ok announces 198.51.100.1"},
		{"10.0.0.5", "0.0.0.0", lost, true, "fail"},
	} {
		var f Findings
		c := &call{Visit: Visit{Inside: tt.inside}, Findings: &f, to: netip.MustParseAddr(tt.to), where: tt.to}
		c.judge(netip.MustParseAddr(tt.said), tt.err)
		found(t, f, map[string]string{"PASV": tt.want})
	}
}
