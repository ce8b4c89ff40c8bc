package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"time"

	"mirrortracker/internal/distftp/doctor"
	"mirrortracker/internal/distftp/identity"
	slaveconfig "mirrortracker/internal/distftp/slave/config"
	"mirrortracker/internal/distftp/storage"
	"mirrortracker/internal/human"
)

type slaveDoctor struct {
	Timeout time.Duration `default:"5s" help:"How long to wait for each master. Default: 5s."`
}

func (slaveDoctor) Help() string {
	return `It checks the configuration, the folders, who the slave is, its addresses and ports, and whether its masters can be reached and are the right ones. The slave may run meanwhile. Whether clients reach it shows only from where they are. The exit code is 1 if something fails.

` + examples("ftpd slave doctor", "ftpd slave doctor --config /etc/ftpd/slave.toml --json")
}

// Run examines, and says what was found.
func (c *slaveDoctor) Run(a *app) error {
	var f doctor.Findings
	c.examine(a, &f)
	return a.diagnose(f)
}

func (c *slaveDoctor) examine(a *app, f *doctor.Findings) {
	file := a.slaveFile()
	cfg, err := a.loadSlave(file)
	switch {
	case err != nil:
		f.Bad("configuration", "ftpd slave config check says what is wrong; ftpd slave config init writes one that explains it", "%v", err)
		return
	case file == "":
		f.Good("configuration", "no file; the defaults")
	default:
		f.Good("configuration", "%s", file)
	}
	a.storageFindings(f, &cfg)
	who, err := identity.Load(cfg.Identity)
	if err != nil {
		f.Bad("identity", `"ftpd enroll NAME" at a master, and "ftpd slave enroll TOKEN" here`, "%v", err)
		return
	}
	f.Good("identity", "slave %s until %s; masters renew it", who.Name(), who.Expires().Format(time.DateOnly))
	for _, master := range who.Masters() {
		c.masterFindings(a, f, who, master)
	}
	placeFindings(f, &cfg, who.Masters())
}

// storageFindings looks at the folders. What is in use by the slave that runs is well enough.
func (a *app) storageFindings(f *doctor.Findings, cfg *slaveconfig.Config) {
	if len(cfg.Folders) == 0 {
		f.Bad("folders", `"folders" in the slave's configuration names them`, "none is named")
		return
	}
	disks, err := storage.Open(a, storageConfig(cfg, nil))
	switch {
	case errors.Is(err, storage.ErrLocked):
		f.Good("folders", "in use by the slave that runs")
		return
	case errors.Is(err, storage.ErrNew), errors.Is(err, storage.ErrFolder):
		f.Bad("folders", `mount the disk; or, if a folder is new, "ftpd slave init"`, "%v", err)
		return
	case err != nil:
		f.Bad("folders", "the user that the slave runs as must be able to read and write there", "%v", err)
		return
	}
	defer disks.Close()
	state, err := disks.State(a)
	switch {
	case err != nil:
		f.Bad("folders", "the disk's log may say why", "%v", err)
	case state.Fault != "":
		f.Doubt("folders", "until that is mended the slave sends files and takes none", "%s", state.Fault)
	default:
		f.Good("folders", "%s, %s free", human.Plural(state.Files, "file", "files"), human.Bytes(state.Free))
	}
}

// masterFindings connects to a master as the slave does, and says no more.
func (c *slaveDoctor) masterFindings(a *app, f *doctor.Findings, who *identity.Identity, master string) {
	check := "master " + master
	ctx, cancel := context.WithTimeout(a, c.Timeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", master)
	if err != nil {
		f.Bad(check, "it runs and a firewall lets slaves in: listen of [master] in its configuration", "%v", err)
		return
	}
	defer conn.Close()
	config := who.Client(identity.Master)
	config.NextProtos = []string{identity.EnrollProtocol} // not a second link of this slave
	if err := tls.Client(conn, config).HandshakeContext(ctx); err != nil {
		f.Bad(check, "a master of another installation listens there, or this slave was enrolled anew elsewhere", "%v", err)
		return
	}
	f.Good(check, "can be reached, and is the one")
}

// placeFindings looks at where clients, masters and other slaves find the slave.
func placeFindings(f *doctor.Findings, cfg *slaveconfig.Config, masters []string) {
	at, err := dataAddresses(cfg, masters)
	if err != nil {
		f.Bad("addresses", "data.addresses names this machine's own addresses", "%v", err)
		return
	}
	for _, a := range at {
		check := "address " + a.Public.String()
		if l, err := net.Listen("tcp", net.JoinHostPort(a.Local.String(), "0")); err != nil {
			f.Bad(check, "data.addresses are addresses of this machine", "%v", err)
			continue
		} else if err := l.Close(); err != nil {
			f.Doubt(check, "try again", "%v", err)
		}
		if a.Public.IsPrivate() || a.Public.IsLoopback() {
			f.Doubt(check, "if clients come from outside, data.external_ipv4 is what they connect to", "one that only this network knows; others are served by way of a master")
		} else {
			f.Good(check, "where clients are sent")
		}
		rangeFindings(f, cfg.DataPorts(), a.Local.String(), "data.ports")
	}
	l, err := listen(cfg.Relay.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		f.Good("relay "+cfg.Relay.Listen, "something listens already")
	case err != nil:
		f.Bad("relay "+cfg.Relay.Listen, "relay.listen names an address of this machine, and a free port", "%v", err)
	default:
		f.Good("relay "+cfg.Relay.Listen, "free for the slave")
		l.Close()
	}
}
