package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/doctor"
	"mirrortracker/internal/ui"
)

type doctorCommand struct {
	serveCommand `embed:""`

	Master      bool          `help:"Look at a master, and in its database at its slaves, rather than at a folder."`
	Connect     string        `placeholder:"HOST:PORT" help:"Look at this server, as a client from here, and at nothing of this machine."`
	Implicit    bool          `help:"With --connect: begin with TLS, as at port 990."`
	User        string        `placeholder:"NAME" help:"Log in as this user, whose password is asked for on a terminal or is the first line of standard input. Default: anonymous."`
	Timeout     time.Duration `default:"5s" help:"How long to wait for each connection and reply. Default: 5s."`
	Connections int           `default:"10" help:"How many data connections to try at each address. Default: 10."`
}

func (doctorCommand) Help() string {
	return `It checks the configuration, the folder, the database, the certificate and the ports, and visits the server at each of its addresses as a client does: login, TLS, features, the address that PASV announces, data connections, listings, resumed downloads. If no server runs, one is started for the time of the check. Firewalls and address translations show only from outside: run "ftpd doctor --connect" on another machine for them, where nothing else of ftpd is needed.

Flags of "ftpd serve" mean here what they mean there. The exit code is 1 if something fails.

` + examples("ftpd doctor", "ftpd doctor /srv/pub --listen :2121", "ftpd doctor --master", "ftpd doctor --connect ftp.example.org:21", "ftpd doctor --connect ftp.example.org:990 --implicit --user ann < password.txt", "ftpd doctor --json")
}

// Run examines, and says what was found.
func (c *doctorCommand) Run(a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	visit := doctor.Visit{User: c.User, Timeout: c.Timeout, Connections: c.Connections}
	if c.User != "" {
		var err error
		if visit.Password, err = a.admin().Password(c.User); err != nil {
			return err
		}
	}
	var f doctor.Findings
	if c.Connect != "" {
		host, _, _ := net.SplitHostPort(c.Connect)
		visit.Addr, visit.Implicit, visit.Names = c.Connect, c.Implicit, []string{host}
		f = visit.Make(a)
	} else if err := c.examine(a, &f, visit); err != nil {
		return err
	}
	return a.diagnose(f)
}

// diagnose writes what was found; if something fails, so does the command.
func (a *app) diagnose(f doctor.Findings) error {
	if err := a.tell(f); err != nil {
		return err
	}
	if f.Failed() > 0 {
		return ui.ErrFailed
	}
	return nil
}

// check refuses flags that would have no effect.
func (c *doctorCommand) check() error {
	switch {
	case c.Connections < 1:
		return ui.Misuse("--connections is %d, must be at least 1", c.Connections)
	case c.Timeout <= 0:
		return ui.Misuse("--timeout is %v, must be more than 0", c.Timeout)
	case c.Master && c.Dir != "":
		return ui.Misuse("--master: a master has no folder of its own; slaves have them")
	case c.Connect == "" && c.Implicit:
		return ui.Misuse("--implicit goes with --connect; of a server on this machine, tls_listen and door say it")
	case c.Connect == "":
		return nil
	case c.Master, c.serveCommand != serveCommand{}:
		return ui.Misuse("--connect looks at nothing of this machine, so that a folder and the flags of ftpd serve do not go with it")
	}
	if _, _, err := net.SplitHostPort(c.Connect); err != nil {
		return ui.Misuse("--connect: %w", err)
	}
	return nil
}

// tell writes what was found.
func (a *app) tell(f doctor.Findings) error {
	if a.flags.Admin.JSON {
		return a.JSON(f)
	}
	if a.OutTerm {
		return a.tellPeople(f)
	}
	rows := make([][]any, len(f))
	for i, one := range f {
		rows[i] = []any{one.Level, one.Check, one.Found, one.Remedy}
	}
	return a.Table([]string{"result", "check", "found", "remedy"}, rows)
}

// tellPeople writes remedies below what they are for: beside it there is no room.
func (a *app) tellPeople(f doctor.Findings) error {
	width := 0
	for _, one := range f {
		width = max(width, len(one.Check))
	}
	for _, one := range f {
		if _, err := fmt.Fprintf(a.Stdout, "%-4s  %-*s  %s\n", one.Level, width, one.Check, ui.Printable(one.Found)); err != nil {
			return err
		}
		if one.Remedy == "" {
			continue
		}
		if _, err := fmt.Fprintf(a.Stdout, "      remedy: %s\n", one.Remedy); err != nil {
			return err
		}
	}
	return nil
}

