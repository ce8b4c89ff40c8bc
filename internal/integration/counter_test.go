package integration

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/time/rate"
)

// slowly is how fast a server lists whose crawl is to be disturbed often: directories
// a second.
const slowly = 60

// A counter is a control connection's proxy that counts commands that list, and
// passes on so many of them a second.
type counter struct {
	addr  string
	count atomic.Int64
	pace  *rate.Limiter
}

// countListings puts a counter before a server. Data connections go past it.
func countListings(t *testing.T, addr string, perSecond float64) *counter {
	t.Helper()
	c := &counter{pace: rate.NewLimiter(rate.Limit(perSecond), 1)}
	c.addr = listen(t, func(ctx context.Context, ln net.Listener) error {
		context.AfterFunc(ctx, func() { ln.Close() })
		for {
			client, err := ln.Accept()
			if err != nil {
				return nil
			}
			server, err := net.Dial("tcp", addr)
			if err != nil {
				client.Close()
				continue
			}
			context.AfterFunc(ctx, func() { client.Close() })
			alive, gone := context.WithCancel(ctx)
			go func() { io.Copy(client, server); client.Close(); gone() }()
			go func() { c.pass(alive, client, server); server.Close() }()
		}
	})
	return c
}

// pass passes on commands for as long as the answers are read: no server lists for a
// client that is gone, whatever that had asked for.
func (c *counter) pass(ctx context.Context, client io.Reader, server io.Writer) {
	in := bufio.NewReader(client)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "LIST", "MLSD", "STAT":
			if c.pace.Wait(ctx) != nil {
				return
			}
			c.count.Add(1)
		}
		if _, err := io.WriteString(server, line); err != nil {
			return
		}
	}
}
