package config

import (
	"cmp"
	"errors"

	"mirrortracker/internal/config/strict"
)

// DefaultFile is read where no file is named, if it is there.
const DefaultFile = "ftpd.toml"

// Environment is the variables that go before the file.
const Environment strict.Environment = "FTPD_"

// Flags are the flags of all commands that are about configuration, with the help that
// kong shows.
type Flags struct {
	Config    string `help:"Configuration file. Default: ftpd.toml, for what a slave does on its machine slave.toml, if there is one. Environment: FTPD_CONFIG, or FTPD_SLAVE_CONFIG." placeholder:"FILE"`
	Database  string `help:"Database of users, and of what masters know: sqlite:PATH or mysql://user:password@host:3306/name. Environment: FTPD_DATABASE." placeholder:"URL"`
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

// Load loads the configuration, the flags above all else. More flags can be given by
// the keys for which they stand.
func (f *Flags) Load(getenv func(string) string, more map[string]string) (Config, error) {
	flags := map[string]string{
		Environment.Variable("database"):   f.Database,
		Environment.Variable("log.level"):  f.LogLevel,
		Environment.Variable("log.format"): f.LogFormat,
	}
	for key, text := range more {
		flags[Environment.Variable(key)] = text
	}
	c := Default()
	if err := strict.Load(&c, f.File(getenv), Environment, strict.Above(getenv, flags)); err != nil {
		return Config{}, err
	}
	return c, nil
}

// CheckEnvironment names the variables of an environment, given as os.Environ does,
// that look like keys and are none.
func CheckEnvironment(environ []string) error { return Environment.Check(environ, &Config{}) }
