package icp

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

var (
	loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	inside   = netip.MustParseAddr("127.0.0.9")
	outside  = netip.MustParseAddr("192.0.2.9")
)

func unlimited() *rate.Limiter { return rate.NewLimiter(rate.Inf, 0) }

func TestAnswers(t *testing.T) {
	r := &Responder{
		Allow: loopback,
		Holds: func(url string, from netip.Addr) bool { return url == "ftp://a/held" && from == inside },
	}
	for name, c := range map[string]struct {
		asked Message
		from  netip.Addr
		want  Op // Invalid for no reply
	}{
		"held":                         {Message{Op: Query, URL: "ftp://a/held"}, inside, Hit},
		"held, and an object welcome":  {Message{Op: Query, Options: 0x80000000, URL: "ftp://a/held"}, inside, Hit},
		"not held":                     {Message{Op: Query, URL: "ftp://a/other"}, inside, MissNoFetch},
		"not for strangers":            {Message{Op: Query, URL: "ftp://a/held"}, outside, Denied},
		"no URL":                       {Message{Op: Query, URL: "held"}, inside, Err},
		"empty":                        {Message{Op: Query}, inside, Err},
		"with a blank":                 {Message{Op: Query, URL: "ftp://a/b c"}, inside, Err},
		"with a line end":              {Message{Op: Query, URL: "ftp://a/b\r\n"}, inside, Err},
		"no URL, from a stranger":      {Message{Op: Query, URL: "held"}, outside, Err},
		"an echo":                      {Message{Op: SEcho, URL: "ftp://a/held"}, inside, SEcho},
		"an echo, from a stranger":     {Message{Op: SEcho, URL: "ftp://a/held"}, outside, Invalid},
		"a reply":                      {Message{Op: Hit, URL: "ftp://a/held"}, inside, Invalid},
		"an opcode that means nothing": {Message{Op: 99, URL: "ftp://a/held"}, inside, Invalid},
	} {
		c.asked.Number = 0xfffffffe
		reply, ok := r.answer(c.asked.Append(nil), c.from, unlimited())
		switch {
		case ok != (c.want != Invalid), ok && reply.Op != c.want:
			t.Errorf("%s: %v, want %v", name, reply.Op, c.want)
		case ok && (reply.Number != c.asked.Number || reply.URL != c.asked.URL || reply.Options != 0):
			t.Errorf("%s: %+v answers %+v", name, reply, c.asked)
		}
	}
}

// Strangers are answered a few times and then no more, which costs neighbours nothing.
func TestStrangersAreAnsweredSeldom(t *testing.T) {
	r := &Responder{Allow: loopback, Holds: func(string, netip.Addr) bool { return true }}
	query := Message{Op: Query, URL: "http://a/"}.Append(nil)
	few := rate.NewLimiter(0, 3)
	answered := 0
	for range 10 {
		if _, ok := r.answer(query, outside, few); ok {
			answered++
		}
	}
	if answered != 3 {
		t.Errorf("%d answers, want 3", answered)
	}
	if reply, ok := r.answer(query, inside, few); !ok || reply.Op != Hit {
		t.Errorf("a neighbour is answered %v", reply.Op)
	}
}

// Replies come from the socket that was asked; rubbish is passed over.
func TestServe(t *testing.T) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]int{}
	r := &Responder{
		Allow: loopback,
		Holds: func(url string, _ netip.Addr) bool { return url == "ftp://a/held" },
		Count: func(outcome string) { outcomes[outcome]++ },
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Serve(ctx, conn) }()
	client, err := net.DialUDP("udp", nil, conn.LocalAddr().(*net.UDPAddr)) // takes nothing from elsewhere
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, want := range []Message{{Op: Hit, Number: 1, URL: "ftp://a/held"}, {Op: MissNoFetch, Number: 2, URL: "ftp://a/other"}} {
		query := Message{Op: Query, Number: want.Number, URL: want.URL}.Append(nil)
		if got := exchange(t, client, want.Number, []byte("rubbish"), query); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := slices.Sorted(maps.Keys(outcomes)); !slices.Equal(got, []string{"hit", "ignored", "miss_nofetch"}) {
		t.Errorf("counted %v", outcomes)
	}
}

// exchange sends datagrams until one of that number comes back. Datagrams may be lost,
// and replies may come so late that their query was sent again.
func exchange(t *testing.T, conn *net.UDPConn, number uint32, datagrams ...[]byte) Message {
	t.Helper()
	for range 60 {
		for _, d := range datagrams {
			if _, err := conn.Write(d); err != nil {
				t.Fatal(err)
			}
		}
		conn.SetReadDeadline(time.Now().Add(time.Second))
		for b := make([]byte, MaxLength); ; {
			n, err := conn.Read(b)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			m, err := Parse(b[:n])
			if err != nil {
				t.Fatal(err)
			}
			if m.Number == number {
				return m
			}
		}
	}
	t.Fatal("no answer comes")
	return Message{}
}

// A reply takes microseconds and no memory to speak of.
func BenchmarkAnswer(b *testing.B) {
	r := &Responder{Allow: loopback, Holds: func(string, netip.Addr) bool { return true }}
	query := Message{Op: Query, URL: "ftp://ftp.example.org/pub/archive/some/file.tar.gz"}.Append(nil)
	room := make([]byte, 0, MaxLength)
	few := unlimited()
	b.ReportAllocs()
	for b.Loop() {
		if reply, ok := r.answer(query, inside, few); ok {
			reply.Append(room[:0])
		}
	}
}
