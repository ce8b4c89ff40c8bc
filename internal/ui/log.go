package ui

import (
	"fmt"
	"log/slog"

	"github.com/lmittmann/tint"
)

// Logger returns a logger to standard error. The level is debug, info, warn or
// error; the format is text, json, or auto for coloured text on a terminal and
// plain text elsewhere.
func (e *Env) Logger(level, format string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q is not one of debug, info, warn, error", level)
	}
	options := &slog.HandlerOptions{Level: least}
	switch {
	case format == "json":
		return slog.New(slog.NewJSONHandler(e.Console(), options)), nil
	case format == "auto" && e.ErrTerm:
		return slog.New(tint.NewTextHandler(e.Console(), &tint.Options{
			Level:      least,
			TimeFormat: "15:04:05",
			NoColor:    !e.colour(e.ErrTerm),
		})), nil
	case format == "auto", format == "text":
		return slog.New(slog.NewTextHandler(e.Console(), options)), nil
	}
	return nil, fmt.Errorf("log format %q is not one of auto, text, json", format)
}
