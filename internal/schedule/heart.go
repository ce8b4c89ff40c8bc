package schedule

import (
	"sync/atomic"
	"time"
)

// A Heart tells whether a scheduler lives. The zero Heart has not begun to beat.
type Heart struct{ last atomic.Pointer[time.Time] }

// silence is after how long without a beat a scheduler is not alive: it looks every few
// seconds, and a look may take some time.
const silence = maxLook + 30*time.Second

// Beat is what a scheduler's Alive is for.
func (h *Heart) Beat(now time.Time) { h.last.Store(&now) }

// Beats reports whether there was a beat lately.
func (h *Heart) Beats(now time.Time) bool {
	last := h.last.Load()
	return last != nil && now.Sub(*last) <= silence
}
