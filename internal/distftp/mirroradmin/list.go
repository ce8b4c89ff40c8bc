package mirroradmin

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

// An entry is a mirror entry, as it is shown.
type entry struct {
	ID      int      `json:"id"`
	Members []member `json:"members"`
}

// A member is a site of an entry, as it is shown.
type member struct {
	Site      string             `json:"site"`
	Weight    int                `json:"weight"`
	Share     float64            `json:"share"`
	Default   bool               `json:"default"`
	Abilities *foreign.Abilities `json:"abilities,omitempty"` // not of our own site
	States    []state            `json:"states,omitempty"`
}

// A state is what a running server says of a foreign one that does not work.
type state struct {
	Server  string    `json:"server,omitempty"`
	Resting time.Time `json:"resting,omitzero"` // until then it is left alone
	Error   string    `json:"error"`
}

func listed(e *mirrors.Entry) entry {
	l := entry{ID: e.ID, Members: []member{}}
	for _, m := range e.Members {
		one := member{Site: m.Name(), Weight: m.Weight, Share: e.Share(m), Default: m.Default}
		if m.Alias != nil {
			one.Abilities = &m.Alias.Abilities
		}
		l.Members = append(l.Members, one)
	}
	return l
}

// A survey is all of mirror entries, as it is shown.
type survey struct {
	Entries     []entry     `json:"mirrors"`
	Directories []directory `json:"directories"`
	Faults      []fault     `json:"faults"`
}

// A fault is what a running server found that a member has otherwise than we do.
type fault struct {
	Server string `json:"server,omitempty"`
	mirrors.Fault
}

type listMirrors struct{}

func (listMirrors) Help() string {
	return "Shows the mirror entries, what their sites allow, which directories are bound to them, and what running servers found that a site has otherwise than we do.\n\n" +
		"port, eprt: it connects to clients, of IPv4 and of IPv6. pasv: clients may connect to it. Where it does neither, transfers are relayed.\n\n" +
		examples("ftpd mirror mirrors", "ftpd mirror mirrors --json")
}

// Run shows them.
func (listMirrors) Run(a *App) error {
	return a.with(func(s *mirrors.Store) error {
		reports, err := a.Ask(s)
		if err != nil {
			return err
		}
		v := look(s.View(), reports)
		if a.Flags.JSON {
			return a.JSON(v)
		}
		return a.survey(&v)
	})
}

// look puts together what the database and running servers know.
func look(v *mirrors.View, reports []mirrors.Report) survey {
	all := survey{Entries: []entry{}, Directories: []directory{}, Faults: []fault{}}
	states := statesOf(reports)
	found := map[mirror.Path]mirrors.Found{}
	for _, r := range reports {
		for _, f := range r.Faults {
			all.Faults = append(all.Faults, fault{r.Server, f})
		}
		for _, f := range r.Found {
			found[f.Dir] = f
		}
	}
	for _, e := range v.Entries() {
		l := listed(e)
		for i := range l.Members {
			l.Members[i].States = states[mirror.Path(l.Members[i].Site)]
		}
		all.Entries = append(all.Entries, l)
	}
	for _, b := range v.Bindings() {
		d := bound(b.Dir, b)
		if f, reported := found[b.Dir]; reported {
			d.Status = cmp.Or(f.Status, human.Plural(int64(f.Members), "replica", "replicas"))
		}
		all.Directories = append(all.Directories, d)
	}
	return all
}

// statesOf returns what running servers say of those that do not work, by the alias.
func statesOf(reports []mirrors.Report) map[mirror.Path][]state {
	all := map[mirror.Path][]state{}
	for _, r := range reports {
		for _, site := range r.Sites {
			if site.Error != "" {
				all[site.Alias] = append(all[site.Alias], state{r.Server, site.Resting, site.Error})
			}
		}
	}
	return all
}

// none stands in a cell that has nothing to say, so that all lines have as many words.
const none = "-"

// verdict writes what is known of an ability.
func verdict(v foreign.Verdict) string {
	if v == foreign.Unknown {
		return "?"
	}
	return v.String()
}

// survey writes tables.
func (a *App) survey(v *survey) error {
	headings := []string{"mirror", "site", "weight", "share", "default"}
	for _, one := range abilitiesOf(&foreign.Abilities{}) {
		headings = append(headings, one.word)
	}
	var rows [][]any
	for _, e := range v.Entries {
		for _, m := range e.Members {
			standard := none
			if m.Default {
				standard = "default"
			}
			row := []any{strconv.Itoa(e.ID), ui.Printable(m.Site), strconv.Itoa(m.Weight), percent(m.Share), standard}
			for _, one := range abilitiesOf(cmp.Or(m.Abilities, &foreign.Abilities{})) {
				cell := none
				if m.Abilities != nil {
					cell = verdict(one.verdict)
				}
				row = append(row, cell)
			}
			rows = append(rows, append(row, ui.Rest(ui.Printable(rest(m.States)))))
		}
	}
	if err := a.Table(append(headings, "state"), rows); err != nil {
		return err
	}
	if len(v.Directories) > 0 {
		fmt.Fprintln(a.Stdout)
		rows = nil
		for _, d := range v.Directories {
			rows = append(rows, []any{ui.Printable(string(d.Dir)), d.mirror(), ui.Printable(cmp.Or(d.URL, none)), ui.Rest(ui.Printable(d.Status))})
		}
		if err := a.Table([]string{"directory", "mirror", "url", "found"}, rows); err != nil {
			return err
		}
	}
	if len(v.Faults) == 0 {
		return nil
	}
	fmt.Fprintln(a.Stdout)
	rows = nil
	for _, f := range v.Faults {
		rows = append(rows, []any{ui.Printable(f.Member), ui.Printable(string(f.Dir)), ui.Printable(string(f.Path)), ui.Rest(ui.Printable(f.Why))})
	}
	return a.Table([]string{"site", "directory", "differs", "how"}, rows)
}

// rest says for how long and why servers leave a site alone, or do not get along with it.
func rest(states []state) string {
	if len(states) == 0 {
		return "ready"
	}
	s := states[0]
	at := ""
	if s.Server != "" {
		at = " at " + s.Server
	}
	if s.Resting.IsZero() {
		return fmt.Sprintf("failing%s: %s", at, s.Error)
	}
	return fmt.Sprintf("resting for %s%s: %s", human.Span(max(0, time.Until(s.Resting))), at, s.Error)
}
