package mirror

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// A URL is the base under which a site's hierarchy is served: scheme,
// lower-case host, port and base path. Two URLs are equal as values exactly when
// they mean the same base.
type URL struct {
	Scheme string // "ftp", "ftps", "http", "https" or "rsync"
	Host   string // lower case; an IPv6 address without brackets
	Port   uint16 // never 0: the scheme's own port where the text names none
	Base   string // raw bytes, unescaped, beginning and ending with a slash
}

// defaultPorts are the ports that the schemes' own specifications name (RFC
// 1738, section 3.2.2; RFC 9110, section 4.2; RFC 5781; for ftps, which no RFC has,
// the port that IANA registered).
var defaultPorts = map[string]uint16{"ftp": 21, "ftps": 990, "http": 80, "https": 443, "rsync": 873}

// userinfo is what must not be shown of a URL that cannot even be parsed.
var userinfo = regexp.MustCompile(`//[^/]*@`)

// ParseURL reads the base URL of a site.
func ParseURL(text string) (URL, error) {
	u, path, err := SplitURL(text)
	if err != nil {
		return URL{}, err
	}
	u.Base = path.Dir()
	return u, nil
}

// SplitURL reads any URL that could lie on a site: it returns the server, with
// the base "/", and the path on it. A query or a fragment is refused: a crawled
// hierarchy has neither.
func SplitURL(text string) (URL, Path, error) {
	p, err := url.Parse(text)
	if err != nil {
		if e, ok := err.(*url.Error); ok {
			err = e.Err
		}
		return URL{}, "", fmt.Errorf("URL %q: %w", userinfo.ReplaceAllString(text, "//"), err)
	}
	refuse := func(format string, args ...any) (URL, Path, error) {
		return URL{}, "", fmt.Errorf("URL %q: %s", p.Redacted(), fmt.Sprintf(format, args...))
	}
	u := URL{Scheme: strings.ToLower(p.Scheme), Host: strings.ToLower(p.Hostname()), Base: "/"}
	port, known := defaultPorts[u.Scheme]
	switch {
	case !known:
		return refuse("scheme %q is not one of ftp, ftps, http, https, rsync", p.Scheme)
	case u.Host == "":
		return refuse("it names no host")
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("/\\%<>\"", r) }):
		return refuse("its host %q holds a character that no host name holds", u.Host)
	case strings.Contains(u.Host, ":") && !isIPv6(u.Host):
		return refuse("its host %q is no address of IPv6", u.Host)
	case p.User != nil:
		return refuse("sites are visited anonymously; take the user name and password out")
	case p.RawQuery != "" || p.ForceQuery || p.Fragment != "":
		return refuse("a site has no query or fragment; write ? as %%3F and # as %%23")
	}
	if text := p.Port(); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return refuse("port %q is not between 1 and 65535", text)
		}
		port = uint16(n)
	}
	u.Port = port
	path, err := ParsePath(p.Path)
	if err != nil {
		return refuse("%v", err)
	}
	return u, path, nil
}

func isIPv6(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Is6()
}

// HostPort returns host and port, for dialling and for look-ups by host.
func (u URL) HostPort() string { return net.JoinHostPort(u.Host, strconv.Itoa(int(u.Port))) }

// Authority returns the host, with the port where it is not the scheme's own.
func (u URL) Authority() string {
	if u.Port == defaultPorts[u.Scheme] {
		if strings.Contains(u.Host, ":") {
			return "[" + u.Host + "]"
		}
		return u.Host
	}
	return u.HostPort()
}

// String writes the URL with its base path escaped; it is the site's identity
// where u is its crawl URL.
func (u URL) String() string { return u.Scheme + "://" + u.Authority() + EscapePath(u.Base) }

// At returns the URL of a path below the base, every byte escaped that could
// be taken for something else. Dir says that the path is a directory's, which
// gets a slash at its end.
func (u URL) At(p Path, dir bool) string {
	rest := strings.TrimPrefix(string(p), "/")
	if dir && rest != "" {
		rest += "/"
	}
	return u.String() + EscapePath(rest)
}

// Below returns what remains of a path on the same server below the base, and
// whether it lies there at all.
func (u URL) Below(p Path) (rest Path, ok bool) {
	below, ok := strings.CutPrefix(string(p), strings.TrimSuffix(u.Base, "/"))
	switch {
	case !ok || below != "" && below[0] != '/':
		return "", false
	case below == "":
		return Root, true
	}
	return Path(below), true
}

// MarshalText writes the URL as String does.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (u *URL) UnmarshalText(text []byte) (err error) {
	*u, err = ParseURL(string(text))
	return err
}

// EscapePath escapes a path's bytes for a URL, leaving slashes and the
// characters that RFC 3986 calls unreserved, and a few more that are safe
// everywhere in a path.
func EscapePath(raw string) string {
	return string(AppendEscaped(make([]byte, 0, len(raw)), raw))
}

// AppendEscaped appends what [EscapePath] returns.
func AppendEscaped[Bytes string | []byte](b []byte, raw Bytes) []byte {
	const upperHex = "0123456789ABCDEF"
	for i := range len(raw) {
		if c := raw[i]; safe[c] {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}

// safe has the bytes that stand for themselves in an escaped path.
var safe = func() (safe [256]bool) {
	for c := range 256 {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		safe[c] = letter || strings.IndexByte("/-._~+@,:=!$()*", byte(c)) >= 0
	}
	return safe
}()
