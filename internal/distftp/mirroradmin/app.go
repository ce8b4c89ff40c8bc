// Package mirroradmin is the management of mirrors, as a command line: that of "ftpd mirror"
// at a shell, and that of SITE REMOTE and SITE DIRMIRROR on a control connection. Both are
// the same commands with the same words; only where a password comes from, and how what
// running servers know is learnt, differs (see [Site]).
package mirroradmin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mirrortracker/internal/distftp/admin"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/program"
	"mirrortracker/internal/ui"
)

var examples = program.Examples

// An App is what a command runs in. The commands have methods Run that take one.
type App struct {
	context.Context
	*ui.Env
	Flags *admin.Flags // those of the command line

	// Open returns the database, and what is to be called when it is no longer needed.
	Open func() (*mirrors.Store, func() error, error)

	// Resolve makes a path in our file system of what was written for one.
	Resolve func(string) (mirror.Path, error)

	// Directory says why a path of our own is no directory, and is not asked about those of
	// aliases; nil: that cannot be seen from here, and a directory can be bound before it is made.
	Directory func(context.Context, mirror.Path) error

	// Password asks for the password of a user of a foreign server.
	Password func(user string) (string, error)

	// Probe finds out what a foreign server allows, for as long as Patience; nil: nobody
	// does.
	Probe    Probe
	Patience time.Duration

	// Ask returns what running servers know.
	Ask func(*mirrors.Store) ([]mirrors.Report, error)
}

// A Probe finds out what the server of an alias allows.
type Probe func(context.Context, *mirrors.Alias) (foreign.Abilities, error)

// done writes what a command did, in lines, or in JSON what has become of it.
func (a *App) done(v any, lines ...string) error {
	if a.Flags.JSON {
		return a.JSON(v)
	}
	_, err := fmt.Fprintln(a.Stdout, strings.Join(lines, "\n"))
	return err
}

// with runs a command on the database.
func (a *App) with(do func(s *mirrors.Store) error) error {
	s, release, err := a.Open()
	if err != nil {
		return err
	}
	return errors.Join(advise(do(s)), release())
}

// advise adds what can be done about an error.
func advise(err error) error {
	switch {
	case errors.Is(err, mirrors.ErrNoKey):
		return ui.Hint(err, "copy it from where it is: another server on this database, or a backup",
			"if it is lost, make a new one of 64 hex digits (openssl rand -hex 32), and give each password again: ftpd mirror change ALIAS pass")
	case errors.Is(err, mirrors.ErrOtherKey):
		return ui.Hint(err, "servers on one database need copies of one file", "a password that is given again is sealed with the key that is here: ftpd mirror change ALIAS pass")
	case errors.Is(err, mirrors.ErrNoAlias):
		return ui.Hint(err, "ftpd mirror aliases lists those that there are")
	case errors.Is(err, mirrors.ErrNoEntry), errors.Is(err, mirrors.ErrNoMember):
		return ui.Hint(err, "ftpd mirror mirrors lists those that there are")
	}
	if taken := (*mirrors.TakenError)(nil); errors.As(err, &taken) {
		return ui.Hint(err, "ftpd mirror change changes it")
	}
	if used := (*mirrors.UsedError)(nil); errors.As(err, &used) {
		return ui.Hint(err, "ftpd mirror delmirror takes an alias out of an entry, ftpd mirror dirmirror 0 unbinds a directory")
	}
	return err
}

// alias returns an alias as it is now.
func alias(s *mirrors.Store, p mirror.Path) (*mirrors.Alias, error) {
	if a := s.View().At(p); a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("%w: %s", mirrors.ErrNoAlias, p)
}

// memberOf returns a member as it is now, with its entry.
func memberOf(s *mirrors.Store, id int, p mirror.Path) (*mirrors.Entry, *mirrors.Member, error) {
	e := s.View().Entry(id)
	if m := e.Member(p); m != nil {
		return e, m, nil
	}
	return nil, nil, fmt.Errorf("%w of mirror entry %d: %s", mirrors.ErrNoMember, id, siteName(p))
}

// path reads a path in our file system.
func (a *App) path(text string) (mirror.Path, error) {
	p, err := a.Resolve(text)
	if err != nil {
		err = ui.Misuse("%w", err)
	}
	return p, err
}

// site reads what a member is called: an alias, or our own site, for which "" stands.
func (a *App) site(text string) (mirror.Path, error) {
	if strings.EqualFold(text, mirrors.Local) {
		return "", nil
	}
	return a.path(text)
}

// siteName is the reverse of site.
func siteName(p mirror.Path) string {
	if p == "" {
		return mirrors.Local
	}
	return string(p)
}

// recently is for how long what a server was found to allow is not looked for again.
const recently = time.Minute

// try tries out the server of an alias, unless that was done just now, and notes what it
// allows. It returns lines about it.
func (a *App) try(s *mirrors.Store, p mirror.Path) []string {
	to, err := alias(s, p)
	if err != nil {
		return []string{err.Error()}
	}
	if found := to.Abilities; time.Since(found.Probed) < recently {
		return []string{fmt.Sprintf("%s allows: %s", to.Address(), allowed(&found))}
	}
	return a.tryAgain(s, to)
}

// tryAgain tries out the server of an alias, whatever is known of it.
func (a *App) tryAgain(s *mirrors.Store, to *mirrors.Alias) []string {
	if a.Probe == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(a, a.Patience)
	defer cancel()
	server, err := to.Server()
	if err != nil {
		return []string{err.Error()}
	}
	found, err := a.Probe(ctx, to)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		return []string{fmt.Sprintf("%s has not shown yet what it allows; ftpd mirror mirrors tells when it has", to.Address())}
	}
	if err == nil {
		err = s.Learn(a, server, found)
	}
	if err != nil {
		lines := []string{fmt.Sprintf("%s does not work yet: %s", to.Address(), ui.Printable(err.Error()))}
		if remedy := foreign.Remedy(err); remedy != "" {
			lines = append(lines, "hint: "+remedy)
		}
		return lines
	}
	return []string{fmt.Sprintf("%s allows: %s", to.Address(), allowed(&found))}
}

// An ability is one of those that a table shows.
type ability struct {
	word    string
	verdict foreign.Verdict
}

// abilitiesOf returns what is known of a server.
func abilitiesOf(a *foreign.Abilities) []ability {
	return []ability{
		{"port", a.Port}, {"eprt", a.Eprt}, {"pasv", a.Passive}, {"epsv", a.EPSV},
		{"rest", a.REST}, {"mlsd", a.MLSD}, {"mdtm", a.MDTM}, {"tls", a.TLS},
	}
}

// allowed writes what is known of a server.
func allowed(a *foreign.Abilities) string {
	var all []string
	for _, one := range abilitiesOf(a) {
		all = append(all, one.word+" "+one.verdict.String())
	}
	if a.Connections > 0 {
		all = append(all, fmt.Sprintf("%d connections", a.Connections))
	}
	return strings.Join(all, ", ")
}
