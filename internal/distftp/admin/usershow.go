package admin

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

type userList struct{}

func (userList) Help() string { return examples("ftpd user list", "ftpd user list --json") }

// Run prints the users.
func (userList) Run(a *App) error {
	s, done, err := a.Open()
	if err != nil {
		return err
	}
	defer done()
	users, err := s.Users(a)
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		all := make([]userJSON, len(users))
		for i, u := range users {
			all[i] = describe(u)
		}
		return a.JSON(all)
	}
	rows := make([][]any, len(users))
	for i, u := range users {
		rows[i] = []any{u.Name, state(u), u.Home, strings.Join(u.Groups, " "), ui.Volume(u.Used.Bytes), ui.Number(u.Used.Files)}
	}
	return a.Table([]string{"user", "state", "home", "groups", "bytes", "files"}, rows)
}

type userShow struct {
	Name string  `arg:"" help:"The user's name, or anonymous."`
	Path *string `arg:"" optional:"" help:"Show what it may do to this path, and by which rule."`
}

func (userShow) Help() string {
	return "Limits and rules are those of the user and its groups together, as they count.\n\n" + examples(
		"ftpd user show ann", "ftpd user show ann /home/bob/file", "ftpd user show anonymous --json")
}

// Run prints the user.
func (c *userShow) Run(a *App) error {
	var path mirror.Path
	if c.Path != nil {
		var err error
		if path, err = mirror.ParsePath(*c.Path); err != nil {
			return ui.Misuse("%w", err)
		}
	}
	s, done, err := a.Open()
	if err != nil {
		return err
	}
	defer done()
	u, err := s.User(a, c.Name)
	if err != nil {
		return hinted(err)
	}
	groups, err := s.GroupsOf(a, u)
	if err != nil {
		return err
	}
	effective := account.Resolve(u, groups)
	switch {
	case path != "":
		return a.showPath(effective, path)
	case a.Flags.JSON:
		return a.JSON(struct {
			userJSON
			Effective effectiveJSON `json:"effective"`
		}{describe(u), effectiveJSON{texts(effective.Networks), effective.Limits, effective.Rules()}})
	}
	pairs := facts(append([]setting{
		{"user", u.Name},
		{"state", state(u)},
		{"home", string(u.Home)},
		{"groups", strings.Join(u.Groups, " ")},
		{"expires", printTime(u.Expires)},
	}, settings(effective.Networks, effective.Limits)...))
	pairs = append(pairs, [2]any{"uploaded bytes", ui.Volume(u.Used.Bytes)}, [2]any{"uploaded files", ui.Number(u.Used.Files)})
	for i, r := range effective.Rules() {
		pairs = append(pairs, [2]any{"rule " + strconv.Itoa(i+1), fmt.Sprintf("%s (%s)", r.Rule, r.Of)})
	}
	return a.Facts(pairs)
}

// showPath prints what may be done to a path.
func (a *App) showPath(who *account.Account, path mirror.Path) error {
	if a.Flags.JSON {
		decisions := make(map[string]account.Decision)
		for _, verb := range (account.All | account.Admin | account.FXP).Each() {
			decisions[verb.String()] = who.Decide(path, verb)
		}
		return a.JSON(map[string]any{"user": who.Name, "path": mirror.EscapePath(string(path)), "verbs": decisions})
	}
	var rows [][]any
	for _, verb := range (account.All | account.Admin | account.FXP).Each() {
		d, word := who.Decide(path, verb), "no"
		if d.Allowed {
			word = "yes"
		}
		rows = append(rows, []any{verb, word, d.Of, d.Rule})
	}
	return a.Table([]string{"verb", "allowed", "by", "rule"}, rows)
}

// A userJSON is a user in JSON: what is said of it, and not what its groups say.
type userJSON struct {
	Name     string         `json:"name"`
	State    string         `json:"state"`
	Home     string         `json:"home"` // escaped as in URLs; "" for none
	Groups   []string       `json:"groups"`
	Rules    []string       `json:"rules"`
	From     []string       `json:"from"`
	Limits   account.Limits `json:"limits"`
	Disabled bool           `json:"disabled"`
	Expires  time.Time      `json:"expires,omitzero"`
	Used     account.Usage  `json:"used"`
}

// effectiveJSON is what counts for a user, its groups included.
type effectiveJSON struct {
	From   []string           `json:"from"`
	Limits account.Limits     `json:"limits"`
	Rules  []account.Decision `json:"rules"`
}

func describe(u account.User) userJSON {
	return userJSON{
		Name: u.Name, State: state(u), Home: mirror.EscapePath(string(u.Home)), Groups: append([]string{}, u.Groups...),
		Rules: texts(u.Rules), From: texts(u.Networks), Limits: u.Limits, Disabled: u.Disabled, Expires: u.Expires, Used: u.Used,
	}
}

// state says in a word whether the user can log in.
func state(u account.User) string {
	switch {
	case u.Disabled:
		return "disabled"
	case !u.Expires.IsZero() && !time.Now().Before(u.Expires):
		return "expired"
	case u.Password == "" && !account.IsAnonymous(u.Name):
		return "no password"
	}
	return "active"
}
