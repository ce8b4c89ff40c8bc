package operator

import (
	"errors"
	"fmt"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/overview"
	"mirrortracker/internal/ui"
)

// SlaveCommands are those of "ftpd slave" that are about the slaves of a server.
type SlaveCommands struct {
	List     slaveList     `cmd:"" help:"List the slaves, with state, load and space."`
	Drain    slaveDrain    `cmd:"" help:"Have a slave's files copied to others, before it is removed."`
	Undrain  slaveUndrain  `cmd:"" help:"Let a slave that was to be drained take files again."`
	Trust    slaveTrust    `cmd:"" help:"Let a slave have the master's certificate, so that it can meet clients under TLS."`
	Distrust slaveDistrust `cmd:"" help:"Give a slave the master's certificate no longer."`
	Reset    slaveReset    `cmd:"" help:"Let a slave come with other folders than it had."`
	Remove   slaveRemove   `cmd:"" help:"Forget a slave."`
}

type slaveList struct{}

func (slaveList) Help() string {
	return "What is shown is what each slave last reported to any of the masters.\n\n" + examples("ftpd slave list", "ftpd slave list --json")
}

// Run prints the slaves.
func (slaveList) Run(a *App) error {
	c, err := a.Open()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := overview.List(a, c, nil)
	if err != nil {
		return err
	}
	rows := make([]listedSlave, len(all))
	for i, s := range all {
		rows[i].Slave = s
		if s.Draining && s.Files > 0 {
			if rows[i].Obstacle, err = a.obstacle(c, s.Name); err != nil {
				return err
			}
		}
	}
	if a.Flags.JSON {
		return a.JSON(rows)
	}
	if err := a.slaves(all); err != nil {
		return err
	}
	for i := range rows {
		rows[i].Obstacle.warn(a.Stderr, rows[i].Name)
	}
	return nil
}

// A listedSlave is one, and why it does not become empty though it shall.
type listedSlave struct {
	overview.Slave
	Obstacle *obstacle `json:"obstacle,omitempty"`
}

// slaves writes a table.
func (a *App) slaves(all []overview.Slave) error {
	now := time.Now()
	rows := make([][]any, len(all))
	for i := range all {
		s := &all[i]
		trusted := "no"
		if s.Trusted {
			trusted = "yes"
		}
		rows[i] = []any{s.Name, s.Words(now), s.Rack, trusted, ui.Number(s.Files), ui.Volume(s.Bytes), ui.Volume(s.Free), ui.Volume(s.Total), s.Load()}
	}
	return a.Table([]string{"slave", "state", "rack", "trusted", "files", "bytes", "free", "total", "load"}, rows)
}

// A named slave is the argument of most commands.
type named struct {
	Name string `arg:"" help:"The slave's name."`
}

// change does something to a slave, and says what.
func (n *named) change(a *App, did string, do func(*Database, catalogue.Slave) error) error {
	c, err := a.Open()
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := a.slave(c, n.Name)
	if err != nil {
		return err
	}
	if err := do(c, s); err != nil {
		return err
	}
	return a.done(fmt.Sprintf(did, n.Name), map[string]string{"slave": n.Name})
}

type slaveDrain struct{ named }

func (slaveDrain) Help() string {
	return "The slave takes no more files, and those that it has are copied to others, as far as these may hold them; then its own copies go. It serves clients meanwhile. \"ftpd slave list\" shows how many files are left, and warns if one cannot go.\n\n" + examples("ftpd slave drain atlas")
}

// Run marks the slave.
func (d *slaveDrain) Run(a *App) error {
	return d.change(a, "%s is drained from now on", func(c *Database, s catalogue.Slave) error {
		if err := c.SetDrain(a, s.ID, true); err != nil {
			return err
		}
		o, err := a.obstacle(c, s.Name)
		o.warn(a.Stderr, s.Name)
		return err
	})
}

type slaveUndrain struct{ named }

func (slaveUndrain) Help() string { return examples("ftpd slave undrain atlas") }

// Run takes the mark away.
func (d *slaveUndrain) Run(a *App) error {
	return d.change(a, "%s takes files again", func(c *Database, s catalogue.Slave) error { return c.SetDrain(a, s.ID, false) })
}

type slaveTrust struct{ named }

func (slaveTrust) Help() string {
	return "Clients that protect data connections (PROT P) check that these present the certificate of the control connection's host. A slave that is trusted with that certificate, its key and the keys of session tickets meets such clients itself; files of others come through the master. The slave keeps them in memory alone, but whoever controls its machine can read them.\n\n" + examples("ftpd slave trust atlas")
}

// Run marks the slave.
func (d *slaveTrust) Run(a *App) error {
	return d.change(a, "%s is trusted with the certificate", func(c *Database, s catalogue.Slave) error { return c.SetTrusted(a, s.ID, true) })
}

type slaveDistrust struct{ named }

func (slaveDistrust) Help() string {
	return "What the slave has been given is forgotten when it is started again; only another certificate is safe from those who control its machine.\n\n" + examples("ftpd slave distrust atlas")
}

// Run takes the mark away.
func (d *slaveDistrust) Run(a *App) error {
	return d.change(a, "%s is no longer trusted with the certificate", func(c *Database, s catalogue.Slave) error { return c.SetTrusted(a, s.ID, false) })
}

type slaveReset struct{ named }

func (slaveReset) Help() string {
	return "A slave that comes with other folders than it had is refused, as they may be a disk that is not mounted. After this command the folders that it comes with next are its own from then on: new ones in place of a disk that is lost, or ones that were restored. What they hold is compared with the database: what is equal counts as a copy, what nobody knows is taken up, and what is missing is fetched from others.\n\n" + examples("ftpd slave reset atlas")
}

// Run forgets the folders.
func (d *slaveReset) Run(a *App) error {
	return d.change(a, "the folders that %s comes with next are its own", func(c *Database, s catalogue.Slave) error { return c.Unbind(a, s.ID) })
}

type slaveRemove struct {
	named
	Lose bool `help:"Remove it though files exist nowhere else; these are lost."`
}

func (slaveRemove) Help() string {
	return "A slave that has the only copy of a file is not removed: drain it first, or if it is gone for good, say --lose. Files that are lost keep their names, and \"ftpd fsck\" lists them. A removed slave can come back by another \"ftpd enroll\".\n\n" + examples("ftpd slave remove atlas", "ftpd slave remove atlas --lose")
}

// Run removes the slave.
func (d *slaveRemove) Run(a *App) error {
	return d.change(a, "removed %s", func(c *Database, s catalogue.Slave) error {
		err := c.RemoveSlave(a, s.ID, d.Lose)
		if errors.Is(err, catalogue.ErrOnly) {
			return ui.Hint(err, "ftpd slave drain "+d.Name+" has them copied to others", "ftpd slave remove "+d.Name+" --lose gives them up")
		}
		if err == nil {
			err = c.revoke(a, d.Name)
		}
		return err
	})
}
