package control

import (
	"context"
	"slices"
	"strings"

	"mirrortracker/internal/mirror"
)

// Mirrors changes which foreign servers stand in for this one, where that is kept. It may
// be called concurrently.
type Mirrors interface {
	// Manage does what an administrator says after SITE, from REMOTE or DIRMIRROR on, and
	// returns what came of it, in lines. With "--help" at its end nothing is done but to
	// explain the rest. resolve makes paths of what the client writes for those here.
	Manage(ctx context.Context, line string, resolve func(string) (mirror.Path, error)) (Outcome, []string)
}

// mirrorVerbs are the commands after SITE REMOTE.
const mirrorVerbs = "ADDALIAS | ALIAS | ALIASES | CHANGE | TUNNEL | DELALIAS | ADDMIRROR | DEFMIRROR | DELMIRROR | MIRRORS | CONNECTIONS | DISCONNECT | HELP"

// mirrorCommand makes the answer to SITE REMOTE or SITE DIRMIRROR.
func mirrorCommand(verb string) func(*session, string) {
	return func(s *session, arg string) { s.mirror(verb + " " + arg) }
}

// mirror answers what an administrator wants foreign servers to stand in for.
func (s *session) mirror(line string) {
	switch {
	case !s.account.Admin:
		s.fail(errNotAdmin)
		return
	case s.Mirrors == nil:
		s.out.reply(502, "There are no mirrors here")
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.IdleTimeout)
	defer cancel()
	outcome, lines := s.Mirrors.Manage(ctx, line, func(arg string) (mirror.Path, error) { return s.target(arg) })
	s.managed(line, outcome, lines)
}

// hasMirrorPassword reports whether a password may follow in SITE REMOTE. What is not
// understood may be a slip of the pen.
func hasMirrorPassword(word string) bool {
	word = strings.ToUpper(word)
	return word == "ADDALIAS" || word == "CHANGE" || !slices.Contains(strings.Fields(mirrorVerbs), word)
}
