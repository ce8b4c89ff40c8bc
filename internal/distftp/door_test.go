package distftp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
)

// serveDoors serves at one listener for each door and returns their addresses.
func serveDoors(t testing.TB, c distftp.Config, doors ...control.Door) []string {
	t.Helper()
	var open []distftp.Door
	var addrs []string
	for _, d := range doors {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, distftp.Door{Listener: ln, Door: d})
		addrs = append(addrs, ln.Addr().String())
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- distftp.New(c).ServeDoors(ctx, open...) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ServeDoors: %v", err)
		}
	})
	return addrs
}

// Two doors of one server: what PASV announces is each door's own.
func TestDoors(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(free.Addr().(*net.TCPAddr).Port)
	free.Close()
	addrs := serveDoors(t, distftp.Config{FS: openFolder(t, site(t))},
		control.Door{},
		control.Door{Ports: data.Ports{First: port, Last: port}, External4: netip.MustParseAddr("192.0.2.7")})
	plain, translated := login(t, addrs[0]), login(t, addrs[1])
	plain.do("PASV", "227 Entering Passive Mode (127,0,0,1,")
	translated.do("PASV", fmt.Sprintf("227 Entering Passive Mode (192,0,2,7,%d,%d)", port>>8, port&255))
	translated.do("EPSV", fmt.Sprintf("229 Entering Extended Passive Mode (|||%d|)", port))
	other := login(t, addrs[1])
	other.do("EPSV", "425 No port for the data connection")
	if got := translated.fetch("RETR README", "226"); got != "hello\r\nworld\r\n" {
		t.Errorf("RETR: %q", got)
	}
}

// Who has the permission may have files sent to other hosts; ports below 1024 stay
// forbidden.
func TestForeignData(t *testing.T) {
	u := &users{accounts: map[string]control.Account{"ann:secret": {Foreign: true}}}
	c := dial(t, serve(t, distftp.Config{FS: openFolder(t, site(t)), Authenticator: u}))
	c.loginAs("ann", "secret", "230")
	elsewhere, err := net.Listen("tcp", "127.0.0.9:0")
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	c.do("PORT 127,0,0,9,3,255", "500")
	c.do("PORT "+portArgument(elsewhere.Addr()), "200")
	c.send("RETR README")
	conn, err := elsewhere.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if b, err := io.ReadAll(conn); string(b) != "hello\r\nworld\r\n" || err != nil {
		t.Errorf("PORT to another host: %q, %v", b, err)
	}
	c.want("150")
	c.want("226")

	port := portOf229.FindStringSubmatch(c.do("EPSV", "229"))[1]
	other := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}
	conn, err = other.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c.do("RETR README", "150")
	var got strings.Builder
	if _, err := io.Copy(&got, conn); got.String() != "hello\r\nworld\r\n" || err != nil {
		t.Errorf("EPSV from another host: %q, %v", got.String(), err)
	}
	c.want("226")
}
