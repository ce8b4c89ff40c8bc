package crawl

import (
	"context"
	"errors"
	"time"

	"github.com/sethvargo/go-retry"
)

// Retry says how a crawl insists when a connection fails: the pauses begin with
// Pause and double each time, up to a minute, with a tenth of chance in them.
type Retry struct {
	Tries int           // in all, at least 1
	Pause time.Duration // before the second try
}

// DefaultRetry lets a server restart: five tries in about half a minute.
func DefaultRetry() Retry { return Retry{Tries: 5, Pause: 2 * time.Second} }

// do tries until it is done, until tries are used up, or until an error comes that
// will not go away. It tells failed, if that is not nil, why it tries again.
func (r Retry) do(ctx context.Context, failed func(error), try func() error) error {
	left := max(r.Tries, 1)
	backoff := retry.WithMaxRetries(uint64(max(r.Tries, 1)-1),
		retry.WithJitterPercent(10, retry.WithCappedDuration(time.Minute, retry.NewExponential(max(r.Pause, 1)))))
	return retry.Do(ctx, backoff, func(ctx context.Context) error {
		err := try()
		left--
		if err == nil || ctx.Err() != nil || !temporary(err) {
			return err
		}
		if failed != nil && left > 0 {
			failed(err)
		}
		return retry.RetryableError(err)
	})
}

// temporary reports whether an error may go away when it is tried again.
func temporary(err error) bool {
	var restart *RestartError
	var limit *LimitError
	return !errors.As(err, &restart) && !errors.As(err, &limit)
}
