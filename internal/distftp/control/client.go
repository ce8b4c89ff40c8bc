package control

import "strings"

// accountName answers ACCT (RFC 959, 4.1.1): who a client is, USER and PASS have said.
func (s *session) accountName(string) {
	s.out.reply(202, "No account is needed beside USER and PASS")
}

// language answers LANG (RFC 2640, 4.1): replies are in English.
func (s *session) language(arg string) {
	tag, _, _ := strings.Cut(strings.TrimSpace(arg), "-")
	if tag != "" && !strings.EqualFold(tag, "EN") {
		s.out.reply(504, "Replies are in English only")
		return
	}
	s.out.reply(200, "Replies are in English")
}

// clientName answers CLNT: which program the client is. It makes no difference but for
// where data connections can be made.
func (s *session) clientName(arg string) {
	s.program, s.signs = arg, s.signs|toldMore
	s.log.Debug("client", "program", arg)
	s.out.reply(200, "Noted")
}

// identify answers CSID (draft-peterson-streamlined-ftp-command-extensions, 4): the same,
// from both sides. What a client could rely on FEAT says.
func (s *session) identify(arg string) {
	s.program, s.signs = arg, s.signs|toldMore
	s.log.Debug("client", "program", arg)
	s.out.reply(200, "Name=Mirror Tracker ftpd; CaseSensitive=1; DirSep=/;")
}
