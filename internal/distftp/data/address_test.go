package data

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParsePort(t *testing.T) {
	tests := []struct{ arg, want string }{
		{"127,0,0,1,4,1", "127.0.0.1:1025"},
		{"255,255,255,255,255,255", "255.255.255.255:65535"},
		{"0,0,0,0,0,0", "0.0.0.0:0"},
		{"127,0,0,1,4", ""},
		{"127,0,0,1,4,1,1", ""},
		{"127,0,0,1,4,256", ""},
		{"127,0,0,1,4,-1", ""},
		{"127,0,0,1,4,+1", ""},
		{"127,0,0,1,4, 1", ""},
		{"127,0,0,1,4,", ""},
		{"127.0.0.1,4,1", ""},
		{"", ""},
		{",,,,,", ""},
		{"1,1,1,1,1,99999999999999999999", ""},
	}
	for _, tt := range tests {
		addr, err := ParsePort(tt.arg)
		if tt.want == "" {
			if !errors.Is(err, ErrSyntax) {
				t.Errorf("%q: %v, %v", tt.arg, addr, err)
			}
			continue
		}
		if err != nil || addr.String() != tt.want {
			t.Errorf("%q: %v, %v", tt.arg, addr, err)
		}
	}
}

func TestParseEprt(t *testing.T) {
	tests := []struct {
		arg, want string
		err       error
	}{
		{"|1|132.235.1.2|6275|", "132.235.1.2:6275", nil}, // RFC 2428, 2
		{"|2|1080::8:800:200C:417A|5282|", "[1080::8:800:200c:417a]:5282", nil},
		{"#1#127.0.0.1#1#", "127.0.0.1:1", nil},
		{"|3|127.0.0.1|1|", "", ErrFamily},
		{"|0|127.0.0.1|1|", "", ErrFamily},
		{"|2|127.0.0.1|1|", "", ErrSyntax},
		{"|1|::1|1|", "", ErrSyntax},
		{"|2|fe80::1%eth0|1|", "", ErrSyntax},
		{"|1|127.0.0.1|65536|", "", ErrSyntax},
		{"|1|127.0.0.1||", "", ErrSyntax},
		{"|1|127.0.0.1|1", "", ErrSyntax},
		{"|1|127.0.0.1|1|x", "", ErrSyntax},
		{"|x|127.0.0.1|1|", "", ErrSyntax},
		{"|1|localhost|1|", "", ErrSyntax},
		{"111127.0.0.11111", "", ErrSyntax},
		{" 1 127.0.0.1 1 ", "", ErrSyntax},
		{"||||", "", ErrSyntax},
		{"", "", ErrSyntax},
	}
	for _, tt := range tests {
		addr, err := ParseEprt(tt.arg)
		if !errors.Is(err, tt.err) || err == nil && addr.String() != tt.want {
			t.Errorf("%q: %v, %v", tt.arg, addr, err)
		}
	}
}

func TestAdmit(t *testing.T) {
	tests := []struct {
		peer, addr string
		want       error // without the permission for foreign addresses
	}{
		{"127.0.0.1", "127.0.0.1:1024", nil},
		{"127.0.0.1", "127.0.0.1:1023", ErrLowPort},
		{"127.0.0.1", "127.0.0.2:1024", ErrForeign},
		{"::ffff:127.0.0.1", "127.0.0.1:1024", nil},
		{"127.0.0.1", "[::ffff:127.0.0.1]:1024", nil},
		{"fe80::1%eth0", "[fe80::1]:1024", nil},
		{"::1", "[::2]:1024", ErrForeign},
		{"::1", "127.0.0.1:1024", ErrForeign},
	}
	for _, tt := range tests {
		peer, addr := netip.MustParseAddr(tt.peer), netip.MustParseAddrPort(tt.addr)
		if err := (Partner{Peer: peer}).Admit(addr); !errors.Is(err, tt.want) || err != nil && tt.want == nil {
			t.Errorf("%s for %s: %v, want %v", tt.addr, tt.peer, err, tt.want)
		}
	}
}

