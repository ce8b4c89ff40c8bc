package config

import (
	"strings"

	"mirrortracker/internal/config/strict"
)

// DefaultFile is read where no file is named, if it is there.
const DefaultFile = "tracker.toml"

// Environment is the variables that go before the file.
const Environment strict.Environment = "TRACKER_"

// Load returns the defaults, changed by a file ("" for none) and then by the
// environment, and validated.
func Load(path string, getenv func(string) string) (Config, error) {
	c := Default()
	if dir, _, _ := strings.Cut(getenv("CACHE_DIRECTORY"), ":"); dir != "" { // systemd.exec(5)
		c.Redirector.Cache = dir
	}
	if err := strict.Load(&c, path, Environment, getenv); err != nil {
		return Config{}, err
	}
	return c, nil
}

// CheckEnvironment names the variables of an environment, given as os.Environ does,
// that look like keys and are none.
func CheckEnvironment(environ []string) error { return Environment.Check(environ, &Config{}) }
