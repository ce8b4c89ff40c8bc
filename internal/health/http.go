package health

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// The limits of what is taken from a server of HTTP.
const (
	maxRedirects = 5
	maxHeader    = 16 << 10 // bytes
)

// checkHTTP asks for a file by HEAD, or by GET for its first byte where the server
// has no HEAD. No body is read.
func (p *prober) checkHTTP(ctx context.Context, d *dialer, q *question) finding {
	transport := &http.Transport{
		DialContext:            d.DialContext,
		DisableKeepAlives:      true,
		DisableCompression:     true, // the size is that of the file as it is
		MaxResponseHeaderBytes: maxHeader,
		TLSClientConfig:        &tls.Config{RootCAs: p.roots},
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport: transport,
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			return followed(next.URL, via, q.hosts, d)
		},
	}
	where := q.url.String()
	if q.file != "" {
		where = q.url.At(q.file, false)
	}
	res, err := p.ask(ctx, client, http.MethodHead, where)
	if err == nil && (res.StatusCode == http.StatusMethodNotAllowed || res.StatusCode == http.StatusNotImplemented) {
		res, err = p.ask(ctx, client, http.MethodGet, where)
	}
	if err != nil {
		return p.because(q, err)
	}
	return judge(res, q)
}

// ask makes one request and leaves the body.
func (p *prober) ask(ctx context.Context, client *http.Client, method, where string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, where, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "mirrortracker health check ("+p.contact+")")
	req.Header.Set("Accept-Encoding", "identity")
	if method == http.MethodGet {
		req.Header.Set("Range", "bytes=0-0")
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	return res, res.Body.Close()
}

// followed says why a redirect is not followed. Where the host's name leads is the
// dialer's business.
func followed(next *url.URL, via []*http.Request, tracked hosts, d *dialer) error {
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("it redirects more than %d times", maxRedirects)
	case next.Scheme != "http" && next.Scheme != "https":
		return fmt.Errorf("it redirects to %s, which is neither http nor https", next.Redacted())
	case next.User != nil:
		return fmt.Errorf("it redirects to %s, with a user", next.Redacted())
	case !d.permits(next.Hostname()):
		return fmt.Errorf("it redirects to %s, a private or special address", next.Host)
	case !tracked.has(next):
		return fmt.Errorf("it redirects to %s, which is no tracked host", next.Host)
	}
	return nil
}

// judge says what a response means.
func judge(res *http.Response, q *question) finding {
	status := strconv.Itoa(res.StatusCode) + " " + http.StatusText(res.StatusCode)
	switch code := res.StatusCode; {
	case code == http.StatusTooManyRequests:
		return finding{verdict: busy, reason: status}
	case q.file == "" && (code == http.StatusUnauthorized || code == http.StatusForbidden):
		return finding{} // there is a server, which does not list
	case code == http.StatusNotFound || code == http.StatusGone:
		return finding{verdict: missing, reason: status + " for " + asked(q)}
	case code != http.StatusOK && code != http.StatusPartialContent:
		return finding{verdict: failed, reason: status + " for " + asked(q)}
	}
	if size, told := sizeOf(res); told && q.file != "" && size != q.size {
		return finding{verdict: missing, reason: fmt.Sprintf("%s has %d bytes, not %d", asked(q), size, q.size)}
	}
	return finding{}
}

// sizeOf returns the size of the file, where the response tells (RFC 9110, sections
// 8.6 and 14.4).
func sizeOf(res *http.Response) (size int64, told bool) {
	switch {
	case res.Header.Get("Content-Encoding") != "" && res.Header.Get("Content-Encoding") != "identity":
		return 0, false
	case res.StatusCode == http.StatusOK:
		return res.ContentLength, res.ContentLength >= 0
	}
	_, total, _ := strings.Cut(res.Header.Get("Content-Range"), "/")
	size, err := strconv.ParseInt(strings.TrimSpace(total), 10, 64)
	return size, err == nil && size >= 0
}

// asked names what was asked for.
func asked(q *question) string {
	if q.file == "" {
		return q.url.Base
	}
	return string(q.file)
}
