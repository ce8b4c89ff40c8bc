package config

import (
	"cmp"
	"errors"

	"mirrortracker/internal/config/strict"
)

// Flags are the flags of all programs that are about configuration, with the
// help that kong shows.
type Flags struct {
	Config    string `help:"Configuration file. Default: tracker.toml if there is one. Environment: TRACKER_CONFIG." placeholder:"FILE"`
	Database  string `help:"Database: sqlite:PATH or mysql://user:password@host:3306/name. Environment: TRACKER_DATABASE." placeholder:"URL"`
	LogLevel  string `help:"The least that is logged: debug, info, warn or error." placeholder:"LEVEL"`
	LogFormat string `help:"How it is logged: auto, text or json." placeholder:"FORMAT"`
}

// File returns the path of the configuration file, "" for none.
func (f *Flags) File(getenv func(string) string) string {
	return strict.Find(cmp.Or(f.Config, getenv(Environment.Config())), DefaultFile)
}

// Check reports what is wrong in the flags themselves.
func (f *Flags) Check() error {
	return errors.Join(
		strict.Optional("--log-level", f.LogLevel, strict.LogLevel),
		strict.Optional("--log-format", f.LogFormat, strict.LogFormat),
	)
}

// Load loads the configuration, the flags above all else.
func (f *Flags) Load(getenv func(string) string) (Config, error) {
	return Load(f.File(getenv), strict.Above(getenv, map[string]string{
		Environment.Variable("database"):   f.Database,
		Environment.Variable("log.level"):  f.LogLevel,
		Environment.Variable("log.format"): f.LogFormat,
	}))
}
