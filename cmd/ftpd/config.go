package main

import (
	"fmt"

	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/program"
)

type configCommand struct {
	Init  configInit  `cmd:"" help:"Write a configuration file in which everything is explained."`
	Check configCheck `cmd:"" help:"Say what is wrong in a configuration file."`
}

type configInit struct {
	File string `arg:"" optional:"" default:"ftpd.toml" help:"File to write; \"-\" is standard output. Default: ftpd.toml."`
}

func (configInit) Help() string {
	return "A file that exists is left alone.\n\n" + examples("ftpd config init", "ftpd config init /etc/ftpd/ftpd.toml")
}

// Run writes the file.
func (c *configInit) Run(a *app) error {
	return program.WriteConfig(a.Env, c.File, config.Commented, "ftpd config check", a.flags.Admin.JSON)
}

type configCheck struct {
	File string `arg:"" optional:"" help:"File to check. Default: the one that would be used."`
}

func (configCheck) Help() string {
	return "The environment counts too, as it does when the program starts.\n\n" + examples("ftpd config check", "ftpd config check /etc/ftpd/ftpd.toml")
}

// Run loads the configuration as every command does.
func (c *configCheck) Run(a *app) error {
	if c.File != "" {
		a.flags.Config = c.File
	}
	loaded, err := a.load(nil)
	if err != nil {
		return err
	}
	if _, err := authorities(&loaded); err != nil {
		return err
	}
	return a.fine(a.flags.File(a.Getenv))
}

// fine says of a configuration file that nothing is wrong in it.
func (a *app) fine(file string) error {
	if a.flags.Admin.JSON {
		return a.JSON(map[string]string{"file": file})
	}
	if file == "" {
		file = "no configuration file; the defaults"
	}
	_, err := fmt.Fprintf(a.Stdout, "%s: fine\n", file)
	return err
}
