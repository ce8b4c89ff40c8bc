package wire

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"sync"
	"time"
)

// lines are what is told bit by bit. They reach the master one by one.
type lines struct {
	to  http.ResponseWriter
	out *http.ResponseController
}

func newLines(w http.ResponseWriter) lines {
	w.Header().Set("Content-Type", "application/x-ndjson")
	return lines{to: w, out: http.NewResponseController(w)}
}

func (l lines) tell(value any) error {
	if err := l.add(value); err != nil {
		return err
	}
	return l.out.Flush()
}

// add leaves it to others when the line leaves.
func (l lines) add(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		panic("wire: internal error: " + err.Error())
	}
	_, err = l.to.Write(append(text, '\n'))
	return err
}

// gather is how long an event waits for others, so that all of a small transfer is told in
// one line, and wakes the master once.
const gather = time.Millisecond

// events are lines about a transfer. They may be told by several goroutines; what is told
// after the end is dropped.
type events struct {
	mu      sync.Mutex
	lines   lines
	pending Event
	leaves  *time.Timer // nil where nothing is pending
	ended   bool
}

func newEvents(w http.ResponseWriter) *events { return &events{lines: newLines(w)} }

// tell tells an event soon.
func (e *events) tell(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pending.Connected = e.pending.Connected || event.Connected
	e.pending.Moved = max(e.pending.Moved, event.Moved)
	e.pending.Next = cmp.Or(e.pending.Next, event.Next)
	if e.leaves == nil && !e.ended && !event.Last {
		e.leaves = time.AfterFunc(gather, e.leave)
	}
}

func (e *events) leave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	_ = e.lines.tell(e.pending) // a master that is gone ends the transfer
	e.pending, e.leaves = Event{}, nil
}

// end tells the last event, and with it what is pending.
func (e *events) end(last Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.leaves != nil {
		e.leaves.Stop()
	}
	e.ended = true
	last.Connected, last.Moved, last.Next = e.pending.Connected, e.pending.Moved, e.pending.Next
	_ = e.lines.add(last)
}

// maxLine bounds a line: news of many damaged files have the longest.
const maxLine = 2 << 20

var errLongLine = errors.New("a line that is too long")

// readLines goes through the lines of an answer. An error is the last.
func readLines(from io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		in := bufio.NewScanner(from)
		in.Buffer(nil, maxLine)
		for in.Scan() {
			if !yield(in.Bytes(), nil) {
				return
			}
		}
		err := in.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = errLongLine
		}
		if err != nil {
			yield(nil, fmt.Errorf("read its answer: %w", err))
		}
	}
}
