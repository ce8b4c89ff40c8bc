package crawl

import (
	"context"
	"errors"
)

// work lists directories over one connection until there are none left. The
// connections come one after the other, as there is something to do for them. One
// that fails for good is done without as long as another works.
func (w *walk) work(ctx context.Context, number int) error {
	if !w.wanted(ctx, number) {
		return nil
	}
	l := line{walk: w, desk: &desk{walk: w, taken: map[*Task]bool{}}}
	err := l.serve(ctx)
	if l.isOpen {
		w.count(-1)
	}
	if err != nil && ctx.Err() == nil && temporary(err) && w.others() {
		return nil
	}
	return err
}

// wanted waits until another connection is of use: those before it are open, and
// there are directories that nobody has taken.
func (w *walk) wanted(ctx context.Context, number int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for number > 0 && !w.done && !w.full && ctx.Err() == nil && (w.lines < number || len(w.pending) < 2) {
		w.wake.Wait()
	}
	return number == 0 || !w.done && !w.full && ctx.Err() == nil
}

// count notes that a connection was opened, or given up.
func (w *walk) count(change int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines += change
	w.wake.Broadcast()
}

// others reports whether any connection is open.
func (w *walk) others() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lines > 0
}

// ended reports whether there is nothing left to do.
func (w *walk) ended() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.done
}

// restart notes that earlier listings are wrong, before the connection is closed, which
// may take a while.
func (w *walk) restart() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.restarts = true
}

// crowded notes that the site accepts no more connections, if it has accepted one.
func (w *walk) crowded() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.full = w.full || w.lines > 0
	w.wake.Broadcast()
	return w.full
}

// A line is one connection of a walk. It is opened again when it has failed.
type line struct {
	*walk
	desk   *desk
	isOpen bool // counted among the walk's lines
}

// serve opens the connection and lets it work, again after each failure, until
// the work is done, or it has failed too often without having done any, or too often
// at one directory. It fails with what was wrong in the end, rather than with there being
// too many connections at the moment to try again.
func (l *line) serve(ctx context.Context) error {
	pauses := l.Retry.pauses()
	var wrong error
	for {
		before := l.desk.delivered
		err := l.once(ctx)
		if err == nil || ctx.Err() != nil || !temporary(err) {
			return err
		}
		if l.desk.delivered > before {
			pauses, wrong = l.Retry.pauses(), nil
		}
		if wrong == nil || !busy(err) {
			wrong = err
		}
		first, forgiven := l.desk.abandon()
		if forgiven {
			continue
		}
		pause, stop := pauses.Next()
		if stop || first != nil && first.Failures >= l.Retry.Tries {
			return wrong
		}
		if l.Failed != nil {
			l.Failed(err)
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// once opens the connection and serves until it fails, or until there is nothing
// left to do for it.
func (l *line) once(ctx context.Context) error {
	lister, err := l.Open(ctx)
	if err != nil {
		if busy(err) && !l.isOpen && l.crowded() {
			return nil
		}
		return err
	}
	if !l.isOpen {
		l.isOpen = true
		l.count(1)
	}
	err = lister.Serve(ctx, l.desk)
	if _, restart := errors.AsType[*RestartError](err); restart {
		l.restart()
	}
	lister.Close()
	if err == nil && !l.ended() {
		err = errEarly
	}
	return err
}
