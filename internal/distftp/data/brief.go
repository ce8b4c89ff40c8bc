package data

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// brief is how long a fast client may take until it has room for more.
const brief = 2 * time.Millisecond

// waiting has those who wait for fast clients. Each keeps a processor from other goroutines,
// so half of them stay free, and one that is alone does.
var waiting = make(chan struct{}, runtime.GOMAXPROCS(0)/2)

// A briefly waits in a system call of its own for a client to have room for more, as long as
// that takes no time. The runtime's poller, which has any number of clients wait, wakes more
// threads for each time: with a fast client that is a sixth of all work.
type briefly struct {
	since time.Time // when it was left to the poller; zero: it is not
	slow  bool      // the last wait was long
}

// writable waits briefly, and reports whether there is room. If not, the poller is to wait.
func (b *briefly) writable(fd int) bool {
	if !b.since.IsZero() {
		b.slow, b.since = time.Since(b.since) > brief, time.Time{}
	}
	if !b.slow {
		select {
		case waiting <- struct{}{}:
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, int(brief.Milliseconds()))
			<-waiting
			if err == nil && n > 0 {
				return true
			}
		default: // too many wait
		}
	}
	b.since = time.Now()
	return false
}
