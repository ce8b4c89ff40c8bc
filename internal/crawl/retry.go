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

func (r Retry) do(ctx context.Context, try func() error) error {
	backoff := retry.WithMaxRetries(uint64(max(r.Tries, 1)-1),
		retry.WithJitterPercent(10, retry.WithCappedDuration(time.Minute, retry.NewExponential(max(r.Pause, 1)))))
	return retry.Do(ctx, backoff, func(ctx context.Context) error {
		err := try()
		var restart *RestartError
		var limit *LimitError
		if err == nil || ctx.Err() != nil || errors.As(err, &restart) || errors.As(err, &limit) {
			return err
		}
		return retry.RetryableError(err)
	})
}
