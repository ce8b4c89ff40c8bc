package control

import (
	"context"
	"log/slog"
	"sync"

	"golang.org/x/time/rate"
)

// What clients can have logged at will is logged so often: a flood of it shows, and does
// not fill the disk.
const (
	noiseRate  = 10 // records of one message in a second
	noiseBurst = 100
)

// A muffler holds back log records of which there are too many. It counts them, and
// the next one of the same message tells how many were left out.
type muffler struct {
	mu       sync.Mutex
	messages map[string]*muffled // of which there are as many as the source text has
}

type muffled struct {
	limit *rate.Limiter
	held  int // back, since one was let through
}

func newMuffler() *muffler { return &muffler{messages: map[string]*muffled{}} }

// over returns a logger that writes to another one what is not too much.
func (m *muffler) over(log *slog.Logger) *slog.Logger {
	return slog.New(muffledHandler{log.Handler(), m})
}

// pass reports whether one more record of a message may be written, and how many were
// held back before.
func (m *muffler) pass(message string) (held int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	of := m.messages[message]
	if of == nil {
		of = &muffled{limit: rate.NewLimiter(noiseRate, noiseBurst)}
		m.messages[message] = of
	}
	if !of.limit.Allow() {
		of.held++
		return 0, false
	}
	held, of.held = of.held, 0
	return held, true
}

type muffledHandler struct {
	slog.Handler
	muffler *muffler
}

// Handle implements [slog.Handler].
func (h muffledHandler) Handle(ctx context.Context, r slog.Record) error {
	held, ok := h.muffler.pass(r.Message)
	if !ok {
		return nil
	}
	if held > 0 {
		r.AddAttrs(slog.Int("held_back", held))
	}
	return h.Handler.Handle(ctx, r)
}

// noise is the session's log for what its client can cause at will.
func (s *session) noise() *slog.Logger { return s.muffler.over(s.log) }
