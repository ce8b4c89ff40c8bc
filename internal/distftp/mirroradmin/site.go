package mirroradmin

import (
	"context"
	"strings"
	"time"

	"mirrortracker/internal/distftp/admin"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

// A Site answers SITE REMOTE and SITE DIRMIRROR: it is the [control.Mirrors] of those in a
// database, which stay the caller's.
//
// The words are those of "ftpd mirror", split as a shell does. As nobody can be asked for a
// password there, it is an argument. It is taken in clear where the administrator's own
// was: the configuration may forbid that (tls.require).
type Site struct {
	Store     *mirrors.Store
	State     func() mirrors.State                     // what this server knows
	Directory func(context.Context, mirror.Path) error // why a path of our own is no directory
	Probe     Probe                                    // which goes on, and is written down, when its context ends
}

// siteGrammar is what can follow SITE.
type siteGrammar struct {
	admin.Flags

	Remote    siteRemote `cmd:"" help:"Other servers that stand in for this one."`
	Dirmirror dirMirror  `cmd:"" help:"Have the files of a directory sent by mirrors, or show by whom they are."`
}

// siteRemote is the commands of [Command], in which a password is an argument.
type siteRemote struct {
	Addalias siteAddAlias    `cmd:"" help:"Make a path that leads to another server."`
	Change   siteChangeAlias `cmd:"" help:"Change where an alias leads."`
	commands
}

func (siteRemote) Help() string {
	return "Paths and passwords with blanks or quotes stand in quotes. SITE REMOTE HELP and a command tells more of it.\n\n" + usual
}

// usual are the commands in their usual form.
const usual = `  SITE REMOTE ADDALIAS path host port user password remote-root
  SITE REMOTE ADDMIRROR MirrorID|0 weight alias|LOCAL
  SITE REMOTE DEFMIRROR MirrorID alias|LOCAL
  SITE REMOTE DELMIRROR MirrorID alias|LOCAL
  SITE REMOTE DELALIAS path
  SITE REMOTE ALIAS path
  SITE REMOTE CHANGE path HOST|PORT|USER|PASS|ROOT|TLS|LIMIT value
  SITE REMOTE TUNNEL path ON|OFF
  SITE REMOTE MIRRORS
  SITE REMOTE ALIASES
  SITE REMOTE CONNECTIONS
  SITE REMOTE DISCONNECT path
  SITE REMOTE HELP [command]
  SITE DIRMIRROR MirrorID|0|AUTO directory [URL]
  SITE DIRMIRROR directory`

// siteAddAlias is addAlias with the password.
type siteAddAlias struct {
	server
	Password string `arg:"" name:"password" help:"The password, in quotes where it has blanks or quotes."`
	Root     string `arg:"" optional:"" default:"/" name:"remote-root" help:"Which directory of the server appears. Default: its root."`
	serverFlags
}

func (siteAddAlias) Help() string {
	return examples(
		"SITE REMOTE ADDALIAS /remote_site_3 ftp.example.org 21 user pass /",
		"SITE REMOTE ADDALIAS /debian ftp.de.debian.org 21 anonymous ftp@ /debian --limit 4")
}

// Run adds the alias.
func (c *siteAddAlias) Run(a *App) error { return a.add(&c.server, c.Root, &c.serverFlags, c.Password) }

// siteChangeAlias is changeAlias with the password.
type siteChangeAlias struct{ changeAlias }

func (siteChangeAlias) Help() string {
	return "TLS is off, explicit or implicit; LIMIT is how many control connections there may be, 0 for as many as to others.\n\n" + examples(
		"SITE REMOTE CHANGE /remote_site_3 HOST ftp2.example.org",
		"SITE REMOTE CHANGE /remote_site_3 PASS 'another one'",
		"SITE REMOTE CHANGE /remote_site_3 TLS explicit")
}

// Run changes the alias.
func (c *siteChangeAlias) Run(a *App) error { return c.change(a) }

// patience is how long an administrator waits for what a server allows, which goes on being
// looked for.
const patience = time.Second

// console is what answers.
var console = admin.Console{
	About:    "Mirrors.",
	Words:    words,
	Advice:   strings.NewReplacer("ftpd mirror dirmirror", "SITE DIRMIRROR", "ftpd mirror", "SITE REMOTE", "SITE remote", "SITE REMOTE", "SITE dirmirror", "SITE DIRMIRROR"),
	Terminal: true,
}

// Manage implements [control.Mirrors].
func (s Site) Manage(ctx context.Context, line string, resolve func(string) (mirror.Path, error)) (control.Outcome, []string) {
	var g siteGrammar
	return console.Run(line, &g, func(env *ui.Env) []any {
		return []any{&App{
			Context:   ctx,
			Env:       env,
			Flags:     &g.Flags,
			Open:      func() (*mirrors.Store, func() error, error) { return s.Store, func() error { return nil }, nil },
			Resolve:   resolve,
			Directory: s.Directory,
			Probe:     s.Probe, Patience: patience,
			Ask: func(*mirrors.Store) ([]mirrors.Report, error) { return []mirrors.Report{{State: s.State()}}, nil },
		}}
	})
}

// words makes a command line of what came after SITE: commands are as good in capitals, and
// nothing of the usual form is a flag, whatever it begins with.
func words(args []string) []string {
	if len(args) == 0 {
		return args
	}
	named := 1 // how many words name the command
	if strings.EqualFold(args[0], "remote") {
		named = min(2, len(args))
	}
	for i := range named {
		args[i] = strings.ToLower(args[i])
	}
	command, rest := args[:named], args[named:]
	switch last := command[named-1]; {
	case last == "help":
		for i, word := range rest {
			rest[i] = strings.ToLower(word)
		}
		return append(command[:named-1:named-1], append(rest, "--help")...)
	case last == "addalias" && len(rest) == 6, last == "change" && len(rest) == 3:
		return append(append(command[:named:named], "--"), rest...)
	}
	return args
}
