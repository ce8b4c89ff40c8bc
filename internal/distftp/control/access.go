package control

import (
	"cmp"
	"context"
	"errors"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// maxUser bounds the name of a user, in bytes; it goes into the log.
const maxUser = 255

// maxFailures is how many failed logins end a session.
const maxFailures = 3

// userName answers USER. Every name is asked for a password, so that nobody learns
// which exist (RFC 2577, 6).
func (s *session) userName(arg string) {
	s.logOut()
	if s.guard == nil && s.TLS != nil && (s.TLS.RequireControl || s.TLS.RequireForUsers && !isAnonymous(arg)) {
		s.out.reply(530, "Protect the connection first: AUTH TLS")
		return
	}
	if len(arg) > maxUser {
		s.out.reply(501, "Nobody's name is that long")
		return
	}
	s.user = arg
	s.out.reply(331, "Please give the password")
}

// password answers PASS.
func (s *session) password(arg string) {
	switch {
	case s.loggedIn:
		s.out.reply(230, "Already logged in")
		return
	case s.user == "":
		s.out.reply(503, "Login with USER first")
		return
	}
	ctx, cancel := context.WithDeadline(s.ctx, s.loginBy)
	defer cancel()
	account, err := s.findAccount(ctx, Login{User: s.user, Password: arg, Peer: s.peer, Host: s.host, Secure: s.guard != nil})
	if err == nil {
		err = s.logIn(account)
	}
	switch {
	case err == nil:
		if account.Anonymous {
			s.client.Ident = arg
		}
		s.Observer.Observe(&LoggedIn{&s.client})
		s.tryHome()
		s.out.reply(230, cmp.Or(account.Welcome, "Welcome"))
	case errors.Is(err, ErrLogin):
		s.refuseLogin(err)
	case errors.Is(err, ErrTooMany):
		s.Observer.Observe(&LoginFailed{&s.client, s.user, LoginLimit, err})
		s.out.reply(421, "Try again later: "+err.Error())
		s.over = true
	case errors.Is(err, errSuspect):
		s.Observer.Observe(&LoginFailed{&s.client, s.user, LoginThrottled, err})
		s.out.reply(421, "Too many failed logins from your address, try again later")
		s.over = true
	case errors.Is(err, context.DeadlineExceeded):
		s.Observer.Observe(&LoginFailed{&s.client, s.user, LoginThrottled, err})
		s.out.reply(421, "Too many log in at the same time, try again later")
		s.over = true
	default:
		s.Observer.Observe(&LoginFailed{&s.client, s.user, LoginFault, err})
		s.out.reply(421, "Nobody can log in now, try again later")
		s.over = true
	}
}

// findAccount finds it. Who is anonymous has no password that could be found out.
func (s *session) findAccount(ctx context.Context, l Login) (a Account, err error) {
	if isAnonymous(l.User) {
		return s.Authenticator.Authenticate(ctx, l)
	}
	err = s.vet(ctx, l.User, func() error {
		a, err = s.Authenticator.Authenticate(ctx, l)
		return err
	})
	return a, err
}

// refuseLogin answers a login that is not right, each time later than the last.
func (s *session) refuseLogin(err error) {
	s.Observer.Observe(&LoginFailed{&s.client, s.user, LoginWrong, err})
	s.user = ""
	s.failures++
	_ = wait(s.ctx, time.Duration(s.failures)*s.FailureDelay) // cut short if the server stops
	if s.failures < maxFailures {
		s.out.reply(530, "Login incorrect")
		return
	}
	s.out.reply(421, "Too many failed logins")
	s.over = true
}

// logIn makes an account the session's, or gives it back.
func (s *session) logIn(a Account) error {
	if err := s.place.logIn(a.Name, cmp.Or(a.MaxSessions, s.Limits.PerUser)); err != nil {
		if a.Close != nil {
			a.Close()
		}
		return err
	}
	s.loggedIn, s.account = true, a
	s.ctx = vfs.WithUser(s.base, a.Name)
	s.client.User, s.client.Anonymous, s.client.Ident = a.Name, a.Anonymous, ""
	s.paces = [3]*data.Pace{Upload: data.NewPace(a.Up), Download: data.NewPace(a.Down)}
	s.cwd = cmp.Or(a.Home, mirror.Root)
	s.FS, s.Planner, s.access = s.Engine.FS, s.Engine.Planner, s.Access
	if a.FS != nil {
		s.FS = a.FS
	}
	if a.Planner != nil {
		s.Planner = a.Planner
	}
	if a.Access != nil {
		s.access = a.Access
	}
	return nil
}

// logOut ends what logIn began; the client has as much time again for the next login.
func (s *session) logOut() {
	s.user, s.cwd = "", mirror.Root
	if !s.loggedIn {
		return
	}
	s.dropMeeting()
	s.place.logOut()
	if s.account.Close != nil {
		s.account.Close()
	}
	s.loggedIn, s.account, s.FS, s.Planner, s.access = false, Account{}, nil, nil, nil
	s.ctx, s.coming = s.base, expectation{}
	s.client.User, s.client.Anonymous, s.client.Ident = "", false, ""
	s.paces = [3]*data.Pace{}
	s.renaming, s.copying = "", ""
	s.loginBy = time.Now().Add(s.LoginTimeout)
}

// quit answers QUIT; a transfer that was running has ended by now.
func (s *session) quit(string) {
	s.out.reply(221, "Goodbye")
	s.over = true
}

// noop answers NOOP.
func (s *session) noop(string) { s.out.reply(200, "OK") }
