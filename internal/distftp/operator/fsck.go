package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/copies"
	"mirrortracker/internal/distftp/overview"
	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

// FsckCommand is "ftpd fsck".
type FsckCommand struct {
	Slaves []string      `arg:"" optional:"" name:"slave" help:"Slaves to compare. Default: all."`
	Repair bool          `help:"Have masters and slaves agree, and files copied that have too few copies."`
	Wait   time.Duration `default:"10m" help:"How long to wait for the masters. Default: 10m." placeholder:"TIME"`
}

func (FsckCommand) Help() string {
	return `Looks at all files in the database: which of them no slave has, and which have fewer copies than their rule wants. Then a master compares each slave with the database, as it does when a slave joins, and tells what differs. A master must run for that; slaves say what they know of their disks, which they read and verify by themselves all the time. What was deleted or put there behind a slave's back is found in this way, or at once by "ftpd import".

With --repair, files that a slave has and the database does not know are taken up, those that it should not have are removed, those that it lacks are fetched from others, and missing copies are made. What nobody has any more stays as a name until it is deleted or uploaded again.

It ends with 1 if something is wrong.

` + examples("ftpd fsck", "ftpd fsck atlas --repair", "ftpd fsck --json")
}

// A finding is something that is wrong.
type finding struct {
	Path    string `json:"path,omitempty"`
	Slave   string `json:"slave,omitempty"`
	Problem string `json:"problem"`
}

// An audit is what the command prints.
type audit struct {
	Files    int64                     `json:"files"`
	Lost     int64                     `json:"lost"`    // that no slave has
	Short    int64                     `json:"short"`   // that can have no more copies now
	Pending  int64                     `json:"pending"` // that are to be copied, or have a copy too many
	Findings []finding                 `json:"findings"`
	Slaves   map[string]*copies.Report `json:"slaves"`
}

// maxFindings bounds what is told of files.
const maxFindings = 10_000

// A foundError ends the command where something is wrong.
type foundError struct{ n int }

func (e *foundError) Error() string {
	return human.Plural(int64(e.n), "problem", "problems") + " found"
}

// Run looks at everything.
func (f *FsckCommand) Run(a *App) error {
	d, err := a.Open()
	if err != nil {
		return err
	}
	defer d.Close()
	slaves, err := f.slaves(a, d)
	if err != nil {
		return err
	}
	number, err := f.order(a, d, slaves)
	if err != nil {
		return err
	}
	result := audit{Findings: []finding{}, Slaves: map[string]*copies.Report{}}
	if err := result.files(a, d); err != nil {
		return err
	}
	if err := f.await(a, d, slaves, number, &result); err != nil {
		return err
	}
	if err := a.audit(&result); err != nil {
		return err
	}
	if n := len(result.Findings); n > 0 {
		return &foundError{n}
	}
	return nil
}

// slaves returns those that are to be compared.
func (f *FsckCommand) slaves(a *App, d *Database) (map[catalogue.SlaveID]string, error) {
	names := map[catalogue.SlaveID]string{}
	for _, name := range f.Slaves {
		s, err := a.slave(d, name)
		if err != nil {
			return nil, err
		}
		names[s.ID] = s.Name
	}
	if len(f.Slaves) > 0 {
		return names, nil
	}
	all, err := d.Catalogue.Slaves(a)
	for _, s := range all {
		names[s.ID] = s.Name
	}
	return names, err
}

// order asks masters to compare slaves, and returns under which number.
func (f *FsckCommand) order(a *App, d *Database, slaves map[catalogue.SlaveID]string) (uint64, error) {
	masters, err := d.Masters(a)
	if err != nil {
		return 0, err
	}
	if len(masters) == 0 && len(slaves) > 0 {
		return 0, ui.Hint(fmt.Errorf("no master runs on this database, and only a master reaches slaves"), "start one: ftpd master")
	}
	detail, err := json.Marshal(copies.Order{Repair: f.Repair})
	if err != nil {
		return 0, err
	}
	number := rand.Uint64() >> 1
	var jobs []catalogue.Job
	for id := range slaves {
		jobs = append(jobs, catalogue.Job{Kind: copies.FsckJob, Node: number, Slave: id, Detail: detail})
	}
	if f.Repair {
		jobs = append(jobs, catalogue.Job{Kind: catalogue.SweepJob})
	}
	return number, d.AddJobs(a, jobs)
}

