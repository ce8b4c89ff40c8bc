package squid

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// The limits of a helper's connection. It may be silent for days.
const (
	maxHelpers   = 256
	helloTimeout = 10 * time.Second // for its first line
	writeTimeout = 10 * time.Second // for what it does not read
	acceptPause  = 100 * time.Millisecond
)

// Serve answers helpers on a listener until ctx is done, and returns nil then. It
// closes the listener. The first line of a connection is its [Kind]; each other is a
// [Request], answered by a [Reply] in the same order.
func Serve(ctx context.Context, l net.Listener, d Decider, m *Metrics) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	defer l.Close()
	var helpers sync.WaitGroup
	defer helpers.Wait()
	room := make(chan struct{}, maxHelpers)
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("serve Squid's helpers on %s: %w", l.Addr(), err)
		case err != nil: // such as too many open files
			pause(ctx, acceptPause)
			continue
		}
		select {
		case room <- struct{}{}:
			helpers.Go(func() {
				defer func() { <-room }()
				defer conn.Close()
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				answerAll(conn, d, m)
			})
		default:
			conn.Close()
		}
	}
}

// answerAll answers one helper until its connection ends, whoever ends it.
func answerAll(conn net.Conn, d Decider, m *Metrics) {
	in, out := newReader(conn), bufio.NewWriter(conn)
	conn.SetReadDeadline(time.Now().Add(helloTimeout))
	hello, err := readLine(in)
	kind := Kind(hello)
	if err != nil || !kind.known() {
		return
	}
	conn.SetReadDeadline(time.Time{})
	for {
		line, err := readLine(in)
		if err != nil {
			return
		}
		reply := kind.answer(d, ParseRequest(line))
		m.count(string(kind), reply.outcome())
		conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		out.WriteString(reply.String())
		out.WriteByte('\n')
		if in.Buffered() > 0 {
			continue
		}
		if out.Flush() != nil {
			return
		}
	}
}

// pause waits, or not as long if ctx is done before.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
