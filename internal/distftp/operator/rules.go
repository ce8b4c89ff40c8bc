package operator

import (
	"errors"
	"fmt"
	"strings"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

// RuleCommand is "ftpd rule".
type RuleCommand struct {
	Set    ruleSet    `cmd:"" help:"Say how files below a directory are kept."`
	List   ruleList   `cmd:"" help:"List the rules."`
	Show   ruleShow   `cmd:"" help:"Show which rule a path has."`
	Remove ruleRemove `cmd:"" help:"Remove the rule of a directory."`
}

// A path is one of the tree that is served.
type path struct {
	Path string `arg:"" help:"Directory or file, as clients see it."`
}

func (p *path) parse() (mirror.Path, error) {
	parsed, err := mirror.ParsePath(p.Path)
	if err != nil {
		err = ui.Misuse("%w", err)
	}
	return parsed, err
}

// on opens the database for something to do with a path.
func (p *path) on(a *App, do func(c *Database, p mirror.Path) error) error {
	parsed, err := p.parse()
	if err != nil {
		return err
	}
	c, err := a.Open()
	if err != nil {
		return err
	}
	defer c.Close()
	return do(c, parsed)
}

type ruleSet struct {
	path
	Copies int      `default:"1" help:"How many copies each file should have, on slaves of different racks. Default: 1."`
	Only   []string `placeholder:"SLAVE" help:"Slaves that may have copies: names, or patterns with * and ?. May be repeated. Default: all."`
	Prefer []string `placeholder:"SLAVE" help:"Slaves that shall have copies where they can."`
	Avoid  []string `placeholder:"SLAVE" help:"Slaves that shall have copies only where no others can."`
}

func (ruleSet) Help() string {
	return "The rule of the deepest directory above a file counts alone. A file that no rule is about has one copy, on any slave. Files that are there are copied, and surplus copies removed, in the background.\n\n" + examples(
		"ftpd rule set / --copies 1",
		"ftpd rule set /pub --copies 2",
		"ftpd rule set /pub/iso --copies 2 --only 'big*' --prefer big1",
		"ftpd rule set /incoming --avoid 'edge?'")
}

// Run makes the rule.
func (r *ruleSet) Run(a *App) error {
	return r.on(a, func(c *Database, p mirror.Path) error {
		rule := choice.Rule{Path: p, Copies: r.Copies, Only: r.Only, Prefer: r.Prefer, Avoid: r.Avoid}
		if err := rule.Validate(); err != nil {
			return ui.Misuse("%w", err)
		}
		if err := c.SetRule(a, rule); err != nil {
			return err
		}
		return a.done(fmt.Sprintf("%s: %s", p, rule), rule)
	})
}

type ruleList struct{}

func (ruleList) Help() string { return examples("ftpd rule list", "ftpd rule list --json") }

// Run prints the rules.
func (ruleList) Run(a *App) error {
	c, err := a.Open()
	if err != nil {
		return err
	}
	defer c.Close()
	rules, err := c.Rules(a)
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		return a.JSON(append([]choice.Rule{}, rules...))
	}
	rows := make([][]any, len(rules))
	for i, r := range rules {
		rows[i] = []any{ui.Printable(string(r.Path)), ui.Number(r.Copies), strings.Join(r.Only, " "), strings.Join(r.Prefer, " "), strings.Join(r.Avoid, " ")}
	}
	return a.Table([]string{"path", "copies", "only", "prefer", "avoid"}, rows)
}

type ruleShow struct{ path }

func (ruleShow) Help() string { return examples("ftpd rule show /pub/iso/big.iso") }

// Run prints the rule that counts.
func (r *ruleShow) Run(a *App) error {
	return r.on(a, func(c *Database, p mirror.Path) error {
		rules, err := c.Rules(a)
		if err != nil {
			return err
		}
		rule := choice.NewRules(rules).For(p)
		return a.done(fmt.Sprintf("%s, by the rule of %s: %s", p, rule.Path, rule), rule)
	})
}

type ruleRemove struct{ path }

func (ruleRemove) Help() string { return examples("ftpd rule remove /pub/iso") }

// Run removes the rule.
func (r *ruleRemove) Run(a *App) error {
	return r.on(a, func(c *Database, p mirror.Path) error {
		if err := c.RemoveRule(a, p); errors.Is(err, catalogue.ErrNoRule) {
			return ui.Hint(fmt.Errorf("%s has no rule of its own", p), "ftpd rule list shows those that there are")
		} else if err != nil {
			return err
		}
		return a.done("removed the rule of "+string(p), map[string]mirror.Path{"path": p})
	})
}