// files looks at all files in the database.
func (r *audit) files(a *App, d *Database) error {
	rules, err := d.Rules(a)
	if err != nil {
		return err
	}
	all, err := overview.List(a, d, nil)
	if err != nil {
		return err
	}
	rows, err := d.Catalogue.Slaves(a)
	if err != nil {
		return err
	}
	by, standings := choice.NewRules(rules), map[string]copies.Standing{}
	for i := range all {
		s := &all[i]
		standings[s.Name] = copies.Standing{Name: s.Name, Rack: s.Rack, Online: s.State == overview.Online, Draining: s.Draining, Lost: s.State == overview.Never}
	}
	names := map[catalogue.SlaveID]string{}
	for _, row := range rows {
		names[row.ID] = row.Name
	}
	for after := uint64(0); ; {
		const page = 1000
		files, err := d.Files(a, after, page)
		if err != nil || len(files) == 0 {
			return err
		}
		for i := range files {
			r.file(&files[i], by, names, standings)
		}
		r.Files, after = r.Files+int64(len(files)), files[len(files)-1].Node
	}
}

// file looks at one file.
func (r *audit) file(f *catalogue.File, rules choice.Rules, names map[catalogue.SlaveID]string, standings map[string]copies.Standing) {
	holders := make([]string, len(f.Holders))
	for i, h := range f.Holders {
		holders[i] = names[h.Slave]
	}
	decision := copies.Decide(rules.For(mirror.Path(f.Ref.Path)), holders, standings)
	switch {
	case len(holders) == 0:
		r.Lost++
		r.add(finding{Path: string(f.Ref.Path), Problem: "lost: no slave has it"})
	case decision.Lacks != "":
		r.Short++
		r.add(finding{Path: string(f.Ref.Path), Slave: strings.Join(holders, " "), Problem: decision.Lacks})
	case !decision.Settled():
		r.Pending++
	}
}

func (r *audit) add(f finding) {
	if len(r.Findings) < maxFindings {
		r.Findings = append(r.Findings, f)
	}
}

// await waits for what masters find.
func (f *FsckCommand) await(a *App, d *Database, slaves map[catalogue.SlaveID]string, number uint64, r *audit) error {
	ctx, cancel := context.WithTimeout(a, f.Wait)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		jobs, err := d.JobsAbout(a, copies.FsckJob, number)
		if err != nil {
			return err
		}
		open := len(slaves)
		for _, j := range jobs {
			if report := copies.Answered(j); report != nil {
				open--
				r.Slaves[slaves[j.Slave]] = report
			}
		}
		if open == 0 {
			break
		}
		select {
		case <-ctx.Done():
			if a.Err() != nil {
				return a.Err()
			}
			return ui.Hint(fmt.Errorf("no master has compared %s within %s", human.Plural(int64(open), "slave", "slaves"), f.Wait), "--wait gives them longer")
		case <-tick.C:
		}
	}
	for _, name := range slices.Sorted(maps.Values(slaves)) {
		r.report(name, r.Slaves[name])
	}
	return nil
}

// report adds what a master found.
func (r *audit) report(slave string, found *copies.Report) {
	if found.Away {
		r.add(finding{Slave: slave, Problem: "away: it could not be compared"})
	}
	for _, d := range found.Differences {
		r.add(finding{Path: string(d.Path), Slave: slave, Problem: d.Problem})
	}
	if found.More > 0 {
		r.add(finding{Slave: slave, Problem: human.Plural(int64(found.More), "more difference", "more differences")})
	}
}

// audit prints the result.
func (a *App) audit(r *audit) error {
	if a.Flags.JSON {
		return a.JSON(r)
	}
	if len(r.Findings) > 0 {
		rows := make([][]any, len(r.Findings))
		for i, f := range r.Findings {
			rows[i] = []any{ui.Printable(f.Path), f.Slave, ui.Rest(f.Problem)}
		}
		if err := a.Table([]string{"path", "slave", "problem"}, rows); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Slaves)) {
		if d := r.Slaves[name].Repaired; d != nil && *d != (copies.Repaired{}) {
			fmt.Fprintf(a.Stdout, "%s: %d taken up, %d equal to others, %d renamed, %d removed, %d missing\n", name, d.Adopted, d.Copies, d.Collided, d.Removed, d.Missing)
		}
	}
	_, err := fmt.Fprintf(a.Stdout, "%s; %d lost, %d short of copies, %d to be settled\n", human.Plural(r.Files, "file", "files"), r.Lost, r.Short, r.Pending)
	return err
}
