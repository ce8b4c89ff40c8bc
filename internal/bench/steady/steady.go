// Package steady puts a load on a server that does not wait for it: each request has its
// moment, and the time for its answer counts from then. So a pause shows in all of the
// requests that it has kept waiting, whereas a client that waits for its answers would have
// sent but one of them on each connection.
package steady

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A Load is what a server is asked.
type Load struct {
	Addr    string   // of the server, host:port
	Targets []string // one after the other
	Clients []string // the addresses that X-Forwarded-For tells, one after the other
	Rate    int      // requests a second
	Workers int      // clients, each with a connection and one request at a time
	Status  int      // that an answer is to have; any other is a failure
	Single  bool     // a connection for each request, instead of keeping them

	counted, failed, over atomic.Int64
	failure               atomic.Pointer[error] // the first
	slowest               atomic.Int64          // nanoseconds
}

// Slow is what no request may take because of something else.
const Slow = 50 * time.Millisecond

// Run asks until ctx is done. What fails is counted.
func (l *Load) Run(ctx context.Context) {
	began := time.Now()
	var turn atomic.Int64
	var workers sync.WaitGroup
	for range l.Workers {
		workers.Go(func() {
			// A transport that is shared connects more often than it needs to, and then
			// keeps connections on which a server has never seen a request.
			transport := &http.Transport{DisableCompression: true, DisableKeepAlives: l.Single}
			defer transport.CloseIdleConnections()
			for {
				n := turn.Add(1) - 1
				due := began.Add(time.Duration(n) * time.Second / time.Duration(l.Rate))
				select {
				case <-ctx.Done():
					return
				case <-time.After(time.Until(due)):
				}
				err := l.ask(transport, int(n))
				l.count(time.Since(due), err)
			}
		})
	}
	workers.Wait()
}

// ask asks once, which does not end with Run, so that none is cut off by that.
func (l *Load) ask(transport *http.Transport, n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.Addr+l.Targets[n%len(l.Targets)], nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Forwarded-For", l.Clients[n%len(l.Clients)])
	res, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	if res.StatusCode != l.Status {
		err = fmt.Errorf("%s: %s", req.URL, res.Status)
	}
	res.Body.Close()
	return err
}

func (l *Load) count(took time.Duration, err error) {
	l.counted.Add(1)
	if err != nil {
		l.failed.Add(1)
		l.failure.CompareAndSwap(nil, &err)
	}
	if took > Slow {
		l.over.Add(1)
	}
	for {
		most := l.slowest.Load()
		if int64(took) <= most || l.slowest.CompareAndSwap(most, int64(took)) {
			return
		}
	}
}

// Window returns what was the slowest since the last call, and how many took longer than
// [Slow].
func (l *Load) Window() (slowest time.Duration, over int64) {
	return time.Duration(l.slowest.Swap(0)), l.over.Swap(0)
}

// Err is the first failure, with the number of them, or nil.
func (l *Load) Err() error {
	if failed := l.failed.Load(); failed > 0 {
		return fmt.Errorf("%d of %d requests failed: %w", failed, l.counted.Load(), *l.failure.Load())
	}
	return nil
}

// Counted is how many requests have been answered or have failed.
func (l *Load) Counted() int64 { return l.counted.Load() }
