package health

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
)

// maxReply bounds a reply of a server of FTP, in bytes.
const maxReply = 16 << 10

// checkFTP logs in and asks for the size of a file (RFC 3659, section 4), where the
// server can tell.
func (p *prober) checkFTP(ctx context.Context, d *dialer, q *question) finding {
	cfg, err := p.login(q)
	if err != nil {
		return finding{verdict: busy, reason: err.Error()}
	}
	cfg.Dial = d.DialContext
	conn, err := ftpconn.Dial(ctx, cfg)
	if full, ok := errors.AsType[*ftpconn.BusyError](err); ok {
		return finding{verdict: busy, reason: full.Error()}
	}
	if err != nil {
		return p.because(q, err)
	}
	defer conn.Close()
	if q.file == "" {
		return finding{}
	}
	reply, err := conn.Cmd(ctx, "SIZE "+q.url.Base+strings.TrimPrefix(string(q.file), "/"))
	if err != nil {
		return p.because(q, err)
	}
	return judgeSize(reply, q)
}

// judgeSize says what the reply to SIZE means.
func judgeSize(reply ftpconn.Reply, q *question) finding {
	switch reply.Code {
	case 213:
		size, err := strconv.ParseInt(strings.TrimSpace(reply.Text()), 10, 64)
		if err != nil {
			return finding{verdict: failed, reason: fmt.Sprintf("SIZE: the server answers %q", reply)}
		}
		if size != q.size {
			return finding{verdict: missing, reason: fmt.Sprintf("%s has %d bytes, not %d", asked(q), size, q.size)}
		}
		return finding{}
	case 500, 502, 504:
		return finding{} // it has no SIZE; who is let in is served
	case 550:
		return finding{verdict: missing, reason: fmt.Sprintf("SIZE of %s: the server answers %q", asked(q), reply)}
	}
	return finding{verdict: failed, reason: fmt.Sprintf("SIZE of %s: the server answers %q", asked(q), reply)}
}

// login says how to log in: on the host where the site is crawled as the crawler
// does, elsewhere as anybody does.
func (p *prober) login(q *question) (ftpconn.Config, error) {
	cfg := ftpconn.Config{
		Addr:     q.url.HostPort(),
		Timeout:  q.whole,
		Contact:  p.contact,
		MaxReply: maxReply,
		TLS:      ftpconn.NoTLS,
	}
	visit := q.site.Visit
	if q.url == q.site.URL {
		cfg.TLS = ftpconn.TLSMode(q.site.Secure())
	} else if q.url.Scheme == "ftps" {
		cfg.TLS = ftpconn.ImplicitTLS
	}
	if cfg.TLS != ftpconn.NoTLS {
		var err error
		if cfg.TLSConfig, err = trust(visit); err != nil {
			return cfg, err
		}
	}
	if q.url.Host != q.site.URL.Host || visit.User == "" {
		return cfg, nil
	}
	password, err := visit.ReadPassword(p.getenv)
	cfg.User, cfg.Password = visit.User, password
	return cfg, err
}

// trust says whose certificates are taken.
func trust(visit mirror.Visit) (*tls.Config, error) {
	if visit.CA == "" {
		return &tls.Config{InsecureSkipVerify: visit.Insecure}, nil
	}
	text, err := os.ReadFile(visit.CA)
	if err != nil {
		return nil, fmt.Errorf("certificates to trust: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("certificates to trust: %s holds none in PEM form", visit.CA)
	}
	return &tls.Config{RootCAs: roots}, nil
}
