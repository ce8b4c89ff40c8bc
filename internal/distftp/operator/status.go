package operator

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"mirrortracker/internal/distftp/authority"
	"mirrortracker/internal/distftp/copies"
	"mirrortracker/internal/distftp/overview"
	"mirrortracker/internal/human"
	"mirrortracker/internal/ui"
)

// StatusCommand is "ftpd status".
type StatusCommand struct{}

func (StatusCommand) Help() string {
	return "Shows the masters that run, the slaves as they last reported, who was refused as a slave, and what is to be done about copies.\n\n" + examples("ftpd status", "ftpd status --json")
}

// maxJobs bounds the jobs that are shown.
const maxJobs = 20

// A status is what the command prints.
type status struct {
	Masters []master         `json:"masters"`
	Slaves  []overview.Slave `json:"slaves"`
	Jobs    map[string]int64 `json:"jobs"`     // how many there are of each kind
	Trouble []trouble        `json:"troubles"` // jobs that have failed before, the first of them

	Refused []authority.Refusal `json:"refused"` // who came as a slave in the last 24 hours, and was not let in
}

type master struct {
	Name string    `json:"name"`
	Seen time.Time `json:"seen"`
}

type trouble struct {
	Kind  string    `json:"kind"`
	Path  string    `json:"path,omitempty"`
	Tries int       `json:"tries"`
	Due   time.Time `json:"due"`
	Note  string    `json:"note"`
}

// Run prints the status.
func (StatusCommand) Run(a *App) error {
	c, err := a.Open()
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := look(a, c)
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		return a.JSON(s)
	}
	return a.status(&s)
}

// look reads the database.
func look(a *App, c *Database) (s status, err error) {
	s = status{Masters: []master{}, Slaves: []overview.Slave{}, Trouble: []trouble{}, Refused: []authority.Refusal{}}
	masters, err := c.Masters(a)
	if err != nil {
		return s, err
	}
	for _, m := range masters {
		s.Masters = append(s.Masters, master{m.Name, m.Seen})
	}
	slaves, err := overview.List(a, c, nil)
	if err != nil {
		return s, err
	}
	s.Slaves = append(s.Slaves, slaves...)
	refused, err := authority.Refusals(a, c.db)
	if err != nil {
		return s, err
	}
	s.Refused = append(s.Refused, refused...)
	if s.Jobs, err = c.CountJobs(a); err != nil {
		return s, err
	}
	delete(s.Jobs, copies.FsckJob) // they are questions, and stay when they have been answered
	jobs, err := c.Jobs(a, maxJobs)
	for _, j := range jobs {
		if j.Note == "" || j.Kind == copies.FsckJob {
			continue
		}
		t := trouble{Kind: j.Kind, Tries: j.Tries, Due: j.Due, Note: j.Note}
		if f, err := c.Node(a, j.Node); err == nil {
			t.Path = string(f.Ref.Path)
		}
		s.Trouble = append(s.Trouble, t)
	}
	return s, err
}

// status writes tables.
func (a *App) status(s *status) error {
	now := time.Now()
	rows := make([][]any, len(s.Masters))
	for i, m := range s.Masters {
		rows[i] = []any{m.Name, human.Span(now.Sub(m.Seen)) + " ago"}
	}
	if err := a.Table([]string{"master", "seen"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(a.Stdout)
	if err := a.slaves(s.Slaves); err != nil {
		return err
	}
	if len(s.Refused) > 0 {
		fmt.Fprintln(a.Stdout)
		rows = rows[:0]
		for _, r := range s.Refused {
			rows = append(rows, []any{r.Slave, r.Addr, human.Span(now.Sub(r.At)) + " ago", ui.Rest(ui.Printable(r.Reason))})
		}
		if err := a.Table([]string{"refused", "from", "when", "reason"}, rows); err != nil {
			return err
		}
	}
	if len(s.Jobs) > 0 {
		fmt.Fprintln(a.Stdout)
		rows = rows[:0]
		for _, kind := range slices.Sorted(maps.Keys(s.Jobs)) {
			rows = append(rows, []any{kind, ui.Number(s.Jobs[kind])})
		}
		if err := a.Table([]string{"job", "waiting"}, rows); err != nil {
			return err
		}
	}
	if len(s.Trouble) == 0 {
		return nil
	}
	fmt.Fprintln(a.Stdout)
	rows = rows[:0]
	for _, t := range s.Trouble {
		rows = append(rows, []any{t.Kind, ui.Printable(t.Path), ui.Number(t.Tries), ui.Rest(ui.Printable(t.Note))})
	}
	return a.Table([]string{"job", "path", "tries", "trouble"}, rows)
}
