package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// DefaultFile is read where no file is named, if it is there.
const DefaultFile = "tracker.toml"

// Find returns the file to read: the one that is named, or [DefaultFile] if
// there is one, or "" for none.
func Find(named string) string {
	if named != "" {
		return named
	}
	if _, err := os.Stat(DefaultFile); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return DefaultFile
}

// Load returns the defaults, changed by a file ("" for none) and then by the
// environment, and validated.
func Load(path string, getenv func(string) string) (Config, error) {
	c := Default()
	if dir, _, _ := strings.Cut(getenv("CACHE_DIRECTORY"), ":"); dir != "" { // systemd.exec(5)
		c.Redirector.Cache = dir
	}
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return Config{}, fmt.Errorf("configuration: %w", err)
		}
		if err := decode(path, text, &c); err != nil {
			return Config{}, err
		}
	}
	if err := overlay(&c, getenv); err != nil {
		return Config{}, err
	}
	if err := c.validate(); err != nil {
		if path != "" {
			err = fmt.Errorf("%s: %w", path, err)
		}
		return Config{}, err
	}
	return c, nil
}
