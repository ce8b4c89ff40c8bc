package redirect

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mirrortracker/internal/digest"
)

// A Question is what a client wants to know.
type Question struct {
	// Text names a site and a path on it, in any of the forms that
	// resolver.Index.Locate takes. A slash at its end says that the client
	// takes the path for a directory's.
	Text string
	// Scheme is what the client speaks: "http", "https" or "ftp".
	Scheme string
	// Client is the client's address, the zero Addr where it is not known.
	Client netip.Addr
	// Within is an ancestor directory of the path, below the base of its site, as
	// raw bytes: only replicas of all of it are wanted. "" asks for none.
	Within string

	at time.Time // when it was asked; zero means now
}

func (q *Question) slash() bool { return strings.HasSuffix(q.Text, "/") }

// pathText reads the names in a request's path, as raw bytes with single
// slashes between them.
func pathText(u *url.URL) (string, error) {
	// RawPath is set wherever the path's bytes cannot be told from Path: above
	// all where a slash is escaped.
	path, escaped := u.RawPath, true
	if path == "" {
		path, escaped = u.Path, false
	}
	if !escaped && plainPath(path) {
		return path, nil
	}
	var text strings.Builder
	text.Grow(len(path))
	for name := range strings.SplitSeq(path, "/") {
		if name == "" {
			continue
		}
		if escaped {
			raw, err := url.PathUnescape(name)
			if err != nil {
				return "", fmt.Errorf("path segment %q: %w", name, err)
			}
			name = raw
		}
		if err := checkName(name); err != nil {
			return "", err
		}
		text.WriteByte('/')
		text.WriteString(name)
	}
	if strings.HasSuffix(path, "/") {
		text.WriteByte('/')
	}
	return text.String(), nil
}

// plainPath reports whether a path can be taken as it is: it has no empty names, and
// none that begins with a dot or holds what no name holds.
func plainPath(path string) bool {
	last := byte(0)
	for i := range len(path) {
		c := path[i]
		if c == '\x00' || c == '\r' || c == '\n' || last == '/' && (c == '/' || c == '.') {
			return false
		}
		last = c
	}
	return path != "" && path[0] == '/'
}

func checkName(name string) error {
	switch {
	case name == "." || name == "..":
		return fmt.Errorf("path segment %q: a path must be written without it", name)
	case !digest.SoundName(name):
		return fmt.Errorf("path segment %q: no name holds a slash, NUL, CR or LF", name)
	}
	return nil
}

var errNoURL = errors.New("parameter url is empty; give the URL of a file or directory")

// urlText reads the value of the parameter url. If "://" stands in it, it is a
// URL as it is, its own escapes among it; otherwise it was escaped once more, as
// forms and programs do.
func urlText(value string) (string, error) {
	if !strings.Contains(value, "://") {
		text, err := url.QueryUnescape(value)
		if err != nil {
			return "", fmt.Errorf("parameter url: %w", err)
		}
		value = strings.TrimSpace(text)
	}
	if value == "" {
		return "", errNoURL
	}
	return value, nil
}

// parameter returns the value of the first parameter of that name in a query,
// still escaped, and whether there is one.
func parameter(query, name string) (value string, ok bool) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if key == name {
			return value, true
		}
	}
	return "", false
}

// wantsJSON reports whether a client asks for JSON: by the parameter json, or by
// preferring the type in Accept.
func wantsJSON(req *http.Request) bool {
	if _, ok := parameter(req.URL.RawQuery, "json"); ok {
		return true
	}
	return preferred(req, jsonText) != ""
}

// weight returns the weight among a media type's parameters: 1 if there is none,
// and 0 if it is not one.
func weight(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		if q, err := strconv.ParseFloat(value, 64); err == nil && q >= 0 && q <= 1 {
			return q
		}
		return 0
	}
	return 1
}
