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
	byWord   map[string]word      // by name, and by host and port as they are usually written
	byText   map[string][]serving // by scheme, host and port as URLs are usually written
	byServer map[server][]serving // by scheme, host and port
	byHost   map[server][]serving // by host and port; without a port, those whose port is their scheme's own
}

// A word is what may stand before the path where no scheme does: the name of a site, or
// else a host.
type word struct {
	site     *site
	servings []serving
}

// A server is what stands in a URL before the path, as far as it is known.
type server struct {
	scheme, host string
	port         uint16
}

// String writes host and port, if there is one.
func (s server) String() string {
	text := s.host
	if strings.Contains(text, ":") {
		text = "[" + text + "]"
	}
	if s.port != 0 {
		text += ":" + strconv.Itoa(int(s.port))
	}
	return text
}

// A serving is one URL of a site.
type serving struct {
	mirror.URL
	*site
}

func newAddresses(sites []*site) *addresses {
	a := &addresses{
		byWord:   make(map[string]word, len(sites)),
		byText:   map[string][]serving{},
		byServer: map[server][]serving{},
		byHost:   map[server][]serving{},
	}
	for _, t := range sites {
		for _, u := range t.URLs() {
			s := serving{u, t}
			text := u.Scheme + "://" + u.Authority()
			a.byText[text] = append(a.byText[text], s)
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
	sortServings(a.byText)
	sortServings(a.byServer)
	sortServings(a.byHost)
	for s, servings := range a.byHost {
		a.byWord[s.String()] = word{servings: servings}
	}
	for _, t := range sites { // names go before hosts
		a.byWord[t.Name] = word{site: t}
	}
	return a
}

// sortServings puts those with the longest base first.
func sortServings[K comparable](all map[K][]serving) {
	for _, servings := range all {
		slices.SortStableFunc(servings, func(a, b serving) int { return cmp.Compare(len(b.Base), len(a.Base)) })
	}
}

// Locate finds the site, as its position in [Index.Sites], and the path on it that a text names. The text is one of
//
//	SCHEME://HOST[:PORT]/PATH   the site with the longest base that fits, among all URLs of all sites
//	NAME[/PATH]                 the site of that name; PATH is below its base
//	HOST[:PORT][/PATH]          like the first, whatever the scheme; without a port, its own for each scheme
//
// with or without a slash before the latter two, in this order. PATH is escaped
// in a URL and raw bytes otherwise. Where several URLs fit equally well, the site
// whose name sorts first is taken. The error is [ErrUnknownSite], as it is, where
// the text is sound and nothing fits: it is no news to anybody which text that
// is, and strangers ask for much.
func (x *Index) Locate(text string) (site int, path mirror.Path, err error) {
	if scheme := strings.IndexByte(text, '/') - 1; scheme >= 0 && strings.HasPrefix(text[scheme:], "://") {
		if where, p, ok := usualURL(text, scheme); ok {
			return longest(x.addrs.byText[where], p)
		}
		u, p, err := mirror.SplitURL(text)
		if err != nil {
			return 0, "", err
		}
		return longest(x.addrs.byServer[server{u.Scheme, u.Host, u.Port}], p)
	}
	first, rest := strings.TrimPrefix(text, "/"), ""
	if i := strings.IndexByte(first, '/'); i >= 0 {
		first, rest = first[:i], strings.TrimRight(first[i:], "/")
	}
	p, err := mirror.ParsePath(rest)
	if err != nil {
		return 0, "", err
	}
	switch w, ok := x.addrs.byWord[first]; {
	case w.site != nil:
		return w.site.number, p, nil
	case ok:
		return longest(w.servings, p)
	}
	s, err := parseHost(first)
	if err != nil {
		return 0, "", err
	}
	return longest(x.addrs.byHost[s], p)
}

// longest returns the first of the servings, longest base first, that a path
// lies below.
func longest(servings []serving, p mirror.Path) (int, mirror.Path, error) {
	for i := range servings {
		if rest, ok := servings[i].Below(p); ok {
			return servings[i].number, rest, nil
		}
	}
	return 0, "", ErrUnknownSite
}

// usualURL reads a URL that needs no unescaping, names no port and no user, and is
// written as this package writes one: as most are. The scheme ends at the given
// position. Servers are compared with those of sites as text, so that it does not
// matter whether it is one.
func usualURL(text string, scheme int) (where string, p mirror.Path, ok bool) {
	host := scheme + len("://")
	end := len(text)
	if i := strings.IndexByte(text[host:], '/'); i >= 0 {
		end = host + i
	}
	switch text[:scheme] {
	case "ftp", "ftps", "http", "https", "rsync":
	default:
		return "", "", false
	}
	if host == end {
		return "", "", false
	}
	for i := host; i < len(text); i++ {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '-':
		case i >= end && ('A' <= c && c <= 'Z' || strings.IndexByte("/_~+@,:=!$()*", c) >= 0):
		default:
			return "", "", false
		}
	}
	p, err := mirror.ParsePath(strings.TrimRight(text[end:], "/"))
	return text[:end], p, err == nil
}

func parseHost(text string) (server, error) {
	host, port := text, ""
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
		var err error
		if host, port, err = net.SplitHostPort(text); err != nil {
			return server{}, ErrUnknownSite
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
