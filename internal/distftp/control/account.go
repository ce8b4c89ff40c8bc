package control

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"mirrortracker/internal/mirror"
)

// A Login is what a client says about itself and how it came.
type Login struct {
	User, Password string
	Peer           netip.Addr // where it comes from; the zero value if not over IP
	Host           string     // the server that it asked for with HOST (RFC 7151), or ""
	Secure         bool       // the password came under TLS
}

// An Account is what a client may do after its login. The zero value may do what the
// engine's FS and Planner let everybody do.
type Account struct {
	Name        string      // for limits, logs and SITE WHO: one name, one user
	Welcome     string      // the text of the reply to PASS, one line or several
	Home        mirror.Path // where the session begins: the root if empty
	FS          FS          // names as this user may see them: the engine's if nil
	Planner     Planner     // bytes as this user may have them: the engine's if nil
	Access      Access      // what this user may do: the engine's if nil
	Quota       Quota       // what it may store: no limit if nil
	Up, Down    int64       // bytes a second of a session's uploads, and of its downloads: no limit if 0
	MaxSessions int         // of this user at a time: the engine's limit if 0
	Foreign     bool        // data connections with other addresses than the client's (FXP)
	Anonymous   bool        // anybody may log in, with any password
	Admin       bool        // SITE WHO and KICK
	Close       func()      // called once, when the login ends; may be nil
}

// Why somebody is not let in.
var (
	// ErrLogin stands for everything that is wrong with a login. The client is never
	// told what (RFC 2577, 6).
	ErrLogin = errors.New("login incorrect")
	// ErrTooMany says that a limit is reached. The client is told the whole text.
	ErrTooMany = errors.New("too many sessions")
)

// An Authenticator decides who may log in. It may be called concurrently.
//
// Its errors wrap [ErrLogin] or [ErrTooMany]; any other counts as a fault of ours. It
// takes the same time for a user who does not exist as for a wrong password.
type Authenticator interface {
	Authenticate(ctx context.Context, l Login) (Account, error)
}

// Anonymous lets in the users "anonymous" and "ftp", with any password (RFC 1635).
type Anonymous struct{}

// Authenticate implements [Authenticator].
func (Anonymous) Authenticate(_ context.Context, l Login) (Account, error) {
	if !isAnonymous(l.User) {
		return Account{}, ErrLogin
	}
	return Account{Name: "anonymous", Anonymous: true, Welcome: "Welcome, access is read-only"}, nil
}

// isAnonymous reports whether a user is one of those who need no password.
func isAnonymous(name string) bool {
	return strings.EqualFold(name, "anonymous") || strings.EqualFold(name, "ftp")
}
