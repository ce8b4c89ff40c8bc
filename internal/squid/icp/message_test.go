package icp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bytesOf reads hex with blanks.
func bytesOf(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMessages(t *testing.T) {
	for name, c := range map[string]struct {
		datagram string
		want     Message
	}{
		"query": {
			"01 02 0020 00000007 80000000 00000000 00000000 7f000001 6674703a2f2f612f00",
			Message{Op: Query, Number: 7, Options: 0x80000000, Requester: 0x7f000001, URL: "ftp://a/"},
		},
		"hit": {
			"02 02 001d ffffffff 00000000 00000000 00000000 6674703a2f2f612f00",
			Message{Op: Hit, Number: 0xffffffff, URL: "ftp://a/"},
		},
		"an opcode that there is not": {
			"63 02 0015 00000000 00000000 00000000 00000000 00",
			Message{Op: 0x63},
		},
	} {
		datagram := bytesOf(t, c.datagram)
		if name == "query" {
			datagram[3] = byte(len(datagram))
		}
		got, err := Parse(datagram)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
		if back := got.Append(nil); !bytes.Equal(back, datagram) {
			t.Errorf("%s: written as %x, was %x", name, back, datagram)
		}
	}
}

func TestNoMessages(t *testing.T) {
	sound := Message{Op: Query, Number: 1, URL: "http://a/"}.Append(nil)
	changed := func(change func(b []byte) []byte) []byte { return change(bytes.Clone(sound)) }
	for name, c := range map[string]struct {
		datagram []byte
		want     error
	}{
		"nothing":             {nil, ErrFormat},
		"half a header":       {sound[:10], ErrFormat},
		"version 3":           {changed(func(b []byte) []byte { b[1] = 3; return b }), ErrVersion},
		"cut off":             {sound[:len(sound)-1], ErrFormat},
		"longer than it says": {append(bytes.Clone(sound), 0), ErrFormat},
		"without NUL":         {changed(func(b []byte) []byte { b[len(b)-1] = 'x'; return b }), ErrFormat},
		"two NULs":            {changed(func(b []byte) []byte { b[len(b)-2] = 0; return b }), ErrFormat},
		"no requester":        {bytesOf(t, "01 02 0016 00000000 00000000 00000000 00000000 0000"), ErrFormat},
		"an object":           {bytesOf(t, "17 02 0015 00000000 00000000 00000000 00000000 00"), ErrFormat},
		"too long":            {Message{Op: Hit, URL: strings.Repeat("x", MaxLength)}.Append(nil), ErrFormat},
	} {
		if m, err := Parse(c.datagram); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v; want %v", name, m, err, c.want)
		}
	}
}

// What is read is written as it was, and whatever comes, the reply is not longer.
func FuzzDatagram(f *testing.F) {
	f.Add(Message{Op: Query, Number: 1, URL: "http://a/"}.Append(nil))
	f.Add(Message{Op: SEcho, URL: "http://a/"}.Append(nil))
	f.Add(Message{Op: Query, URL: "no URL"}.Append(nil))
	f.Add(Message{Op: Denied}.Append(nil))
	r := &Responder{Holds: func(url string, _ netip.Addr) bool { return len(url)%2 == 0 }, Allow: loopback}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		m, err := Parse(datagram)
		if err == nil && !bytes.Equal(m.Append(nil), datagram) {
			t.Fatalf("%x is written as %x", datagram, m.Append(nil))
		}
		for _, from := range []netip.Addr{inside, outside} {
			reply, ok := r.answer(datagram, from, unlimited())
			if !ok {
				continue
			}
			sent := reply.Append(nil)
			if err != nil || len(sent) > len(datagram) || reply.Number != m.Number || reply.URL != m.URL {
				t.Fatalf("%x from %v is answered %+v", datagram, from, reply)
			}
			if again, err := Parse(sent); err != nil || again != reply {
				t.Fatalf("the reply %+v is read as %+v, %v", reply, again, err)
			}
		}
	})
}
