package xferlog

import (
	"io"
	"log/slog"
	"sync"

	"mirrortracker/internal/accesslog"
	"mirrortracker/internal/distftp/control"
)

// A Format appends the line of an event, with its end, or nothing if the event has none.
type Format func(line []byte, e control.Event) []byte

// A Log is an open log. It may be used by any number of goroutines.
type Log struct {
	*accesslog.Log
	format Format
	lines  sync.Pool // of *[]byte
}

// Open appends to a file, which is made where there is none.
func Open(path string, format Format, log *slog.Logger) (*Log, error) {
	to, err := accesslog.Open(path, log)
	if err != nil {
		return nil, err
	}
	return &Log{Log: to, format: format}, nil
}

// To writes to w, which stays open.
func To(w io.Writer, format Format, log *slog.Logger) *Log {
	return &Log{Log: accesslog.To(w, log), format: format}
}

// Observe implements [control.Observer].
func (l *Log) Observe(e control.Event) {
	line, ok := l.lines.Get().(*[]byte)
	if !ok {
		line = new([]byte)
	}
	*line = l.format((*line)[:0], e)
	if len(*line) > 0 {
		l.Write(*line)
	}
	l.lines.Put(line)
}
