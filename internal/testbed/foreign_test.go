package testbed

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What servers let a client do with an address that is not its own: as they are by
// themselves, and with the option for it.
func TestForeign(t *testing.T) {
	n := NewNetwork(t)
	client, other := hostOn(t, n, "99.1.1.1", "2a00:99::1"), hostOn(t, n, "99.1.1.2", "2a00:99::2")
	for i, test := range []struct {
		kind       string
		foreign    bool
		port, pasv bool
	}{
		{"vsftpd", false, false, false},
		{"vsftpd", true, true, true},
		{"proftpd", false, false, true},
		{"proftpd", true, true, true},
		{"pure-ftpd", false, false, false},
		{"pure-ftpd", true, true, true},
	} {
		t.Run(fmt.Sprint(test.kind, test.foreign), func(t *testing.T) {
			t.Parallel()
			dir := Dir(t)
			if err := os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o644); err != nil {
				t.Fatal(err)
			}
			host := hostOn(t, n, fmt.Sprint("88.1.1.", i+1), fmt.Sprint("2a00:88::", i+1))
			s := StartFTP(t, test.kind, FTPConfig{Root: dir, Host: host, Foreign: test.foreign})
			c, err := DialFTP(client, s.Addr, "anonymous", "x")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := takesPort(t, c, other.IPv4); got != test.port {
				t.Errorf("it takes PORT with another address: %v, want %v", got, test.port)
			}
			if got := takesGuest(t, c, other); got != test.pasv {
				t.Errorf("it takes data connections of others: %v, want %v", got, test.pasv)
			}
		})
	}
}

func takesPort(t *testing.T, c *FTPClient, addr netip.Addr) bool {
	_, err := c.Do(200, "PORT %s,200,1", strings.ReplaceAll(addr.String(), ".", ","))
	t.Log(err)
	return err == nil
}

// takesGuest reports whether a file goes to another host than the client's.
func takesGuest(t *testing.T, c *FTPClient, other *Host) bool {
	text, err := c.Do(227, "PASV")
	if err != nil {
		t.Fatal(err)
	}
	addr, err := c.named(text)
	if err != nil {
		t.Fatal(err)
	}
	var data net.Conn
	err = other.Do(func() (err error) {
		data, err = net.DialTimeout("tcp", addr, 5*time.Second)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	c.Patience = 2 * time.Second // pure-ftpd says nothing
	if _, err = c.Do(150, "RETR /file"); err != nil {
		t.Log(err)
		return false
	}
	content, err := io.ReadAll(data)
	return err == nil && string(content) == "content"
}
