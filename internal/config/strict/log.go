package strict

import "errors"

// A Log is the table that says what is logged and how.
type Log struct {
	Level  string `toml:"level"`  // debug, info, warn or error
	Format string `toml:"format"` // auto, text or json
}

// DefaultLog is in force where nothing else is said.
var DefaultLog = Log{Level: "info", Format: "auto"}

// Check checks the table with this name.
func (l Log) Check(table string) error {
	return errors.Join(LogLevel(table+".level", l.Level), LogFormat(table+".format", l.Format))
}

// LogLevel checks what is the least that is logged.
func LogLevel(key, value string) error {
	return OneOf(key, value, "debug", "info", "warn", "error")
}

// LogFormat checks how it is logged.
func LogFormat(key, value string) error { return OneOf(key, value, "auto", "text", "json") }
