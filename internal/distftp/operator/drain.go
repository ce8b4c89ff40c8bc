package operator

import (
	"fmt"
	"io"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/copies"
	"mirrortracker/internal/distftp/overview"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

// lookedAt is how many of a slave's files are looked at for one that cannot go.
const lookedAt = 100

// An obstacle keeps a slave from becoming empty.
type obstacle struct {
	Path string `json:"path"` // of one file, which may stand for many
	Why  string `json:"why"`
}

func (o *obstacle) String() string { return fmt.Sprintf("%s: %s", ui.Printable(o.Path), o.Why) }

// warn tells of an obstacle, if there is one, besides what a command prints.
func (o *obstacle) warn(w io.Writer, slave string) {
	if o != nil {
		fmt.Fprintf(w, "warning: %s does not become empty as things are: %s\n", slave, o)
	}
}

// obstacle looks among the files of a slave that is drained for one that no other may take, by
// the rules and what slaves last reported. It returns nil if it finds none.
func (a *App) obstacle(c *Database, slave string) (*obstacle, error) {
	all, err := overview.List(a, c, nil)
	if err != nil {
		return nil, err
	}
	rows, err := c.Slaves(a)
	if err != nil {
		return nil, err
	}
	names := map[catalogue.SlaveID]string{}
	var files []catalogue.File
	for i := range rows {
		names[rows[i].ID] = rows[i].Name
		if rows[i].Name == slave {
			if files, err = c.Held(a, rows[i].ID, 0, lookedAt); err != nil {
				return nil, err
			}
		}
	}
	list, err := c.Rules(a)
	if err != nil {
		return nil, err
	}
	rules, standings := choice.NewRules(list), map[string]copies.Standing{}
	for i := range all {
		s := &all[i]
		standings[s.Name] = copies.Standing{Name: s.Name, Rack: s.Rack, Online: s.State == overview.Online, Draining: s.Draining || s.Name == slave}
	}
	for i := range files {
		f := &files[i]
		holders := make([]string, len(f.Holders))
		for i, h := range f.Holders {
			holders[i] = names[h.Slave]
		}
		if d := copies.Decide(rules.For(mirror.Path(f.Ref.Path)), holders, standings); d.Lacks != "" {
			return &obstacle{string(f.Ref.Path), d.Lacks}, nil
		}
	}
	return nil, nil
}
