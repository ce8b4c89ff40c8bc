package wire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// A hanging slave answers with some lines, one a second, and then no more; or not at all.
type hanging []string

func (h hanging) RoundTrip(req *http.Request) (*http.Response, error) {
	if h == nil {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	in, out := io.Pipe()
	context.AfterFunc(req.Context(), func() { out.CloseWithError(req.Context().Err()) })
	go func() {
		for _, line := range h {
			select {
			case <-time.After(time.Second):
				_, _ = io.WriteString(out, line+"\n")
			case <-req.Context().Done():
				return
			}
		}
	}()
	return &http.Response{StatusCode: http.StatusOK, Body: in}, nil
}

// A slave that answers pings, and yet not what it is asked, is given up in time.
func TestSilentSlavesAreGivenUp(t *testing.T) {
	connected := `{"connected":true}`
	ticks := strings.Split(strings.Repeat(`{"moved":5}`+"\n", 300), "\n")[:300]
	send := func(ctx context.Context, c *wire.Client) error { return c.Send(ctx, sending, func(wire.Event) {}) }
	for _, test := range []struct {
		what   string
		link   hanging
		ask    func(ctx context.Context, c *wire.Client) error
		within time.Duration
	}{
		{"no answer", nil, func(ctx context.Context, c *wire.Client) error { _, err := c.State(ctx); return err }, 10 * time.Second},
		{"half an answer", hanging{`{"storage":`}, func(ctx context.Context, c *wire.Client) error { _, err := c.State(ctx); return err }, 10 * time.Second},
		{"no directory", nil, func(ctx context.Context, c *wire.Client) error {
			for _, err := range c.Directory(ctx, "/", false) {
				return err
			}
			return nil
		}, 10 * time.Second},
		{"no transfer", nil, send, 11 * time.Second}, // with a second for the client to come
		{"a connection and no more", hanging{connected}, send, 11 * time.Second},
		{"no progress", append(hanging{connected}, ticks...), send, 70 * time.Second},
	} {
		t.Run(test.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				err := test.ask(ctx, wire.NewClient(test.link))
				if !errors.Is(err, wire.ErrLink) {
					t.Error(err)
				}
				cancel()
				synctest.Wait()
				if took := time.Since(begin); took > test.within {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}
