package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
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

// decode reads the text of a file into c.
func decode(path string, text []byte, c *Config) error {
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(c)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown):
		all := make([]string, len(unknown.Errors))
		for i := range unknown.Errors {
			e := &unknown.Errors[i]
			all[i] = show(path, text, e, fmt.Sprintf("unknown key %s", strings.Join(e.Key(), ".")))
		}
		return errors.New(strings.Join(all, "\n"))
	case errors.As(err, &wrong):
		what := plain(wrong.Error())
		if key := strings.Join(wrong.Key(), "."); key != "" {
			what = key + ": " + what
		}
		return errors.New(show(path, text, wrong, what))
	}
	return fmt.Errorf("%s: %s", path, plain(err.Error()))
}

// goType is what the library says about our types, which is of no use to those
// who write the file.
var goType = regexp.MustCompile(` into (struct field \S+ of type )?(\S+)$`)

// plain rewrites an error of the library for people who know TOML and not Go.
func plain(message string) string {
	message = strings.TrimPrefix(message, "toml: ")
	return goType.ReplaceAllStringFunc(message, func(found string) string {
		switch kind := goType.FindStringSubmatch(found)[2]; {
		case strings.HasSuffix(kind, "Duration"):
			return ` where a duration such as "30s" belongs`
		case strings.HasPrefix(kind, "int"), strings.HasSuffix(kind, "Size"):
			return " where a whole number belongs"
		case kind == "string":
			return " where a string belongs"
		}
		return " here"
	})
}

// secret matches lines of which the value is not shown.
var secret = regexp.MustCompile(`(?i)@|mysql|pass|secret|token`)

// show returns a message with the place that it is about and the line there.
func show(path string, text []byte, e *toml.DecodeError, message string) string {
	row, column := e.Position()
	line := ""
	if lines := strings.Split(string(text), "\n"); row >= 1 && row <= len(lines) {
		line = strings.TrimRight(lines[row-1], "\r")
	}
	if secret.MatchString(line) {
		if key, _, ok := strings.Cut(line, "="); ok && !secretKey(key) {
			line = key + "= ..."
		} else {
			line = "..."
		}
		column = min(column, len(line))
	}
	number := fmt.Sprint(row)
	return fmt.Sprintf("%s:%d: %s\n  %s | %s\n  %*s | %*s", path, row, message, number, line, len(number), "", max(column, 1), "^")
}

// secretKey reports what stands before an equals sign and is no key, because
// the equals sign is part of a value.
func secretKey(key string) bool { return strings.ContainsAny(key, "@:/'\"") }
