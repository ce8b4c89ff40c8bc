package config

import "errors"

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
	named := f.Config
	if named == "" {
		named = getenv(Prefix + "CONFIG")
	}
	return Find(named)
}

// Check reports what is wrong in the flags themselves.
func (f *Flags) Check() error {
	return errors.Join(
		optional("--log-level", f.LogLevel, logLevel),
		optional("--log-format", f.LogFormat, logFormat),
	)
}

// Load loads the configuration, the flags above all else.
func (f *Flags) Load(getenv func(string) string) (Config, error) {
	flags := map[string]string{
		Variable("database"):   f.Database,
		Variable("log.level"):  f.LogLevel,
		Variable("log.format"): f.LogFormat,
	}
	return Load(f.File(getenv), func(name string) string {
		if text := flags[name]; text != "" {
			return text
		}
		return getenv(name)
	})
}
