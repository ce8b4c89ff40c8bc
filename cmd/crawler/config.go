package main

import (
	"fmt"

	"mirrortracker/internal/config"
	"mirrortracker/internal/database"
	"mirrortracker/internal/human"
	"mirrortracker/internal/program"
)

type configCommand struct {
	Init  configInit  `cmd:"" help:"Write a configuration file in which everything is explained."`
	Check configCheck `cmd:"" help:"Say what is wrong in a configuration file."`
}

type configInit struct {
	File string `arg:"" optional:"" default:"tracker.toml" help:"File to write; \"-\" is standard output. Default: tracker.toml."`
}

func (configInit) Help() string {
	return "A file that exists is left alone.\n\n" + program.Examples("crawler config init", "crawler config init /etc/tracker.toml")
}

// Run writes the file.
func (c *configInit) Run(a *program.App) error {
	return program.WriteConfig(a.Env, c.File, config.Commented, "crawler config check", a.Flags.JSON)
}

type configCheck struct {
	File string `arg:"" optional:"" help:"File to check. Default: the one that would be used."`
}

func (configCheck) Help() string {
	return "The environment counts too, as it does when programs start.\n\n" + program.Examples("crawler config check", "crawler config check /etc/tracker.toml")
}

// Run loads the configuration as every command does.
func (c *configCheck) Run(a *program.App) error {
	if c.File != "" {
		a.Flags.Config = c.File
	}
	cfg, err := a.Load()
	if err != nil {
		return err
	}
	if err := database.CheckURL(cfg.Database); err != nil {
		return err
	}
	file := a.Flags.File(a.Getenv)
	if a.Flags.JSON {
		return a.JSON(map[string]any{"file": file, "sites": len(cfg.Sites)})
	}
	if file == "" {
		file = "no configuration file; the defaults"
	}
	_, err = fmt.Fprintf(a.Stdout, "%s: fine, %s declared\n", file, human.Plural(int64(len(cfg.Sites)), "site", "sites"))
	return err
}
