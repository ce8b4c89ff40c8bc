package control

import (
	"context"
	"errors"
	"strings"
	"time"
)

// A Manager changes users and groups where they are kept. It may be called concurrently.
type Manager interface {
	// Manage does what an administrator says after SITE, from USER or GROUP on, and
	// returns what came of it, in lines. With "--help" at its end nothing is done but to
	// explain the rest. If the connection is not secure, no password is taken.
	Manage(ctx context.Context, line string, secure bool) (Outcome, []string)
	// ChangePassword gives a user a new password; the line has the old one and the new
	// one. Its errors wrap [ErrSyntax], and [ErrLogin] if the old one is not right; the
	// client is told the text of others.
	ChangePassword(ctx context.Context, user, line string) error
}

// ErrSyntax stands for a line that cannot be understood.
var ErrSyntax = errors.New("syntax error")

// An Outcome says how a command ended.
type Outcome uint8

// The outcomes.
const (
	Done    Outcome = iota
	Misused         // it was not understood
	Failed          // it could not be done
)

// manageCommand makes the answer to SITE USER or SITE GROUP.
func manageCommand(verb string) func(*session, string) {
	return func(s *session, arg string) { s.manage(strings.TrimSpace(verb + " " + arg)) }
}

// manage answers what an administrator wants done to users and groups.
func (s *session) manage(line string) {
	switch {
	case !s.account.Admin:
		s.fail(errNotAdmin)
		return
	case s.Manager == nil:
		s.out.reply(502, "There are no users that could be managed here")
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.IdleTimeout)
	defer cancel()
	outcome, lines := s.Manager.Manage(ctx, line, s.guard != nil)
	s.managed(line, outcome, lines)
}

// managed tells what came of a command that changes how the server is set up.
func (s *session) managed(line string, outcome Outcome, lines []string) {
	s.log.Info("managed", "what", redact("SITE", line), "by", s.account.Name, "done", outcome == Done)
	switch {
	case outcome == Misused:
		s.out.reply(501, strings.Join(lines, "\n"))
	case outcome == Failed:
		s.out.reply(550, strings.Join(lines, "\n"))
	case len(lines) == 1:
		s.out.reply(200, lines[0])
	default:
		words := strings.Fields(strings.ToUpper(line))
		s.out.block(200, "SITE "+strings.Join(words[:min(2, len(words))], " "), lines, "End")
	}
}

// sitePassword answers SITE PSWD, with which users change their own passwords. Whoever
// tries to find out the old one is slowed down as at a login.
func (s *session) sitePassword(arg string) {
	switch {
	case s.Manager == nil:
		s.out.reply(502, "There are no passwords that could be changed here")
		return
	case s.guard == nil:
		s.out.reply(522, "A password is taken under TLS alone, see AUTH TLS")
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.IdleTimeout)
	defer cancel()
	err := s.vet(ctx, s.account.Name, func() error { return s.Manager.ChangePassword(ctx, s.account.Name, arg) })
	switch {
	case err == nil:
		s.log.Info("password changed", "user", s.account.Name)
		s.out.reply(200, "Password changed, it counts from the next login on")
	case errors.Is(err, ErrSyntax):
		s.refuseSite("PSWD")
	case errors.Is(err, errSuspect):
		s.log.Warn("password not changed", "user", s.account.Name, "err", err)
		s.out.reply(421, "Too many failed logins from your address, try again later")
		s.over = true
	case errors.Is(err, ErrLogin):
		s.log.Warn("password not changed", "user", s.account.Name, "err", err)
		s.failures++
		_ = wait(s.ctx, time.Duration(s.failures)*s.FailureDelay)
		if s.failures >= maxFailures {
			s.out.reply(421, "Too many wrong passwords")
			s.over = true
			return
		}
		s.out.reply(550, "The old password is wrong")
	default:
		s.log.Warn("password not changed", "user", s.account.Name, "err", err)
		s.out.reply(550, "Password not changed: "+err.Error())
	}
}

// redact keeps passwords out of logs.
func redact(verb, arg string) string {
	switch verb {
	case "PASS", "ACCT":
		return "***"
	case "SITE":
		words := strings.SplitN(strings.TrimLeft(arg, " "), " ", 3)
		switch {
		case strings.EqualFold(words[0], "PSWD"):
			return "PSWD ***"
		case strings.EqualFold(words[0], "USER") && len(words) == 3 && hasPassword(words[1]):
			return "USER " + words[1] + " ***"
		case strings.EqualFold(words[0], "REMOTE") && len(words) == 3 && hasMirrorPassword(words[1]):
			return "REMOTE " + words[1] + " ***"
		}
		if _, known := siteTable()[strings.ToUpper(words[0])]; !known && len(words) > 1 {
			return words[0] + " ***" // it may be one of these, misspelt
		}
	}
	return arg
}

// hasPassword reports whether a password may follow in SITE USER.
func hasPassword(word string) bool {
	return !strings.EqualFold(word, "SET") && !strings.EqualFold(word, "REMOVE") &&
		!strings.EqualFold(word, "LIST") && !strings.EqualFold(word, "SHOW")
}
