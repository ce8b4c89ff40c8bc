package admin

import (
	"errors"
	"strconv"
	"strings"

	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/ui"
)

// GroupCommand is "ftpd group" and SITE GROUP.
type GroupCommand struct {
	Add    groupAdd    `cmd:"" help:"Add a group."`
	Set    groupSet    `cmd:"" help:"Change what the members of a group may do."`
	Remove groupRemove `cmd:"" help:"Remove a group that has no members."`
	List   groupList   `cmd:"" help:"List all groups."`
	Show   groupShow   `cmd:"" help:"Show a group and its members."`
}

// changeGroup gives a group what the flags say.
func (f *settingFlags) changeGroup(g *account.Group) error {
	if err := f.change(&g.Rules, &g.Networks, &g.Limits); err != nil {
		return err
	}
	return g.Validate()
}

// groupSettings are all that the flags say of a group.
func groupSettings(g account.Group) []setting {
	return append(settings(g.Networks, g.Limits), setting{"rule", strings.Join(texts(g.Rules), "; ")})
}

type groupAdd struct {
	Name string `arg:"" help:"Its name: letters, digits, dot, dash, underscore, plus, @."`

	settingFlags `embed:""`
}

func (groupAdd) Help() string {
	return "What is said of a group holds for each member that says nothing else itself; its rules come after the member's.\n\n" + examples(
		"ftpd group add staff --rule 'allow all ~/**' --rule 'deny all /home/**'",
		"ftpd group add guests --down 1MiB --sessions 2 --from 192.0.2.0/24")
}

// Run adds the group.
func (c *groupAdd) Run(a *App) error {
	g := account.Group{Name: c.Name}
	if err := c.changeGroup(&g); err != nil {
		return ui.Misuse("%w", err)
	}
	s, done, err := a.Open()
	if err != nil {
		return err
	}
	defer done()
	if err := s.AddGroup(a, g); err != nil {
		if taken := (*account.TakenError)(nil); errors.As(err, &taken) {
			return ui.Hint(err, "ftpd group set "+c.Name+" ... changes it")
		}
		return err
	}
	return a.done("added "+g.Name, describeGroup(g))
}

type groupSet struct {
	Name string `arg:"" help:"The group's name."`

	settingFlags `embed:""`
}

func (groupSet) Help() string {
	return "What is given is changed, and the rest stays; an empty value takes away what was said before. It counts from a member's next login on.\n\n" + examples(
		"ftpd group set staff --up 5MiB --sessions 4",
		"ftpd group set staff --rule 'allow all ~/**' --rule 'allow write /incoming/**'",
		"ftpd group set staff --rule ''")
}

// Run changes the group.
func (c *groupSet) Run(a *App) error {
	alone := account.Group{Name: c.Name}
	if err := c.changeGroup(&alone); err != nil {
		return ui.Misuse("%w", err)
	}
	s, done, err := a.Open()
	if err != nil {
		return err
	}
	defer done()
	var before, after account.Group
	err = s.ChangeGroup(a, c.Name, func(g *account.Group) error {
		before = *g
		err := c.changeGroup(g)
		after = *g
		return err
	})
	if err != nil {
		return hinted(err)
	}
	return a.done(changed(after.Name, groupSettings(before), groupSettings(after)), describeGroup(after))
}

type groupRemove struct {
	Name string `arg:"" help:"The group's name."`
}

func (groupRemove) Help() string { return examples("ftpd group remove staff") }

// Run removes the group.
func (c *groupRemove) Run(a *App) error {
	s, done, err := a.Open()
	if err != nil {
		return err
	}
	defer done()
	g, _, err := s.Group(a, c.Name)
	if err == nil {
		err = s.RemoveGroup(a, c.Name)
	}
	if err != nil {
		return hinted(err)
	}
	return a.done("removed "+c.Name, describeGroup(g))
}

type groupList struct{}

func (groupList) Help() string { return examples("ftpd group list", "ftpd group list --json") }

// Run prints the groups.
func (groupList) Run(a *App) error {
	s, done, err := a.Open()
	if err != nil {
		return err
	}
	defer done()
	groups, err := s.Groups(a)
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		all := make([]groupJSON, len(groups))
		for i, g := range groups {
			all[i] = describeGroup(g)
		}
		return a.JSON(all)
	}
	rows := make([][]any, len(groups))
	for i, g := range groups {
		rows[i] = []any{g.Name, ui.Number(len(g.Rules)), given(settings(g.Networks, g.Limits))}
	}
	return a.Table([]string{"group", "rules", "limits"}, rows)
}

type groupShow struct {
	Name string `arg:"" help:"The group's name."`
}

func (groupShow) Help() string {
	return examples("ftpd group show staff", "ftpd group show staff --json")
}

// Run prints the group.
func (c *groupShow) Run(a *App) error {
	s, done, err := a.Open()
	if err != nil {
		return err
	}
	defer done()
	g, members, err := s.Group(a, c.Name)
	if err != nil {
		return hinted(err)
	}
	if a.Flags.JSON {
		return a.JSON(struct {
			groupJSON
			Members []string `json:"members"`
		}{describeGroup(g), append([]string{}, members...)})
	}
	pairs := append([][2]any{{"group", g.Name}, {"members", strings.Join(members, " ")}}, facts(settings(g.Networks, g.Limits))...)
	for i, r := range g.Rules {
		pairs = append(pairs, [2]any{"rule " + strconv.Itoa(i+1), r})
	}
	return a.Facts(pairs)
}

// A groupJSON is a group in JSON.
type groupJSON struct {
	Name   string         `json:"name"`
	Rules  []string       `json:"rules"`
	From   []string       `json:"from"`
	Limits account.Limits `json:"limits"`
}

func describeGroup(g account.Group) groupJSON {
	return groupJSON{Name: g.Name, Rules: texts(g.Rules), From: texts(g.Networks), Limits: g.Limits}
}

// given writes the settings of which something is said.
func given(all []setting) string {
	var words []string
	for _, s := range all {
		if s.value != "" {
			words = append(words, s.name+"="+s.value)
		}
	}
	return strings.Join(words, " ")
}
