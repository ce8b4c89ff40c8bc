package main

import "runtime"

type masterCommand struct {
	serviceFlags
	SlavesListen string `name:"slaves-listen" help:"Where to listen for slaves, in place of the configuration's \"master.listen\"." placeholder:"HOST:PORT"`
}

func (masterCommand) Help() string {
	return `The names of files are in the database, and their content is on slaves: machines that run "ftpd slave", each enrolled once with a token that "ftpd enroll" prints. Clients are sent to them where that is possible, and served through this machine where it is not. Several masters may share a database of MySQL or MariaDB, and are one service then.

Signals, flags and the configuration are as for "ftpd serve". The first lines on standard output say where it listens for clients, and the last of them where for slaves.

` + examples("ftpd master --users", "ftpd enroll disk1", "ftpd master --config /etc/ftpd/ftpd.toml")
}

// keys are the flags by the keys that they go before.
func (c *masterCommand) keys() map[string]string {
	keys := c.serviceFlags.keys()
	keys["master.listen"] = c.SlavesListen
	return keys
}

// Run serves until the program is told to stop.
func (c *masterCommand) Run(a *app) error {
	hangups := a.Hangups()
	defer runtime.KeepAlive(ballast())
	cfg, err := a.load(c.keys())
	if err != nil {
		return err
	}
	k, err := openCluster(a, cfg)
	if err != nil {
		return err
	}
	defer k.close()
	v, err := newService(k.app, k, cfg, c.keys())
	if err != nil {
		return err
	}
	return k.run(v, hangups)
}
