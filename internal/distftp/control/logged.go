package control

import (
	"context"
	"log/slog"

	"mirrortracker/internal/distftp/data"
)

// A logged observer writes the program's log. Refusals and failures are there with
// their reasons, which no client is told.
type logged struct {
	log   *slog.Logger
	noise *slog.Logger // for what clients can cause at will
}

// Observe implements [Observer].
func (l logged) Observe(e Event) {
	switch e := e.(type) {
	case *Refused:
		write(l.noise, slog.LevelWarn, "refused", e, "err", e.Err)
	case *Connected:
		write(l.log, slog.LevelDebug, "session begins", e, "protection", e.Protection)
	case *Protected:
		write(l.log, slog.LevelDebug, "session protected", e)
	case *LoggedIn:
		write(l.log, slog.LevelInfo, "login", e, "user", e.User)
	case *LoginFailed:
		level := slog.LevelInfo
		switch e.Why {
		case LoginLimit, LoginThrottled:
			level = slog.LevelWarn
		case LoginFault:
			level = slog.LevelError
		}
		write(l.noise, level, "login refused", e, "user", e.Name, "why", e.Why, "err", e.Err)
	case *Commanded:
		write(l.log, slog.LevelDebug, "command", e, "verb", e.Verb, "arg", e.Arg)
	case *TransferBegun:
		write(l.log, slog.LevelDebug, "transfer begins", e, "verb", e.Verb, "path", e.Path, "mode", e.Mode, "holder", e.Holder, "why", e.Why)
	case *TransferEnded:
		attrs := []any{"verb", e.Verb, "path", e.Path, "bytes", e.Bytes, "took", e.Took}
		if e.Kind != data.Local && e.Kind != "" {
			attrs = append(attrs, "plan", e.Kind, "holder", e.Holder, "why", e.Why)
		}
		if e.Err == nil {
			write(l.log, slog.LevelInfo, "transfer complete", e, attrs...)
			return
		}
		write(l.log, slog.LevelInfo, "transfer failed", e, append(attrs, "reply", e.Reply, "err", e.Err)...)
	case *Computed:
		attrs := []any{"verb", e.Verb, "path", e.Path, "bytes", e.Bytes, "took", e.Took}
		if e.Err != nil {
			attrs = append(attrs, "err", e.Err)
		}
		write(l.log, slog.LevelInfo, "computed", e, attrs...)
	case *Changed:
		attrs := []any{"verb", e.Verb, "path", e.Path}
		if e.To != "" {
			attrs = append(attrs, "to", e.To)
		}
		write(l.log, slog.LevelInfo, "changed", e, attrs...)
	case *Swept:
		l.log.Info("swept", "removed", e.Removed)
		if e.Err != nil {
			l.log.Warn("sweep incomplete", "err", e.Err)
		}
	case *Disconnected:
		write(l.log, slog.LevelDebug, "session ends", e, "took", e.Took, "commands", e.Commands, "in", e.In, "out", e.Out)
	}
}

// write writes a line, whose client goes before the rest.
func write(log *slog.Logger, level slog.Level, text string, e Event, attrs ...any) {
	ctx := context.Background()
	if !log.Enabled(ctx, level) {
		return
	}
	log.Log(ctx, level, text, append([]any{"client", e.Who().Peer}, attrs...)...)
}
