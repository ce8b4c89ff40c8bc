package control

import "strings"

// maxFailures is how many failed logins end a session.
const maxFailures = 3

// userName answers USER. Every name is asked for a password, so that nobody learns
// which exist (RFC 2577, 6).
func (s *session) userName(arg string) {
	s.user, s.loggedIn = arg, false
	s.out.reply(331, "Please give the password")
}

// password answers PASS. Anonymous clients get in with any (RFC 1635).
func (s *session) password(string) {
	switch {
	case s.loggedIn:
		s.out.reply(230, "Already logged in")
	case s.user == "":
		s.out.reply(503, "Login with USER first")
	case strings.EqualFold(s.user, "anonymous"), strings.EqualFold(s.user, "ftp"):
		s.loggedIn = true
		s.log.Info("login", "user", s.user)
		s.out.reply(230, "Welcome, access is read-only")
	default:
		s.log.Info("login refused", "user", s.user)
		s.user = ""
		if s.failures++; s.failures < maxFailures {
			s.out.reply(530, "Login incorrect")
			return
		}
		s.out.reply(421, "Too many failed logins")
		s.over = true
	}
}

// quit answers QUIT; a transfer that was running has ended by now.
func (s *session) quit(string) {
	s.out.reply(221, "Goodbye")
	s.over = true
}

// noop answers NOOP.
func (s *session) noop(string) { s.out.reply(200, "OK") }