// examine looks at what the configuration names, and at the server.
func (c *doctorCommand) examine(a *app, f *doctor.Findings, visit doctor.Visit) error {
	cfg, err := a.load(c.keys())
	if err != nil {
		f.Bad("configuration", "ftpd config check says what is wrong; ftpd config init writes one that explains it", "%v", err)
		return nil
	}
	if file := a.flags.File(a.Getenv); file != "" {
		f.Good("configuration", "%s", file)
	} else {
		f.Good("configuration", "no file; the defaults")
	}
	if c.Master {
		a.masterFindings(f, &cfg)
	} else {
		folderFindings(f, cfg.Directory)
	}
	a.userFindings(f, &cfg)
	a.trackerFindings(f, &cfg)
	if c.Master || (folder{}).mirrored(&cfg) {
		a.mirrorFindings(f, &cfg)
	}
	certificateFindings(f, &cfg)
	portFindings(f, &cfg)
	addressFindings(f, &cfg)
	if !cfg.Anonymous && c.User == "" {
		f.Doubt("visit", "name a user that may log in: --user NAME", "not made, as anonymous clients may not log in")
		return nil
	}
	return c.visits(a, f, &cfg, visit)
}

// visits visits the server at its doors. One that does not run is started meanwhile.
func (c *doctorCommand) visits(a *app, f *doctor.Findings, cfg *config.Config, visit doctor.Visit) error {
	free := true
	for _, d := range cfg.Everywhere() {
		l, err := listen(d.Listen)
		switch {
		case err == nil:
			l.Close()
		case errors.Is(err, syscall.EADDRINUSE):
			free = false
		case errors.Is(err, syscall.EACCES):
			f.Bad("listen "+d.Listen, "ports below 1024 need CAP_NET_BIND_SERVICE or a socket of systemd; or choose another", "%v", err)
			return nil
		default:
			f.Bad("listen "+d.Listen, "listen, tls_listen and door in the configuration are addresses of this machine", "%v", err)
			return nil
		}
	}
	var targets []config.Door
	if free && c.Master {
		f.Bad("server", "start it: ftpd master", "not running")
		return nil
	}
	if free {
		f.Doubt("server", "ftpd serve", "not running; one is started for this check")
		started, stop, err := c.start(a)
		if err != nil {
			f.Bad("server", "see what ftpd serve says", "%v", err)
			return nil
		}
		defer stop()
		targets = started
	} else {
		f.Good("server", "something listens already")
		targets = cfg.Everywhere()
	}
	for _, d := range targets {
		for _, addr := range reached(d.Listen) {
			visit.Addr, visit.Implicit, visit.Inside = addr, d.Implicit(), true
			*f = append(*f, visit.Make(a)...)
		}
	}
	return nil
}

// start serves until stop is called. It returns the doors, each at its real address.
func (c *doctorCommand) start(a *app) (doors []config.Door, stop func(), err error) {
	ctx, cancel := context.WithCancel(a)
	silent := *a.Env
	silent.Stdout, silent.Stderr = io.Discard, io.Discard
	v, err := newFolderService(&app{Context: ctx, Env: &silent, flags: a.flags}, c.keys())
	if err != nil {
		cancel()
		return nil, nil, err
	}
	for i, d := range v.doors {
		door := v.present.Load().config.Main(d.Implicit)
		host, _, _ := net.SplitHostPort(v.entrances[i].address)
		_, port, _ := net.SplitHostPort(d.Addr().String()) // the real one, if any was right
		door.Listen = net.JoinHostPort(host, port)
		doors = append(doors, door)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = v.run(nil) // what goes wrong the visit shows
	}()
	return doors, func() { cancel(); <-done }, nil
}

// reached returns where a client on this machine finds what listens at an address, as the
// configuration has it.
func reached(address string) []string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil
	}
	var all []string
	if host == "" || host == "0.0.0.0" {
		all = append(all, net.JoinHostPort("127.0.0.1", port))
	}
	if (host == "" || host == "::") && hasIPv6() {
		all = append(all, net.JoinHostPort("::1", port))
	}
	if all == nil {
		return []string{address}
	}
	return all
}

// hasIPv6 reports whether this machine can speak to itself by IPv6.
func hasIPv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false
	}
	return l.Close() == nil
}
