package ui

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"mirrortracker/internal/human"
)

// Far is how far something has come.
type Far struct {
	Dirs    int64
	Files   int64
	Current string // a path, raw bytes
}

// A Progress shows how far several sites have come.
type Progress struct {
	// Doing says in the log what goes on.
	Doing string

	env      *Env
	log      *slog.Logger
	drawn    *mpb.Progress // nil where nothing is drawn
	interval time.Duration // between log lines
	lines    sync.WaitGroup
}

// Progress begins to show progress: drawn on a terminal, or else logged at an
// interval and when a site is done. The caller ends it with [Progress.End] after all its lines.
func (e *Env) Progress(log *slog.Logger, interval time.Duration) *Progress {
	p := e.LogProgress(log, interval)
	if e.ErrTerm && e.Getenv("TERM") != "dumb" {
		p.drawn = mpb.New(mpb.WithOutput(e.Stderr), mpb.WithRefreshRate(150*time.Millisecond), mpb.PopCompletedMode())
		e.theConsole().redirect(p.drawn)
	}
	return p
}

// LogProgress is Progress for a service: always logged.
func (e *Env) LogProgress(log *slog.Logger, interval time.Duration) *Progress {
	return &Progress{Doing: "crawling", env: e, log: log, interval: interval}
}

// End waits until everything is shown.
func (p *Progress) End() {
	p.lines.Wait()
	if p.drawn != nil {
		p.drawn.Wait()
		p.env.theConsole().redirect(p.env.Stderr)
	}
}

// A Line is the progress of one site.
type Line struct {
	log   *slog.Logger
	name  string
	began time.Time
	stop  context.CancelFunc
	bar   *mpb.Bar

	mu  sync.Mutex
	far func() Far
	end string
}

// Line begins to show one site.
func (p *Progress) Line(ctx context.Context, name string) *Line {
	l := &Line{log: p.log, name: name, began: time.Now(), far: func() Far { return Far{} }}
	ctx, l.stop = context.WithCancel(ctx)
	if p.drawn != nil {
		l.bar = p.drawn.New(0, mpb.NopStyle(), mpb.BarFillerTrim(),
			mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return l.String() })))
		return l
	}
	p.lines.Go(func() { l.logOn(ctx, p.Doing, p.interval) })
	return l
}

// Watch says how to find out how far the site has come.
func (l *Line) Watch(far func() Far) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.far = far
}

// End shows how it ended: the outcome in a word where it is drawn, else a message
// with it. Both are "" for callers that log that themselves.
func (l *Line) End(message, outcome string) {
	l.mu.Lock()
	l.end = outcome
	l.mu.Unlock()
	l.stop()
	switch {
	case l.bar != nil:
		l.bar.SetTotal(0, true)
		l.bar.Wait()
	case message != "":
		far, rate, _ := l.read()
		l.log.Info(message, "site", l.name, "directories", far.Dirs, "files", far.Files, "per_second", int64(rate), "outcome", outcome)
	}
}

// logOn logs now and then until the line ends.
func (l *Line) logOn(ctx context.Context, doing string, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			far, rate, _ := l.read()
			l.log.Info(doing, "site", l.name, "directories", far.Dirs, "files", far.Files,
				"per_second", int64(rate), "path", far.Current)
		}
	}
}

// read returns how far it is, directories per second, and the outcome at the end.
func (l *Line) read() (far Far, rate float64, outcome string) {
	l.mu.Lock()
	watch, outcome := l.far, l.end
	l.mu.Unlock()
	far = watch()
	return far, float64(far.Dirs) / max(time.Since(l.began).Seconds(), 0.1), outcome
}

// String is the line as it is drawn.
func (l *Line) String() string {
	far, rate, outcome := l.read()
	text := fmt.Sprintf("%-16s %9s dirs %11s files ", l.name, human.Count(far.Dirs), human.Count(far.Files))
	if outcome != "" {
		return text + outcome
	}
	return text + fmt.Sprintf("%6.0f dirs/s  %s", rate, Printable(far.Current))
}
