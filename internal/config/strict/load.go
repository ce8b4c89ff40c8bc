package strict

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Find returns the file to read: the one that is named, or the usual one if it is
// there, or "" for none.
func Find(named, usual string) string {
	if named != "" {
		return named
	}
	if _, err := os.Stat(usual); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return usual
}

// A Configuration is a pointer to a struct that can tell what is wrong in it.
type Configuration interface{ Validate() error }

// Load changes a configuration, which has the defaults, by a file ("" for none) and
// then by the environment, and checks it.
func Load(c Configuration, path string, environment Environment, getenv func(string) string) error {
	var text []byte
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return fmt.Errorf("configuration: %w", err)
		}
		if err := decode(path, text, c); err != nil {
			return err
		}
	}
	if err := environment.overlay(c, getenv); err != nil {
		return err
	}
	err := c.Validate()
	if err == nil || path == "" {
		return err
	}
	places := placesOf(text)
	var all []string
	for _, e := range flat(err) {
		at := path + ": "
		if key := (*keyError)(nil); errors.As(e, &key) {
			switch {
			case getenv(environment.Variable(key.key)) != "":
				at = "" // it is not the file that says so
			case places[key.key] > 0:
				at = fmt.Sprintf("%s:%d: ", path, places[key.key])
			}
		}
		all = append(all, at+e.Error())
	}
	return errors.New(strings.Join(all, "\n"))
}

// flat returns the errors that were joined.
func flat(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flat(e)...)
	}
	return all
}

// Above returns an environment in which some variables, those that are not empty, have
// other values: what flags say goes before it.
func Above(getenv func(string) string, variables map[string]string) func(string) string {
	return func(name string) string {
		if text := variables[name]; text != "" {
			return text
		}
		return getenv(name)
	}
}
