package steady

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A server that pauses shows in the requests that come meanwhile, and one that fails in
// the failures.
func TestLoad(t *testing.T) {
	var asked atomic.Int64
	const pauseAt, failAt, end = 100, 200, 300
	ctx, stop := context.WithCancel(t.Context())
	paused := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch n := asked.Add(1); {
		case n == pauseAt:
			time.Sleep(4 * Slow)
			close(paused)
		case n > pauseAt && n < pauseAt+20:
			<-paused
		case n == failAt:
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		case n == end:
			stop()
		}
		http.Redirect(w, req, "/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	l := &Load{Addr: strings.TrimPrefix(server.URL, "http://"), Targets: []string{"/a", "/b"}, Clients: []string{"192.0.2.1"}, Status: http.StatusFound, Rate: 500, Workers: 4}
	l.Run(ctx)
	slowest, over := l.Window()
	if slowest < 3*Slow || over < 20 {
		t.Errorf("the slowest took %s, %d more than %s", slowest, over, Slow)
	}
	if again, _ := l.Window(); again != 0 {
		t.Errorf("%s in a window without requests", again)
	}
	if l.failed.Load() != 1 || l.Err() == nil || l.Counted() < end {
		t.Errorf("%d failures of %d, %v", l.failed.Load(), l.Counted(), l.Err())
	}
}
