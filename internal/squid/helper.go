package squid

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/sethvargo/go-retry"
)

// How a helper treats a redirector that is away.
const (
	patience     = 500 * time.Millisecond // for an answer, and for a connection
	maxWaiting   = 4096                   // requests; Squid's own bound is its concurrency
	firstPause   = 100 * time.Millisecond // between connections; doubled each time
	longestPause = 5 * time.Second
)

// A Helper is the program that Squid starts: it hands on what it is asked to the
// redirector. Each request is answered within half a second, with ERR where the
// redirector is not there, is late or has too much to do.
type Helper struct {
	Kind Kind
	Dial func(ctx context.Context) (net.Conn, error) // to where [Serve] answers
	Log  *slog.Logger                                // Squid puts it into its cache.log
}

// Run answers the requests of in to out, until in ends, and then returns nil when all
// are answered. Requests with a channel are answered in any order, others in theirs. A
// line of nothing asks nothing and is not answered. When ctx is done, Run returns at once
// and leaves a read of in behind.
func (h *Helper) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	d := newDesk(out, cancel)
	var linking sync.WaitGroup
	defer linking.Wait()
	defer cancel()
	tried := make(chan struct{})
	linking.Go(func() { h.keepLink(ctx, d, sync.OnceFunc(func() { close(tried) })) })
	select {
	case <-tried: // what is asked at once need not be in vain
	case <-ctx.Done():
	}
	ended := make(chan error, 1)
	go func() { ended <- d.askAll(newReader(in)) }()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("read requests: %w", err)
		}
		d.settled()
	case <-ctx.Done():
	}
	return d.failure()
}

// keepLink keeps a connection to the redirector until ctx is done. It calls tried when
// the first attempt has come to something.
func (h *Helper) keepLink(ctx context.Context, d *desk, tried func()) {
	pauses, away := newPauses(), false
	for ctx.Err() == nil {
		answered, err := h.link(ctx, d, tried)
		if answered {
			pauses, away = newPauses(), false
		}
		if ctx.Err() == nil && !away {
			away = true
			h.Log.Warn("the redirector does not answer; until it does, nothing is changed", "err", err)
		}
		tried() // when it is said, since the helper may have nothing more to do
		wait, _ := pauses.Next()
		pause(ctx, wait)
	}
}

func (h *Helper) link(ctx context.Context, d *desk, tried func()) (answered bool, err error) {
	dialling, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := h.Dial(dialling)
	if err != nil {
		return false, err
	}
	l := newLink(conn)
	d.attach(l)
	defer d.detach()
	tried()
	return l.talk(ctx, h.Kind, d)
}

func newPauses() retry.Backoff {
	return retry.WithJitterPercent(10, retry.WithCappedDuration(longestPause, retry.NewExponential(firstPause)))
}
