package health

import (
	"net/url"
	"strconv"
	"strings"

	"mirrortracker/internal/mirror"
)

// hosts are those that any URL of any site is on: where redirects may lead.
type hosts struct {
	names map[string]bool // alone, for the ports that HTTP and HTTPS have
	ports map[string]bool // with a port
}

func hostsOf(sites []mirror.Site) hosts {
	h := hosts{names: map[string]bool{}, ports: map[string]bool{}}
	for i := range sites {
		for u := range bases(&sites[i]) {
			h.names[u.Host] = true
			h.ports[u.HostPort()] = true
		}
	}
	return h
}

// has reports whether a URL is on one of the hosts.
func (h hosts) has(u *url.URL) bool {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	switch port := u.Port(); port {
	case "", "80", "443":
		return h.names[host]
	default:
		n, err := strconv.ParseUint(port, 10, 16)
		return err == nil && h.ports[mirror.URL{Host: host, Port: uint16(n)}.HostPort()]
	}
}
