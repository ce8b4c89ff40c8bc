package main

import (
	"io"
	"log/slog"
	"sync/atomic"
)

// A holding is something open that several configurations in force have in common; it
// is closed when the last of them is done with it.
type holding struct {
	io.Closer
	holders atomic.Int32
}

func hold(c io.Closer) *holding {
	h := &holding{Closer: c}
	h.holders.Store(1)
	return h
}

// again counts one more holder.
func (h *holding) again() *holding {
	h.holders.Add(1)
	return h
}

// release ends what hold or again began.
func (h *holding) release(log *slog.Logger) {
	if h.holders.Add(-1) > 0 {
		return
	}
	if err := h.Close(); err != nil {
		log.Warn("close", "err", err)
	}
}
