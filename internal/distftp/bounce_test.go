package distftp_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Nobody is attacked through the server (RFC 2577, 3): whatever a client names that is
// not its own address, or where a service may be, is refused, and the server connects
// nowhere.
func TestBounce(t *testing.T) {
	addr := serveSite(t)
	c := login(t, addr)
	door := c.conn.RemoteAddr().(*net.TCPAddr)
	victim, err := net.Listen("tcp", "127.0.0.8:0")
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	port := victim.Addr().(*net.TCPAddr).Port
	for _, refused := range []string{
		"PORT " + portArgument(victim.Addr()),
		"PORT " + portArgument(door),                  // our own door
		fmt.Sprintf("EPRT |1|0.0.0.0|%d|", door.Port), // which means the client's address, and that is ours
		"PORT 127,0,0,1,0,25", "PORT 127,0,0,1,3,255", "PORT 127,0,0,1,0,0",
		"PORT 255,255,255,255,8,0", "PORT 224,0,0,1,8,0", "PORT 10,0,0,1,8,0", "PORT 169,254,169,254,31,144",
		"PORT 127,0,0,257,8,0", "PORT 127,0,0,1,8", "PORT 2130706433,8,0", "PORT 0177,0,0,01,0008,00", "PORT ::1,8,0", "PORT",
		fmt.Sprintf("EPRT |1|127.0.0.8|%d|", port),
		fmt.Sprintf("EPRT |1|127.0.0.1|%d|", door.Port),
		fmt.Sprintf("EPRT |2|::ffff:127.0.0.8|%d|", port),
		"EPRT |2|::ffff:127.0.0.1|2000|", "EPRT |2|::1|2000|", "EPRT |2|::|2000|", "EPRT |2|ff02::1|2000|",
		"EPRT |1|127.0.0.1|1023|", "EPRT |1|127.0.0.1|65537|", "EPRT |1|127.1|2000|", "EPRT |1|0x7f000001|2000|",
		"EPRT |1|localhost|2000|", "EPRT |3|127.0.0.1|2000|", "EPRT ||||", "EPRT",
	} {
		if got := c.do(refused, "5"); strings.HasPrefix(got, "530") {
			t.Errorf("%s: %q", refused, got)
		}
		c.do("RETR README", "425 Use")
	}
	// What was refused does not undo what was right, nor the other way round.
	c.do("EPSV ALL", "200")
	c.do("PORT 127,0,0,1,8,0", "503")
	c.do("EPRT |1|127.0.0.1|2000|", "503")
	victim.(*net.TCPListener).SetDeadline(time.Now())
	if conn, err := victim.Accept(); err == nil {
		t.Errorf("the server has connected to %s", conn.LocalAddr())
	}
}

// However many connections another address makes to a data port, the client gets its
// data, and nobody else a byte.
func TestPassiveTheftRace(t *testing.T) {
	c := login(t, serveSite(t))
	for range 5 {
		port := portOf229.FindStringSubmatch(c.do("EPSV", "229"))[1]
		var thieves sync.WaitGroup
		for i := range 100 {
			thieves.Go(func() {
				thief := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i))}}
				stolen, err := thief.Dial("tcp", "127.0.0.1:"+port)
				if err != nil {
					return // the client was there before
				}
				defer stolen.Close()
				stolen.SetDeadline(time.Now().Add(patience))
				if b, _ := io.ReadAll(stolen); len(b) > 0 {
					t.Errorf("a thief got %q", b)
				}
			})
		}
		c.send("RETR README")
		mine, err := net.DialTimeout("tcp", "127.0.0.1:"+port, patience)
		if err != nil {
			t.Fatal(err)
		}
		c.want("150")
		if b, err := io.ReadAll(mine); string(b) != "hello\r\nworld\r\n" || err != nil {
			t.Errorf("the client got %q, %v", b, err)
		}
		mine.Close()
		c.want("226")
		thieves.Wait()
	}
}
