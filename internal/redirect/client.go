package redirect

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies says which reverse proxies are believed when they say for whom they ask.
// The zero Proxies believes none.
//
// The routers' own middleware knows neither Forwarded nor the scheme, and makes
// another request of each; so this is done here.
type Proxies struct {
	Trusted []netip.Prefix
	Local   bool   // whether whoever connects to a unix socket is trusted too
	Header  string // "X-Forwarded-For" or "Forwarded"; the other is not looked at
}

// The headers that can name a client.
const (
	ForwardedFor = "X-Forwarded-For"
	Forwarded    = "Forwarded" // RFC 7239
)

// Bounds of a header that names clients. What is longer is not believed.
const (
	maxForwarded = 2 << 10 // bytes, of all its lines together
	maxHops      = 32
)

// of returns the client of a request, the zero Addr where nothing is known of it,
// and whether it came by TLS. The client is the peer, or where that is trusted, the
// right-most address in the header that is not; the left-most, where all are. A
// header that is too long or that holds what is no address counts as none.
func (p *Proxies) of(req *http.Request) (client netip.Addr, secure bool) {
	peer, local := peerOf(req.RemoteAddr)
	secure = req.TLS != nil
	if local && !p.Local || !local && !p.trusts(peer) {
		return peer, secure
	}
	lines := req.Header[p.Header]
	if p.Header == ForwardedFor {
		if proto := req.Header["X-Forwarded-Proto"]; len(proto) > 0 {
			secure = isHTTPS(proto[len(proto)-1])
		}
	}
	total := 0
	for _, line := range lines {
		total += len(line)
	}
	if total == 0 || total > maxForwarded {
		return peer, secure
	}
	client, hops := peer, 0
	for i := len(lines) - 1; i >= 0; i-- {
		for rest := lines[i]; ; {
			comma := strings.LastIndexByte(rest, ',')
			hop, proto := rest[comma+1:], ""
			if p.Header == Forwarded {
				hop, proto = element(hop)
			}
			addr, ok := hopAddr(hop)
			if hops++; !ok || hops > maxHops {
				return peer, secure
			}
			client = addr
			if proto != "" {
				secure = isHTTPS(proto)
			}
			if !p.trusts(addr) {
				return client, secure
			}
			if comma < 0 {
				break
			}
			rest = rest[:comma]
		}
	}
	return client, secure
}

func (p *Proxies) trusts(a netip.Addr) bool { return contains(p.Trusted, a) }

func contains(all []netip.Prefix, a netip.Addr) bool {
	for i := range all {
		if all[i].Contains(a) {
			return true
		}
	}
	return false
}

// peerOf reads the address of a connection. That of a unix socket is none.
func peerOf(remote string) (peer netip.Addr, local bool) {
	if remote == "" || remote[0] == '@' || remote[0] == '/' {
		return netip.Addr{}, true
	}
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}, false
	}
	return at.Addr().Unmap().WithZone(""), false
}

// element reads what an element of Forwarded says of the hop before it (RFC 7239,
// section 4). No address has a comma or semicolon, so that quotes need no care: an
// element that has them quoted is no address.
func element(text string) (hop, proto string) {
	for pair := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		value = strings.Trim(value, `"`)
		switch {
		case strings.EqualFold(name, "for"):
			hop = value
		case strings.EqualFold(name, "proto"):
			proto = value
		}
	}
	return hop, proto
}

// hopAddr reads an address with or without a port, that of IPv6 with or without
// brackets.
func hopAddr(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if a, err := netip.ParseAddr(text); err == nil { // as it mostly is
		return a.Unmap().WithZone(""), true
	}
	if n := len(text); n > 2 && text[0] == '[' && text[n-1] == ']' {
		a, err := netip.ParseAddr(text[1 : n-1])
		return a.Unmap().WithZone(""), err == nil
	}
	at, err := netip.ParseAddrPort(text)
	return at.Addr().Unmap().WithZone(""), err == nil
}

func isHTTPS(proto string) bool { return strings.EqualFold(strings.TrimSpace(proto), "https") }

// from puts the client into a question that the parameter "from" names, for answers
// that explain; a redirect is never for somebody else.
func from(req *http.Request, q *Question) error {
	value, ok := parameter(req.URL.RawQuery, "from")
	if !ok {
		return nil
	}
	a, err := netip.ParseAddr(strings.ReplaceAll(value, "%3A", ":"))
	if err != nil {
		return fmt.Errorf("parameter from is %.100q, must be an IP address such as 192.0.2.1 or 2001:db8::1", value)
	}
	q.Client = a.Unmap().WithZone("")
	return nil
}
