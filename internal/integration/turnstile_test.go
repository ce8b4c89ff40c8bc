package integration

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A turnstile is a proxy of control connections that counts those who come, and the
// passwords that they try. Data connections go past it.
type turnstile struct {
	addr               string
	entered, passwords atomic.Int64

	inside sync.WaitGroup
}

func newTurnstile(t *testing.T, addr string) *turnstile {
	t.Helper()
	s := &turnstile{}
	s.addr = listen(t, func(ctx context.Context, ln net.Listener) error {
		context.AfterFunc(ctx, func() { ln.Close() })
		for {
			client, err := ln.Accept()
			if err != nil {
				return nil
			}
			s.entered.Add(1)
			server, err := net.Dial("tcp", addr)
			if err != nil {
				client.Close()
				continue
			}
			context.AfterFunc(ctx, func() { server.Close() })
			s.inside.Go(func() { io.Copy(client, server); client.Close() })
			s.inside.Go(func() { s.pass(client, server) })
		}
	})
	return s
}

// pass passes commands on, until there are no more. The server closes the connection.
func (s *turnstile) pass(client io.Reader, server net.Conn) {
	in := bufio.NewReader(client)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			server.(*net.TCPConn).CloseWrite()
			return
		}
		if strings.HasPrefix(line, "PASS ") {
			s.passwords.Add(1)
		}
		if _, err := io.WriteString(server, line); err != nil {
			return
		}
	}
}

// empty waits until the server has closed all connections, and begins to count anew.
func (s *turnstile) empty() {
	s.inside.Wait()
	s.entered.Store(0)
	s.passwords.Store(0)
}
