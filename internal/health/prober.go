package health

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// A prober asks real servers.
type prober struct {
	lookup  Lookup
	routed  func(Family) bool
	allowed []netip.Prefix
	roots   *x509.CertPool // for HTTPS; nil for the system's
	contact string
	getenv  func(string) string
}

func newProber(cfg *Config) *prober {
	p := &prober{
		lookup:  cfg.Lookup,
		routed:  systemRouted,
		allowed: cfg.Options.Private,
		contact: cfg.Options.Contact,
		getenv:  cfg.Getenv,
	}
	if p.lookup == nil {
		p.lookup = systemLookup
	}
	if p.getenv == nil {
		p.getenv = func(string) string { return "" }
	}
	return p
}

// check asks a question. It returns in time, whatever the server does.
func (p *prober) check(ctx context.Context, q *question) finding {
	ctx, cancel := context.WithTimeout(ctx, q.whole)
	defer cancel()
	d := &dialer{
		family:  q.family,
		lookup:  p.lookup,
		private: private(q.url.Host),
		allowed: p.allowed,
		connect: q.whole / 2,
	}
	var f finding
	if q.url.Scheme == "ftp" || q.url.Scheme == "ftps" {
		f = p.checkFTP(ctx, d, q)
	} else {
		f = p.checkHTTP(ctx, d, q)
	}
	f.file = q.file
	f.reason = clean(f.reason)
	return f
}

// because turns an error into what it says about the URL.
func (p *prober) because(q *question, err error) finding {
	if none, ok := errors.AsType[*absentError](err); ok && none.host == q.url.Host {
		return finding{verdict: absent, reason: none.Error()}
	}
	if unrouted(err) && !p.routed(q.family) {
		return finding{verdict: ours, reason: fmt.Sprintf("there is no %s network here", q.family)}
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // without method and URL, which are known
	}
	if slow, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || ok && slow.Timeout() {
		return finding{verdict: failed, reason: fmt.Sprintf("no answer within %s: %v", q.whole.Round(time.Millisecond), err)}
	}
	return finding{verdict: failed, reason: err.Error()}
}

// clean makes one short line of what may come from a server.
func clean(reason string) string {
	reason = strings.Map(func(r rune) rune {
		if r == '\n' {
			return ';'
		}
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(reason, "\uFFFD"))
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "..."
	}
	return reason
}
