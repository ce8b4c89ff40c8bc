package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"mirrortracker/internal/config"
	"mirrortracker/internal/human"
	"mirrortracker/internal/program"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
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
	if c.File == "-" {
		_, err := io.WriteString(a.Stdout, config.Commented)
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640) // it may hold a password
	if errors.Is(err, fs.ErrExist) {
		return ui.Hint(fmt.Errorf("%s exists already", c.File), "give another name, or move it away first")
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(config.Commented)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.File))
	}
	if a.Flags.JSON {
		return a.JSON(map[string]string{"file": c.File})
	}
	_, err = fmt.Fprintf(a.Stdout, "wrote %s; next: change what you like in it, then \"crawler config check %s\"\n", c.File, c.File)
	return err
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
	if err := store.CheckURL(cfg.Database); err != nil {
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
