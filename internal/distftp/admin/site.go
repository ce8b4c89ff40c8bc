package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kballard/go-shellquote"

	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/ui"
)

// A Site answers SITE USER, SITE GROUP and SITE PSWD: it is the [control.Manager] of the
// users in a database, which stays the caller's.
//
// The words are those of "ftpd user" and "ftpd group", split as a shell does. As nobody can
// be asked for a password there, it is an argument; so it is taken under TLS alone.
type Site struct {
	Users  *account.Store
	Hasher *account.Hasher
}

// siteGrammar is what can follow SITE.
type siteGrammar struct {
	Flags

	User  siteUser     `cmd:"" help:"Add, change, remove and show users."`
	Group GroupCommand `cmd:"" help:"Add, change, remove and show groups."`
}

type siteUser struct {
	Add      siteAdd      `cmd:"" help:"Add a user."`
	Set      userSet      `cmd:"" help:"Change what a user may do."`
	Password sitePassword `cmd:"" help:"Give a user another password."`
	Remove   userRemove   `cmd:"" help:"Remove a user; its files stay."`
	List     userList     `cmd:"" help:"List all users."`
	Show     userShow     `cmd:"" help:"Show what a user may do, groups included."`
}

// siteAdd is userAdd with the password as an argument.
type siteAdd struct {
	Secret *string `name:"password" placeholder:"PASSWORD" help:"Its password, in quotes where it has blanks or quotes."`

	userAdd `embed:""`
}

func (siteAdd) Help() string {
	return examples(
		"ftpd user add ann --password 'correct horse' --home /home/ann --rule 'allow all ~/**'",
		"ftpd user add ann --no-password --group staff")
}

// Run adds the user.
func (c *siteAdd) Run(a *App, given secured) error {
	if (c.Secret == nil) != c.NoPassword {
		return ui.Misuse("give it a password with --password, or none with --no-password")
	}
	if c.Secret != nil {
		if err := given.take(a, *c.Secret); err != nil {
			return err
		}
	}
	return c.userAdd.Run(a)
}

// sitePassword is userPassword with the password as an argument.
type sitePassword struct {
	userPassword `embed:""`

	Secret string `arg:"" name:"password" help:"The password, in quotes where it has blanks or quotes."`
}

func (sitePassword) Help() string { return examples("ftpd user password ann 'correct horse'") }

// Run changes the password.
func (c *sitePassword) Run(a *App, given secured) error {
	if err := given.take(a, c.Secret); err != nil {
		return err
	}
	return c.userPassword.Run(a)
}

// secured says that the command came under TLS.
type secured bool

// take puts a password where commands look for it, or refuses one that others could have
// read.
func (s secured) take(a *App, password string) error {
	if !s {
		return ui.Misuse("a password is taken under TLS alone, see AUTH TLS")
	}
	a.Stdin = strings.NewReader(password)
	return nil
}

// console is what answers.
var console = Console{
	About: "Users and groups.",
	Words: func(args []string) []string {
		for i := range args[:min(2, len(args))] {
			args[i] = strings.ToLower(args[i]) // as with all commands of FTP
		}
		return args
	},
	Advice: strings.NewReplacer("ftpd user", "SITE USER", "ftpd group", "SITE GROUP", "SITE user", "SITE USER", "SITE group", "SITE GROUP"),
}

// Manage implements [control.Manager].
func (s Site) Manage(ctx context.Context, line string, secure bool) (control.Outcome, []string) {
	var g siteGrammar
	return console.Run(line, &g, func(env *ui.Env) []any {
		return []any{&App{
			Context: ctx,
			Env:     env,
			Flags:   &g.Flags,
			Open:    func() (*account.Store, func() error, error) { return s.Users, func() error { return nil }, nil },
			Hasher:  func() *account.Hasher { return s.Hasher },
		}, secured(secure)}
	})
}

// ChangePassword implements [control.Manager].
func (s Site) ChangePassword(ctx context.Context, name, line string) error {
	args, err := shellquote.Split(line)
	switch {
	case err != nil || len(args) != 2:
		return control.ErrSyntax
	case account.IsAnonymous(name):
		return errors.New("the user anonymous logs in with any password")
	}
	if err := account.ValidPassword(args[1]); err != nil {
		return err
	}
	u, err := s.Users.User(ctx, name)
	if err != nil {
		return err
	}
	right, err := s.Hasher.Verify(ctx, u.Password, args[0])
	if err != nil {
		return err
	}
	if !right {
		return fmt.Errorf("%w: the old password is wrong", control.ErrLogin)
	}
	hash, err := s.Hasher.Hash(ctx, args[1])
	if err != nil {
		return err
	}
	return s.Users.ChangeUser(ctx, name, func(now *account.User) error {
		if now.Password != u.Password {
			return errors.New("the password was changed by somebody else meanwhile")
		}
		now.Password = hash
		return nil
	})
}
