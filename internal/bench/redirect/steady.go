package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A steady load is one that does not wait for the server: each request has its moment,
// and the time for its answer counts from then. So a pause shows in all the requests that
// it has kept waiting, whereas wrk, which waits, would have sent but one of them on each
// connection.
type steady struct {
	addr    string
	targets []string
	clients []string
	rate    int // requests a second
	workers int

	failed  atomic.Int64
	failure atomic.Pointer[error] // the first
	counted atomic.Int64
	slowest atomic.Int64 // nanoseconds, since the last reset
	over    atomic.Int64 // requests that took longer than slow
}

// slow is what no request may take because of something else.
const slow = 50 * time.Millisecond

// run asks until ctx is done. What fails is counted.
func (s *steady) run(ctx context.Context) {
	transport := &http.Transport{MaxIdleConnsPerHost: s.workers, MaxConnsPerHost: s.workers, DisableCompression: true}
	defer transport.CloseIdleConnections()
	began := time.Now()
	var turn atomic.Int64
	var workers sync.WaitGroup
	for range s.workers {
		workers.Go(func() {
			for {
				n := turn.Add(1) - 1
				due := began.Add(time.Duration(n) * time.Second / time.Duration(s.rate))
				select {
				case <-ctx.Done():
					return
				case <-time.After(time.Until(due)):
				}
				err := s.ask(transport, int(n))
				if ctx.Err() != nil {
					return
				}
				s.count(time.Since(due), err)
			}
		})
	}
	workers.Wait()
}

// ask asks once. It is never given up before its time, so that no connection is lost by
// that.
func (s *steady) ask(transport *http.Transport, n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+s.targets[n%len(s.targets)], nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Forwarded-For", s.clients[n%len(s.clients)])
	res, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusFound {
		err = fmt.Errorf("%s: %s", req.URL, res.Status)
	}
	res.Body.Close()
	return err
}

func (s *steady) count(took time.Duration, err error) {
	s.counted.Add(1)
	if err != nil {
		s.failed.Add(1)
		s.failure.CompareAndSwap(nil, &err)
	}
	if took > slow {
		s.over.Add(1)
	}
	for {
		most := s.slowest.Load()
		if int64(took) <= most || s.slowest.CompareAndSwap(most, int64(took)) {
			return
		}
	}
}

// window returns what was the slowest since the last call, and how many took longer than
// slow.
func (s *steady) window() (slowest time.Duration, over int64) {
	return time.Duration(s.slowest.Swap(0)), s.over.Swap(0)
}

// err is the first failure, with the number of them.
func (s *steady) err() error {
	if failed := s.failed.Load(); failed > 0 {
		return fmt.Errorf("%d of %d requests failed: %w", failed, s.counted.Load(), *s.failure.Load())
	}
	return nil
}
