package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mirrortracker/internal/distftp/identity"
	"mirrortracker/internal/distftp/operator"
	slaveconfig "mirrortracker/internal/distftp/slave/config"
	"mirrortracker/internal/distftp/storage"
	"mirrortracker/internal/program"
	"mirrortracker/internal/ui"
)

type slaveCommand struct {
	Run    slaveRun    `cmd:"" default:"withargs" help:"Hold files for masters (what \"ftpd slave\" does by itself)."`
	Enroll slaveEnroll `cmd:"" help:"Become a slave of the master that made a token."`
	Init   slaveInit   `cmd:"" help:"Make folders that are new in the configuration this slave's."`
	Doctor slaveDoctor `cmd:"" help:"Find out why a slave does not do its work."`
	Config slaveConfig `cmd:"" help:"Write or check a slave's configuration file."`

	operator.SlaveCommands
}

// loadSlave loads the configuration of a slave.
func (a *app) loadSlave(file string) (slaveconfig.Config, error) {
	if a.flags.Database != "" {
		return slaveconfig.Config{}, ui.Misuse("--database: a slave has no database")
	}
	if err := a.flags.Check(); err != nil {
		return slaveconfig.Config{}, ui.Misuse("%w", err)
	}
	return slaveconfig.Load(file, a.Environ, a.Getenv, map[string]string{"log.level": a.flags.LogLevel, "log.format": a.flags.LogFormat})
}

// slaveFile is the configuration file of a slave; "" is none.
func (a *app) slaveFile() string { return slaveconfig.File(a.flags.Config, a.Getenv) }

type slaveEnroll struct {
	Token string `arg:"" help:"The token that \"ftpd enroll\" printed at a master; \"-\" reads it from standard input."`
}

func (slaveEnroll) Help() string {
	return `The token names the masters and says how they are recognized; it is good once, for a day. The slave draws a key, which never leaves this machine, and gets a certificate for it. Then the folders of the configuration become its own; files that they hold are taken up.

` + examples("ftpd slave enroll TOKEN --config /etc/ftpd/slave.toml", "ssh master ftpd enroll disk1 | ftpd slave enroll -")
}

// Run enrolls the slave.
func (c *slaveEnroll) Run(a *app) error {
	cfg, err := a.loadSlave(a.slaveFile())
	if err != nil {
		return err
	}
	if err := needFolders(&cfg); err != nil {
		return err
	}
	word, err := c.word(a)
	if err != nil {
		return err
	}
	token, err := identity.ParseToken(word)
	if err != nil {
		return ui.Misuse("token: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Identity), 0o700); err != nil {
		return err
	}
	who, err := identity.Enroll(a, token, cfg.Identity)
	if err != nil {
		return ui.Hint(err, `"ftpd enroll NAME" at a master makes a new token`)
	}
	id, err := a.initStorage(&cfg)
	if err != nil {
		return ui.Hint(err, `the slave is enrolled; "ftpd slave init" goes on from here`)
	}
	if a.flags.Admin.JSON {
		return a.JSON(map[string]any{"slave": who.Name(), "masters": who.Masters(), "identity": cfg.Identity, "storage": id})
	}
	_, err = fmt.Fprintf(a.Stdout, "this is slave %s of %s; next: \"ftpd slave\"\n", who.Name(), strings.Join(who.Masters(), ", "))
	return err
}

// word returns the token.
func (c *slaveEnroll) word(a *app) (string, error) {
	if c.Token != "-" {
		return c.Token, nil
	}
	var word string
	if _, err := fmt.Fscan(a.Stdin, &word); err != nil {
		return "", fmt.Errorf("token: standard input has none: %w", err)
	}
	return word, nil
}

type slaveInit struct{}

func (slaveInit) Help() string {
	return `Folders that were added to the configuration are marked as this slave's, and files that they hold are taken up. It is a command of its own so that a disk that is not mounted is never taken for a new one. The slave must not run meanwhile.

` + examples("ftpd slave init", "ftpd slave init --config /etc/ftpd/slave.toml")
}

// Run marks the folders.
func (slaveInit) Run(a *app) error {
	cfg, err := a.loadSlave(a.slaveFile())
	if err != nil {
		return err
	}
	if err := needFolders(&cfg); err != nil {
		return err
	}
	id, err := a.initStorage(&cfg)
	if err != nil {
		return err
	}
	if a.flags.Admin.JSON {
		return a.JSON(map[string]any{"storage": id, "folders": cfg.Folders})
	}
	_, err = fmt.Fprintf(a.Stdout, "%s: this slave's\n", strings.Join(cfg.Folders, ", "))
	return err
}

func (a *app) initStorage(cfg *slaveconfig.Config) (id string, err error) {
	log, err := a.Logger(cfg.Log.Level, cfg.Log.Format)
	if err != nil {
		return "", err
	}
	id, err = storage.Init(a, storageConfig(cfg, log))
	return id, unusable(err)
}

// needFolders says that there must be some.
func needFolders(cfg *slaveconfig.Config) error {
	if len(cfg.Folders) == 0 {
		return ui.Hint(errors.New("no folder is named"), `"folders" in the slave's configuration names them; "ftpd slave config init" writes one that explains it`)
	}
	return nil
}

// unusable adds to why a storage cannot be opened what helps.
func unusable(err error) error {
	switch {
	case errors.Is(err, storage.ErrNew):
		return ui.Hint(err, `mount the disk; or, if these folders are to be this slave's from now on, "ftpd slave init"`)
	case errors.Is(err, storage.ErrFolder):
		return ui.Hint(err, `mount the disk; or, if a folder is new, "ftpd slave init"`)
	case errors.Is(err, fs.ErrPermission):
		return ui.Hint(err, "the user that the slave runs as must be able to write there")
	}
	return err
}

type slaveConfig struct {
	Init  slaveConfigInit  `cmd:"" help:"Write a configuration file in which everything is explained."`
	Check slaveConfigCheck `cmd:"" help:"Say what is wrong in a configuration file."`
}

type slaveConfigInit struct {
	File string `arg:"" optional:"" default:"slave.toml" help:"File to write; \"-\" is standard output. Default: slave.toml."`
}

func (slaveConfigInit) Help() string {
	return "A file that exists is left alone.\n\n" + examples("ftpd slave config init", "ftpd slave config init /etc/ftpd/slave.toml")
}

// Run writes the file.
func (c *slaveConfigInit) Run(a *app) error {
	return program.WriteConfig(a.Env, c.File, slaveconfig.Commented, "ftpd slave config check", a.flags.Admin.JSON)
}

type slaveConfigCheck struct {
	File string `arg:"" optional:"" help:"File to check. Default: the one that would be used."`
}

func (slaveConfigCheck) Help() string {
	return "The environment counts too, as it does when the slave starts.\n\n" + examples("ftpd slave config check", "ftpd slave config check /etc/ftpd/slave.toml")
}

// Run loads the configuration as the slave does.
func (c *slaveConfigCheck) Run(a *app) error {
	file := c.File
	if file == "" {
		file = a.slaveFile()
	}
	if _, err := a.loadSlave(file); err != nil {
		return err
	}
	return a.fine(file)
}
