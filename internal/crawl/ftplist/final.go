package ftplist

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"regexp"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/ftpconn"
)

// hasEnough reports whether an error of connecting says that the site accepts no more
// connections than are open. Not all servers say so in words that are known; but who is
// in already and is refused is so for their number.
func (s *Source) hasEnough(err error) bool {
	if _, ok := errors.AsType[*ftpconn.BusyError](err); ok {
		return true
	}
	_, refused := errors.AsType[*ftpconn.LoginError](err)
	s.mu.Lock()
	defer s.mu.Unlock()
	return refused && s.opened > 0
}

// final makes a [*crawl.FinalError] of an error of connecting that is due to the site's
// settings. They are right if anybody was ever let in with them.
func (s *Source) final(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entered {
		return err
	}
	if remedy := s.cfg.remedy(err); remedy != "" {
		return &crawl.FinalError{Err: err, Remedy: remedy}
	}
	return err
}

// remedy says what in the site's settings could be changed so that an error of
// connecting goes away, "" if nothing.
func (cfg *Config) remedy(err error) string {
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return remedyOfCertificate(bad) + ", or set insecure to take any certificate"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok && cfg.Conn.TLS == ftpconn.ImplicitTLS {
		return `this port does not begin with TLS: a URL with ftp:// and the site's tls set to "explicit" may do`
	}
	if no, ok := errors.AsType[*ftpconn.ReplyError](err); ok && no.Reply.Code/100 == 5 {
		switch no.Command {
		case "AUTH":
			return `the server has no TLS here: set the site's tls to "off", or take a URL with ftps:// and the port where it begins with TLS`
		case "PBSZ", "PROT":
			return `the server does not encrypt data connections: set the site's tls to "off"`
		}
	}
	if no, ok := errors.AsType[*ftpconn.LoginError](err); ok {
		return cfg.remedyOfLogin(no)
	}
	if bad, ok := errors.AsType[*net.AddrError](err); ok && cfg.Conn.Family != ftpconn.AnyFamily && bad.Err == "no suitable address found" {
		return "set the site's family to that of its address, or to none"
	}
	return ""
}

func remedyOfCertificate(bad *tls.CertificateVerificationError) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](bad); ok {
		return "set the site's ca to a file with the certificate of its authority"
	}
	if _, ok := errors.AsType[x509.HostnameError](bad); ok {
		return "crawl it at a name for which its certificate is"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](bad); ok && invalid.Reason == x509.Expired {
		return "see whether the clock is right, and wait until the server has another"
	}
	return "let those who run the server know"
}

// wantsTLS finds the words of servers that let nobody in without TLS (vsftpd:
// "Anonymous sessions must use encryption."; pure-ftpd: "Sorry, cleartext sessions and
// weak ciphers are not accepted on this server.").
var wantsTLS = regexp.MustCompile(`(?i)\b(tls|ssl)\b|encrypt|clear\s?text`)

func (cfg *Config) remedyOfLogin(no *ftpconn.LoginError) string {
	secure := cfg.Conn.TLS != "" && cfg.Conn.TLS != ftpconn.NoTLS
	switch {
	case !secure && wantsTLS.MatchString(no.Reply.Text()):
		return `set the site's tls to "explicit"`
	case no.Reply.Code/100 != 5:
		return "" // it may change its mind
	case cfg.Conn.User == "":
		return "set the site's user and password, if it wants any"
	}
	return "see whether the site's user is right, and what stands where its password points to"
}
