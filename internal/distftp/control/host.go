package control

import (
	"net/netip"
	"slices"
	"strings"
)

// virtualHost answers HOST (RFC 7151): which of the servers at this address a client
// wants. It is the authenticator that can make a difference of it.
func (s *session) virtualHost(arg string) {
	name, ok := HostName(strings.TrimSpace(arg))
	switch {
	case s.user != "" || s.loggedIn:
		s.out.reply(503, "HOST belongs before USER")
	case !ok:
		s.out.reply(501, "HOST needs a domain name, an IPv4 address or an IPv6 address in brackets")
	case len(s.Hosts) > 0 && !slices.ContainsFunc(s.Hosts, func(h string) bool { return strings.EqualFold(h, name) }):
		s.out.reply(504, "There is no such server here")
	default:
		s.host = name
		s.out.reply(220, s.Banner)
	}
}

// HostName reads the argument of HOST (RFC 7151, 3.2), in small letters.
func HostName(arg string) (string, bool) {
	if inner, ok := strings.CutPrefix(arg, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return addr.String(), ok && err == nil && addr.Is6() && addr.Zone() == ""
	}
	name := strings.ToLower(strings.TrimSuffix(arg, "."))
	if name == "" || len(name) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", false
		}
	}
	return name, true
}

// restartSession answers REIN (RFC 959, 4.1.1). A transfer that was running has ended by
// now. TLS stays: a connection that was private does not become a public one.
func (s *session) restartSession(string) {
	s.reinitialize()
	s.host = ""
	s.out.reply(220, s.Banner)
}
