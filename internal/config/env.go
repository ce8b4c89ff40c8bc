package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// Prefix begins the names of the environment's variables.
const Prefix = "TRACKER_"

// Variable returns the name of the variable that overrides a key.
func Variable(key string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// foreign matches variables of a Kubernetes service that is called tracker, which
// every container of its namespace gets, wanted or not.
var foreign = regexp.MustCompile(`^TRACKER_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// CheckEnvironment names the variables of an environment, given as os.Environ does,
// that look like keys and are none.
func CheckEnvironment(environ []string) error {
	known := map[string]bool{Prefix + "CONFIG": true}
	for key := range keys(&Config{}) {
		known[Variable(key)] = true
	}
	var failed []error
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, Prefix) && !known[name] && !foreign.MatchString(name) {
			failed = append(failed, fmt.Errorf("environment: %s names no key of the configuration; variables for something else must not begin with %s", name, Prefix))
		}
	}
	return errors.Join(failed...)
}

// overlay sets the keys that the environment has. An empty variable is as good
// as none.
func overlay(c *Config, getenv func(string) string) error {
	var failed []error
	for key, field := range keys(c) {
		if text := getenv(Variable(key)); text != "" {
			if err := set(field, text); err != nil {
				failed = append(failed, fmt.Errorf("environment: %s: %w", Variable(key), err))
			}
		}
	}
	return errors.Join(failed...)
}

// keys yields every key of the file that has one value, with its place. The
// tables of sites have none.
func keys(c *Config) func(yield func(key string, field reflect.Value) bool) {
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
	n, err := strconv.ParseInt(text, 10, field.Type().Bits())
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	field.SetInt(n)
	return nil
}
