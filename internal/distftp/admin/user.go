package admin

import (
	"errors"
	"strconv"
	"strings"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

// UserCommand is "ftpd user" and SITE USER.
type UserCommand struct {
	Add      userAdd      `cmd:"" help:"Add a user."`
	Set      userSet      `cmd:"" help:"Change what a user may do."`
	Password userPassword `cmd:"" help:"Give a user another password."`
	Remove   userRemove   `cmd:"" help:"Remove a user; its files stay."`
	List     userList     `cmd:"" help:"List all users."`
	Show     userShow     `cmd:"" help:"Show what a user may do, groups included."`
}

// userFlags are what can be said of a user; nil leaves it as it is.
type userFlags struct {
	Home     *string  `placeholder:"PATH" help:"Directory where its sessions begin, as a path of the tree that is served. Default: none, and they begin at /."`
	Groups   []string `name:"group" placeholder:"NAME" help:"Group that it is in. May be repeated: what the first says counts before what the next says."`
	Disabled *bool    `negatable:"" help:"Keep it out."`
	Expires  *string  `placeholder:"DAY" help:"Day from whose beginning (UTC) on it is kept out, such as 2027-01-31, or a time."`

	settingFlags `embed:""`
}

// change gives a user what the flags say.
func (f *userFlags) change(u *account.User) (err error) {
	switch {
	case f.Home == nil:
	case *f.Home == "":
		u.Home = ""
	default:
		if u.Home, err = mirror.ParsePath(*f.Home); err != nil {
			return err
		}
	}
	if err := replace(&u.Groups, f.Groups, func(name string) (string, error) { return name, nil }); err != nil {
		return err
	}
	if f.Disabled != nil {
		u.Disabled = *f.Disabled
	}
	if f.Expires != nil {
		if u.Expires, err = parseTime(*f.Expires); err != nil {
			return err
		}
	}
	if err := f.settingFlags.change(&u.Rules, &u.Networks, &u.Limits); err != nil {
		return err
	}
	return u.Validate()
}

// userSettings are all that the flags say of a user.
func userSettings(u account.User) []setting {
	disabled := ""
	if u.Disabled {
		disabled = "yes"
	}
	all := []setting{
		{"home", string(u.Home)},
		{"group", strings.Join(u.Groups, " ")},
		{"disabled", disabled},
		{"expires", printTime(u.Expires)},
	}
	all = append(all, settings(u.Networks, u.Limits)...)
	return append(all, setting{"rule", strings.Join(texts(u.Rules), "; ")})
}

type userAdd struct {
	Name       string `arg:"" help:"Its name: letters, digits, dot, dash, underscore, plus, @."`
	NoPassword bool   `help:"Give it no password: nobody can log in as it until it has one."`

	userFlags `embed:""`
}

func (userAdd) Help() string {
	return "The password is asked for on a terminal, or is the first line of standard input. A user can list and read everything, as anonymous clients can, until rules say otherwise.\n\n" + examples(
		"ftpd user add ann --home /home/ann --rule 'allow all ~/**'",
		"ftpd user add ann --group staff < password.txt",
		"ftpd user add uploads --rule 'allow write,mkdir /incoming/**' --max-bytes 10GiB",
		"ftpd user add admin --rule 'allow all,admin /**' --from 192.0.2.0/24",
		"ftpd user add guest --expires 2027-01-31 --down 1MiB --sessions 2")
}

// Run adds the user.
func (c *userAdd) Run(a *App) error {
	u := account.User{Name: c.Name}
	if account.IsAnonymous(c.Name) {
		return ui.Hint(account.ErrBuiltIn, "ftpd user set anonymous ... changes what it may do")
	}
	if err := c.change(&u); err != nil {
		return ui.Misuse("%w", err)
	}
	s, done, err := a.Open()
	if err != nil {
		return err
	}
	defer done()
	// Nobody should type a password for a user that cannot be added.
	switch _, err := s.User(a, c.Name); {
	case err == nil:
		return ui.Hint(&account.TakenError{What: "user", Name: c.Name}, "ftpd user set "+c.Name+" ... changes it")
	case !errors.Is(err, account.ErrNoUser):
		return err
	}
	if _, err := s.GroupsOf(a, u); err != nil {
		return hinted(err)
	}
	if !c.NoPassword {
		if u.Password, err = a.newPassword(c.Name); err != nil {
			return err
		}
	}
	if err := s.AddUser(a, u); err != nil {
		return hinted(err)
	}
	return a.done("added "+u.Name, describe(u))
}

type userSet struct {
	Name      string       `arg:"" help:"The user's name, or anonymous."`
	UsedBytes *strict.Size `placeholder:"SIZE" help:"What counts against its quota from now on, where that is not what is there."`
	UsedFiles *uint32      `placeholder:"N" help:"The same of files."`

	userFlags `embed:""`
}

func (userSet) Help() string {
	return "What is given is changed, and the rest stays; an empty value takes away what was said before, so that it is as its groups say. It counts from the next login on. The built-in user anonymous can be changed too, but may never do more than list and read.\n\n" + examples(
		"ftpd user set ann --up 5MiB --sessions 4",
		"ftpd user set ann --rule 'deny delete /home/ann/kept/**' --rule 'allow all ~/**'",
		"ftpd user set ann --group staff --group web --from ''",
		"ftpd user set ann --used-bytes 0 --used-files 0",
		"ftpd user set ann --disabled",
		"ftpd user set ann --no-disabled --expires ''",
		"ftpd user set anonymous --rule 'deny all /private/**' --sessions 100")
}

// Run changes the user.
func (c *userSet) Run(a *App) error {
	alone := account.User{Name: c.Name}
	if account.IsAnonymous(c.Name) {
		alone.Name = account.Anonymous
	}
	if err := c.change(&alone); err != nil {
		return ui.Misuse("%w", err)
	}
	s, done, err := a.Open()
	if err != nil {
		return err
	}
	defer done()
	var before, after account.User
	err = s.ChangeUser(a, c.Name, func(u *account.User) error {
		before = *u
		err := c.change(u)
		if c.UsedBytes != nil {
			u.Used.Bytes = int64(*c.UsedBytes)
		}
		if c.UsedFiles != nil {
			u.Used.Files = int64(*c.UsedFiles)
		}
		after = *u
		return err
	})
	if err != nil {
		return hinted(err)
	}
	return a.done(changed(after.Name, append(userSettings(before), used(before)...), append(userSettings(after), used(after)...)), describe(after))
}

// used are the settings of what counts against a quota.
func used(u account.User) []setting {
	return []setting{
		{"used-bytes", strict.Size(u.Used.Bytes).String()},
		{"used-files", strconv.FormatInt(u.Used.Files, 10)},
	}
}

type userPassword struct {
	Name string `arg:"" help:"The user's name."`
}

func (userPassword) Help() string {
	return "The password is asked for on a terminal, or is the first line of standard input.\n\n" + examples("ftpd user password ann", "ftpd user password ann < password.txt")
}

// Run changes the password.
func (c *userPassword) Run(a *App) error {
	if account.IsAnonymous(c.Name) {
		return ui.Hint(errors.New("the user anonymous logs in with any password"), "ftpd user set anonymous --disabled keeps it out")
	}
	s, done, err := a.Open()
	if err != nil {
		return err
	}
	defer done()
	if _, err := s.User(a, c.Name); err != nil {
		return hinted(err)
	}
	hash, err := a.newPassword(c.Name)
	if err != nil {
		return err
	}
	var after account.User
	err = s.ChangeUser(a, c.Name, func(u *account.User) error {
		u.Password = hash
		after = *u
		return nil
	})
	if err != nil {
		return hinted(err)
	}
	return a.done("changed the password of "+c.Name, describe(after))
}

type userRemove struct {
	Name string `arg:"" help:"The user's name."`
}

func (userRemove) Help() string {
	return "Sessions that it has go on to their end.\n\n" + examples("ftpd user remove ann")
}

// Run removes the user.
func (c *userRemove) Run(a *App) error {
	s, done, err := a.Open()
	if err != nil {
		return err
	}
	defer done()
	u, err := s.User(a, c.Name)
	if err == nil {
		err = s.RemoveUser(a, c.Name)
	}
	if err != nil {
		return hinted(err)
	}
	return a.done("removed "+c.Name, describe(u))
}

// hinted adds to an error what can be done about it.
func hinted(err error) error {
	switch {
	case errors.Is(err, account.ErrNoUser):
		return ui.Hint(err, "ftpd user list shows who there is")
	case errors.Is(err, account.ErrNoGroup):
		return ui.Hint(err, "ftpd group list shows which there are, and ftpd group add makes one")
	case errors.Is(err, account.ErrBuiltIn):
		return ui.Hint(err, "ftpd user set anonymous --disabled keeps it out")
	}
	if full := (*account.MembersError)(nil); errors.As(err, &full) {
		return ui.Hint(err, "ftpd user set NAME --group '' takes a user out of all groups")
	}
	return err
}
