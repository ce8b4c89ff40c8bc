package accesslog

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	flushSize  = 64 << 10 // from here on the file is written to without waiting longer
	bufferSize = 1 << 20  // beyond it lines are dropped; there are two of them
	flushEvery = time.Second
)

// A Log is an open log. It may be used by any number of goroutines.
type Log struct {
	path string // "" where the writer is not ours
	log  *slog.Logger

	mu      sync.Mutex // guards the following
	pending []byte
	spare   []byte // nil while it is being written

	full  chan struct{} // holds one where pending has passed flushSize
	stop  chan struct{}
	ended chan struct{}

	file    sync.Mutex // held while writing, guards the following
	to      io.Writer
	failing bool

	dropped atomic.Uint64
}

// Open appends to a file, which is made where there is none.
func Open(path string, log *slog.Logger) (*Log, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	return start(path, f, log), nil
}

// To writes to w, which stays open.
func To(w io.Writer, log *slog.Logger) *Log { return start("", w, log) }

func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return f, nil
}

func start(path string, to io.Writer, log *slog.Logger) *Log {
	l := &Log{
		path:    path,
		log:     log,
		pending: make([]byte, 0, flushSize+flushSize/4),
		spare:   []byte{},
		full:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		ended:   make(chan struct{}),
		to:      to,
	}
	go l.run()
	return l
}

// Write takes a line, its end included. It does not keep it, does not wait for the
// file, and drops it where there is no room.
func (l *Log) Write(line []byte) {
	l.mu.Lock()
	if len(l.pending)+len(line) > bufferSize {
		l.mu.Unlock()
		l.dropped.Add(1)
		return
	}
	before := len(l.pending)
	l.pending = append(l.pending, line...)
	passed := before < flushSize && len(l.pending) >= flushSize
	l.mu.Unlock()
	if passed {
		select {
		case l.full <- struct{}{}:
		default:
		}
	}
}

// Dropped returns how many lines are not in the file: there was no room for them, or
// they could not be written.
func (l *Log) Dropped() uint64 { return l.dropped.Load() }

// Reopen goes on in a new file of the same name, for when the present one was
// renamed. Where that cannot be had, the present one is kept.
func (l *Log) Reopen() error {
	if l.path == "" {
		return nil
	}
	f, err := open(l.path)
	if err != nil {
		return err
	}
	l.flush()
	l.file.Lock()
	defer l.file.Unlock()
	old := l.to.(io.Closer)
	l.to, l.failing = f, false
	return old.Close()
}

// Close writes what is pending and closes the file. Lines that come later are lost.
func (l *Log) Close() error {
	close(l.stop)
	<-l.ended
	l.file.Lock()
	defer l.file.Unlock()
	if l.path == "" {
		return nil
	}
	return l.to.(io.Closer).Close()
}

func (l *Log) run() {
	defer close(l.ended)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			l.flush()
			return
		case <-tick.C:
		case <-l.full:
		}
		l.flush()
	}
}

// flush writes what is pending.
func (l *Log) flush() {
	l.file.Lock()
	defer l.file.Unlock()
	l.mu.Lock()
	lines := l.pending
	l.pending, l.spare = l.spare[:0], nil
	l.mu.Unlock()
	if len(lines) > 0 {
		l.write(lines)
	}
	l.mu.Lock()
	l.spare = lines
	l.mu.Unlock()
}

// write tells of trouble once, until it is over.
func (l *Log) write(lines []byte) {
	_, err := l.to.Write(lines)
	switch {
	case err != nil:
		for _, c := range lines {
			if c == '\n' {
				l.dropped.Add(1)
			}
		}
		if !l.failing {
			l.log.Error("log cannot be written; lines are lost", "path", l.path, "err", errors.Unwrap(err))
		}
	case l.failing:
		l.log.Info("log can be written again", "path", l.path, "dropped", l.dropped.Load())
	}
	l.failing = err != nil
}
