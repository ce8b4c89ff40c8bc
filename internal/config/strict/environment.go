package strict

import (
	"encoding"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// An Environment is the variables that go before the file. It is what their names begin
// with, such as "TRACKER_".
type Environment string

// Variable returns the name of the variable that overrides a key: that of
// crawl.limits.depth is TRACKER_CRAWL_LIMITS_DEPTH.
func (e Environment) Variable(key string) string {
	return string(e) + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// Config returns the name of the variable that names the file.
func (e Environment) Config() string { return e.Variable("config") }

// foreign matches how variables end that every container of a Kubernetes namespace gets,
// wanted or not, for a service with the name of ours.
var foreign = regexp.MustCompile(`^(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// Check names the variables of an environment, given as os.Environ does, that look like
// keys of a configuration and are none.
func (e Environment) Check(environ []string, c Configuration) error {
	known := map[string]bool{e.Config(): true}
	for key := range Keys(c) {
		known[e.Variable(key)] = true
	}
	var failed []error
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		rest, ours := strings.CutPrefix(name, string(e))
		if ours && !known[name] && !foreign.MatchString(rest) {
			failed = append(failed, fmt.Errorf("environment: %s names no key of the configuration; variables for something else must not begin with %s", name, e))
		}
	}
	return errors.Join(failed...)
}

// overlay sets the keys that the environment has. An empty variable is as good
// as none.
func (e Environment) overlay(c Configuration, getenv func(string) string) error {
	var failed []error
	for key, field := range Keys(c) {
		if text := getenv(e.Variable(key)); text != "" {
			if err := set(field, text); err != nil {
				failed = append(failed, fmt.Errorf("environment: %s: %s", e.Variable(key), plain(err.Error())))
			}
		}
	}
	return errors.Join(failed...)
}

// Keys yields every key of the file that has one value, with its place. Lists and
// tables that may be repeated have none.
func Keys(c Configuration) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		visit("", reflect.ValueOf(c).Elem(), yield)
	}
}

func visit(prefix string, table reflect.Value, yield func(string, reflect.Value) bool) bool {
	for i := range table.NumField() {
		field := table.Field(i)
		key := prefix + table.Type().Field(i).Tag.Get("toml")
		_, text := field.Addr().Interface().(encoding.TextUnmarshaler)
		switch {
		case field.Kind() == reflect.Slice:
		case field.Kind() == reflect.Struct && !text:
			if !visit(key+".", field, yield) {
				return false
			}
		case !yield(key, field):
			return false
		}
	}
	return true
}

// set gives a field the value that a text stands for.
func set(field reflect.Value, text string) error {
	if u, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if field.Kind() == reflect.String {
		field.SetString(text)
		return nil
	}
	if field.Kind() == reflect.Float64 {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", text)
		}
		field.SetFloat(n)
		return nil
	}
	if field.Kind() == reflect.Bool {
		on, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		field.SetBool(on)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, field.Type().Bits())
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	field.SetInt(n)
	return nil
}
