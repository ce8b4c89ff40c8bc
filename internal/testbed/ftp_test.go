package testbed

import (
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// curl fetches a URL with the real client.
func curl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	program := Need(t, "curl")
	out, err := exec.Command(program, append([]string{"-sS", "--max-time", "20"}, args...)...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Logf("curl %q: %s", args, exit.Stderr)
	}
	return string(out), err
}

func TestFTPServesAwkwardNames(t *testing.T) {
	for _, kind := range FTPServers() {
		t.Run(kind, func(t *testing.T) {
			root := Dir(t)
			names := []string{"plain", " lead", "in  side", "caf\xe9", "café", "100%", "a#b", "what", "a -> b"}
			for _, name := range names {
				if err := os.WriteFile(filepath.Join(root, name), []byte("I am "+name), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			s := StartFTP(t, kind, FTPConfig{Root: root})
			for _, name := range names {
				got, err := curl(t, s.URL()+url.PathEscape(name))
				if err != nil || got != "I am "+name {
					t.Errorf("%q: got %q, %v", name, got, err)
				}
			}
			list, err := curl(t, s.URL())
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				if !strings.Contains(list, " "+name+"\n") {
					t.Errorf("listing lacks %q:\n%q", name, list)
				}
			}
		})
	}
}

func TestFTPHasNoPrivileges(t *testing.T) {
	for _, kind := range FTPServers() {
		t.Run(kind, func(t *testing.T) {
			root := Dir(t)
			if err := os.WriteFile(filepath.Join(root, "secret"), []byte("secret"), 0o600); err != nil {
				t.Fatal(err)
			}
			s := StartFTP(t, kind, FTPConfig{Root: root})
			if got, err := curl(t, s.URL()+"secret"); err == nil {
				t.Errorf("read %q from a file with mode 0600", got)
			}
		})
	}
}

func TestFTPRestart(t *testing.T) {
	for _, kind := range FTPServers() {
		t.Run(kind, func(t *testing.T) {
			s := StartFTP(t, kind, FTPConfig{Root: Dir(t)})
			session, err := net.Dial("tcp", s.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			session.SetDeadline(time.Now().Add(10 * time.Second))
			var buf [512]byte
			if _, err := session.Read(buf[:]); err != nil {
				t.Fatal(err)
			}
			s.Kill()
			for err = nil; err == nil; {
				_, err = session.Read(buf[:])
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("session outlives the server")
			}
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := curl(t, s.URL()); err != nil {
				t.Error(err)
			}
		})
	}
}
