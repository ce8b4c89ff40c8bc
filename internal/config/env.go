package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Prefix begins the names of the environment's variables.
const Prefix = "TRACKER_"

// Variable returns the name of the variable that overrides a key.
func Variable(key string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
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
	n, err := strconv.ParseInt(text, 10, field.Type().Bits())
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	field.SetInt(n)
	return nil
}
