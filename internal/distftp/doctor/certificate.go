package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// soon is when a certificate is about to expire: those that renew by themselves do so at
// thirty days, as a rule.
const soon = 14 * 24 * time.Hour

// Certificate looks at a chain of certificates, the server's own first. Trusted are the
// authorities that clients trust, nil for those of this machine. It must be valid for all
// of the names, of which there need not be any.
func (f *Findings) Certificate(check string, chain []*x509.Certificate, names []string, trusted *x509.CertPool, now time.Time) {
	if len(chain) == 0 {
		f.Bad(check, "", "there is none")
		return
	}
	own := chain[0]
	before := len(*f)
	switch left := own.NotAfter.Sub(now); {
	case left < 0:
		f.Bad(check, "renew it; ftpd reads the files again by itself", "expired at %s", own.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(own.NotBefore):
		f.Bad(check, "look at the clocks of this machine and of who issued it", "is not valid before %s", own.NotBefore.UTC().Format(time.RFC3339))
	case left < soon:
		f.Doubt(check, "renew it; ftpd reads the files again by itself", "expires in %d days, at %s", int(left/(24*time.Hour)), own.NotAfter.UTC().Format(time.RFC3339))
	}
	for _, name := range names {
		if err := own.VerifyHostname(name); err != nil {
			f.Bad(check, "use a certificate that has the name by which clients connect", "%v", err)
		}
	}
	if len(*f) > before {
		return
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	if _, err := own.Verify(x509.VerifyOptions{Roots: trusted, Intermediates: between, CurrentTime: now}); err != nil {
		f.Doubt(check, "clients will ask their users or refuse: use one of a public authority, with all certificates between in tls.certificate", "this machine does not trust it: %v", err)
		return
	}
	f.Good(check, "valid until %s", own.NotAfter.UTC().Format(time.DateOnly))
}

// Pair looks at a certificate in files.
func (f *Findings) Pair(check, chain, key string, names []string, now time.Time) {
	pair, err := tls.LoadX509KeyPair(chain, key)
	if err != nil {
		f.Bad(check, "tls.certificate and tls.key name PEM files that this user may read", "%v", err)
		return
	}
	var certificates []*x509.Certificate
	for _, der := range pair.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			f.Bad(check, "remove what is no certificate from the file", "%s: %v", chain, err)
			return
		}
		certificates = append(certificates, c)
	}
	f.Certificate(check, certificates, names, nil, now)
}