// With the permission other hosts may be named, but nothing that means this machine or
// everybody.
func TestAdmitForeign(t *testing.T) {
	tests := []struct {
		peer, local, addr string
		want              error
	}{
		{"192.0.2.1", "192.0.2.9:21", "198.51.100.1:1024", nil},
		{"192.0.2.1", "192.0.2.9:21", "198.51.100.1:1023", ErrLowPort},
		{"192.0.2.1", "192.0.2.9:21", "0.0.0.0:2000", ErrForeign},
		{"192.0.2.1", "192.0.2.9:21", "224.0.0.1:2000", ErrForeign},
		{"192.0.2.1", "192.0.2.9:21", "255.255.255.255:2000", ErrForeign},
		{"192.0.2.1", "192.0.2.9:21", "127.0.0.1:2000", ErrForeign},
		{"192.0.2.1", "192.0.2.9:21", "[::ffff:127.0.0.1]:2000", ErrForeign},
		{"192.0.2.1", "192.0.2.9:21", "169.254.169.254:8000", ErrForeign},
		{"2001:db8::1", "[2001:db8::9]:21", "[::1]:2000", ErrForeign},
		{"2001:db8::1", "[2001:db8::9]:21", "[::]:2000", ErrForeign},
		{"2001:db8::1", "[2001:db8::9]:21", "[ff02::1]:2000", ErrForeign},
		{"2001:db8::1", "[2001:db8::9]:21", "[fe80::2]:2000", ErrForeign},
		{"2001:db8::1", "[2001:db8::9]:21", "[2001:db8::2]:2000", nil},
		{"127.0.0.1", "127.0.0.1:2121", "127.0.0.2:2000", nil},
		// Ourselves.
		{"192.0.2.1", "192.0.2.9:2121", "192.0.2.9:2121", ErrOurs},
		{"192.0.2.1", "192.0.2.9:2121", "192.0.2.9:8080", ErrOurs},
		{"192.0.2.1", "192.0.2.9:2121", "[::ffff:192.0.2.9]:8080", ErrOurs},
		{"127.0.0.1", "127.0.0.1:2121", "127.0.0.1:2121", ErrOurs},
		{"127.0.0.1", "127.0.0.1:2121", "127.0.0.1:2122", nil},
	}
	for _, tt := range tests {
		p := Partner{Peer: netip.MustParseAddr(tt.peer), Local: netip.MustParseAddrPort(tt.local), Foreign: true}
		if err := p.Admit(netip.MustParseAddrPort(tt.addr)); !errors.Is(err, tt.want) || err != nil && tt.want == nil {
			t.Errorf("%s for %s at %s: %v, want %v", tt.addr, tt.peer, tt.local, err, tt.want)
		}
	}
}

func TestPasvRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ip := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")
		want := netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip)), rapid.Uint16().Draw(t, "port"))
		got, err := ParsePort(string(AppendPasv(nil, want)))
		if err != nil || got != want {
			t.Fatalf("%v became %v, %v", want, got, err)
		}
	})
}

func FuzzParsePort(f *testing.F) {
	f.Add("127,0,0,1,4,1")
	f.Add("1,2,3,4,5,256")
	f.Fuzz(func(t *testing.T, arg string) {
		addr, err := ParsePort(arg)
		if err != nil {
			return
		}
		again, err := ParsePort(string(AppendPasv(nil, addr)))
		if err != nil || again != addr || strings.Count(arg, ",") != 5 {
			t.Errorf("%q: %v, %v, %v", arg, addr, again, err)
		}
	})
}

func FuzzParseEprt(f *testing.F) {
	f.Add("|1|132.235.1.2|6275|")
	f.Add("|2|1080::8:800:200C:417A|5282|")
	f.Add("|3|x|1|")
	f.Fuzz(func(t *testing.T, arg string) {
		addr, err := ParseEprt(arg)
		if err != nil {
			return
		}
		again, err := ParseEprt(fmt.Sprintf("|%d|%s|%d|", Family(addr.Addr()), addr.Addr(), addr.Port()))
		if err != nil || again != addr {
			t.Errorf("%q: %v, %v, %v", arg, addr, again, err)
		}
	})
}
