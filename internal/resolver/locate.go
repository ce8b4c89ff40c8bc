package resolver

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"mirrortracker/internal/mirror"
)

// addresses find the site that a text names.
type addresses struct {
	byName   map[string]*site
	byServer map[server][]serving // by scheme, host and port
	byHost   map[server][]serving // by host and port; without a port, those whose port is their scheme's own
}

// A server is what stands in a URL before the path, as far as it is known.
type server struct {
	scheme, host string
	port         uint16
}

// A serving is one URL of a site.
type serving struct {
	mirror.URL
	*site
}

func newAddresses(sites []*site) *addresses {
	a := &addresses{
		byName:   make(map[string]*site, len(sites)),
		byServer: map[server][]serving{},
		byHost:   map[server][]serving{},
	}
	for _, t := range sites {
		a.byName[t.Name] = t
		for _, u := range t.URLs() {
			s := serving{u, t}
			exact := server{u.Scheme, u.Host, u.Port}
			a.byServer[exact] = append(a.byServer[exact], s)
			host := server{host: u.Host, port: u.Port}
			a.byHost[host] = append(a.byHost[host], s)
			if u.Authority() != u.HostPort() { // the port need not be named
				host.port = 0
				a.byHost[host] = append(a.byHost[host], s)
			}
		}
	}
	for _, m := range []map[server][]serving{a.byServer, a.byHost} {
		for _, servings := range m {
			slices.SortStableFunc(servings, func(a, b serving) int { return cmp.Compare(len(b.Base), len(a.Base)) })
		}
	}
	return a
}

// Locate finds the site, as its position in [Index.Sites], and the path on it that a text names. The text is one of
//
//	SCHEME://HOST[:PORT]/PATH   the site with the longest base that fits, among all URLs of all sites
//	NAME[/PATH]                 the site of that name; PATH is below its base
//	HOST[:PORT][/PATH]          like the first, whatever the scheme; without a port, its own for each scheme
//
// with or without a slash before the latter two, in this order. PATH is escaped
// in a URL and raw bytes otherwise. Where several URLs fit equally well, the site
// whose name sorts first is taken. The error wraps [ErrUnknownSite] where the
// text is sound and nothing fits.
func (x *Index) Locate(text string) (site int, path mirror.Path, err error) {
	if strings.Contains(text, "://") {
		u, p, err := mirror.SplitURL(text)
		if err != nil {
			return 0, "", err
		}
		return longest(x.addrs.byServer[server{u.Scheme, u.Host, u.Port}], p, u.Scheme+"://"+u.Authority())
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(text, "/"), "/")
	p, err := mirror.ParsePath(rest)
	if err != nil {
		return 0, "", err
	}
	if t := x.addrs.byName[first]; t != nil {
		return t.number, p, nil
	}
	s, err := parseHost(first)
	if err != nil {
		return 0, "", err
	}
	return longest(x.addrs.byHost[s], p, first)
}

// longest returns the first of the servings, longest base first, that a path
// lies below.
func longest(servings []serving, p mirror.Path, where string) (int, mirror.Path, error) {
	for _, s := range servings {
		if rest, ok := s.Below(p); ok {
			return s.number, rest, nil
		}
	}
	return 0, "", fmt.Errorf("%q, path %q: %w", where, p, ErrUnknownSite)
}

func parseHost(text string) (server, error) {
	host, port := text, ""
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
		var err error
		if host, port, err = net.SplitHostPort(text); err != nil {
			return server{}, fmt.Errorf("host %q: %w", text, ErrUnknownSite)
		}
	}
	s := server{host: strings.ToLower(strings.Trim(host, "[]"))}
	if port == "" {
		return s, nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return server{}, fmt.Errorf("host %q: port %q is not between 1 and 65535", text, port)
	}
	s.port = uint16(n)
	return s, nil
}
