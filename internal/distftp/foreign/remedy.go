package foreign

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"regexp"

	"mirrortracker/internal/ftpconn"
)

// Remedy says what can be changed here or by an alias's settings so that a server which
// cannot be used for an error can be, "" if nothing is known.
func Remedy(err error) string {
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return remedyOfCertificate(bad)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the port does not begin with TLS: perhaps it is asked for there (ftpd mirror change ALIAS tls explicit)"
	}
	if no, ok := errors.AsType[*ftpconn.ReplyError](err); ok && no.Reply.Code/100 == 5 {
		switch no.Command {
		case "AUTH":
			return "the server has no TLS at this port, and was not told the password: perhaps it has a port that begins with TLS (ftpd mirror change ALIAS tls implicit); with tls off all is sent in clear"
		case "PBSZ", "PROT":
			return "the server does not encrypt data connections, and cannot be used with TLS"
		}
	}
	if no, ok := errors.AsType[*ftpconn.LoginError](err); ok && wantsTLS.MatchString(no.Reply.Text()) {
		return "the server wants TLS: ftpd mirror change ALIAS tls explicit"
	}
	return ""
}

func remedyOfCertificate(bad *tls.CertificateVerificationError) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](bad); ok {
		return `if it is the right server, put the certificate of its authority into the file that "mirror_ca" in the configuration names, and have the configuration read again (SIGHUP)`
	}
	if _, ok := errors.AsType[x509.HostnameError](bad); ok {
		return "call it by a name for which its certificate is: ftpd mirror change ALIAS host NAME"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](bad); ok && invalid.Reason == x509.Expired {
		return "see whether the clock is right, and wait until the server has another certificate"
	}
	return "let those who run the server know"
}

// wantsTLS finds the words of servers that let nobody in without TLS (vsftpd:
// "Non-anonymous sessions must use encryption."; pure-ftpd: "Sorry, cleartext sessions and
// weak ciphers are not accepted on this server.").
var wantsTLS = regexp.MustCompile(`(?i)\b(tls|ssl)\b|encrypt|clear\s?text`)
