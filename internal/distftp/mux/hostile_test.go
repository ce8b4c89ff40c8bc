package mux

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// said is a connection from somebody who has said something, and hears what is sent.
type said struct {
	net.Conn // nil
	io.Reader
	heard func()
}

func (s said) Read(b []byte) (int, error) { return s.Reader.Read(b) }

func (s said) Write(b []byte) (int, error) {
	s.heard()
	return len(b), nil
}

func (said) Close() error                     { return nil }
func (said) SetWriteDeadline(time.Time) error { return nil }

// serve answers what somebody has said, and returns why it does not any more.
func serve(t *testing.T, text []byte) error {
	conn := said{Reader: bytes.NewReader(text), heard: func() {}}
	return Serve(t.Context(), conn, patient, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/wait" {
			<-req.Context().Done()
		}
		n, _ := io.Copy(w, io.LimitReader(req.Body, 100))
		if req.Context().Err() == nil && req.ContentLength >= 0 && n != min(req.ContentLength, 100) {
			t.Errorf("%d bytes of %d", n, req.ContentLength)
		}
	}), slog.New(slog.DiscardHandler))
}

// hear has a client ask, and hear what somebody says to that; it returns why it hears no more.
func hear(t *testing.T, text []byte) error {
	in, out := io.Pipe()
	c := NewClient(said{Reader: in, heard: sync.OnceFunc(func() {
		go func() {
			_, _ = out.Write(text)
			out.Close()
		}()
	})}, patient)
	if res, err := get(t.Context(), c, "/", nil); err == nil {
		if res.StatusCode < 200 {
			t.Errorf("status %d", res.StatusCode)
		}
		_, _ = io.CopyN(io.Discard, res.Body, 100)
		defer res.Body.Close() // after the rest has come
	}
	<-c.Done()
	in.Close()
	return c.conn.err
}

func frames(all ...frame) []byte {
	var b []byte
	for _, f := range all {
		b = f.append(b)
	}
	return b
}

var (
	asked   = frame{kind: ask, id: 1, payload: []byte("GET /\n")}
	waiting = frame{kind: ask, id: 1, payload: []byte("GET /wait\n")}
	much    = frame{kind: body, id: 1, payload: make([]byte, maxPayload)}
	status  = frame{kind: answer, id: 1, payload: []byte{0, 200}}
)

// repeat is a frame again and again, after another one.
func repeat(first, f frame, n int) []byte {
	all := []frame{first}
	for range n {
		all = append(all, f)
	}
	return frames(all...)
}

// crowd is so many requests with as much of a body as each may have.
func crowd(n int) []byte {
	var b []byte
	for id := range uint64(n) {
		ask := waiting
		ask.id = id + 1
		b = ask.append(b)
		for left := window; left > 0; left -= min(left, maxPayload) {
			part := frame{kind: body, id: ask.id, payload: much.payload[:min(left, maxPayload)]}
			b = part.append(b)
		}
	}
	return b
}

func TestNonsenseEndsTheConnection(t *testing.T) {
	whole := status
	whole.last = true
	for what, c := range map[string]struct {
		to   func(*testing.T, []byte) error
		text []byte
	}{
		"a long frame":                {serve, append(binary.BigEndian.AppendUint32(nil, maxPayload+1), make([]byte, 9)...)},
		"an answer to who answers":    {serve, frames(status)},
		"a request without a path":    {serve, frames(frame{kind: ask, id: 1})},
		"a request without a number":  {serve, frames(frame{kind: ask, payload: asked.payload})},
		"an unknown kind":             {serve, frames(asked, frame{kind: 99, id: 1})},
		"a body that nobody may send": {serve, repeat(waiting, much, window/maxPayload+1)},
		"more than fits all bodies":   {serve, crowd(maxUnread/window + 1)},
		"a request to who asks":       {hear, frames(asked)},
		"a body without status":       {hear, frames(much)},
		"half a status":               {hear, frames(frame{kind: answer, id: 1, payload: []byte{1}})},
		"no status":                   {hear, frames(frame{kind: answer, id: 1, payload: []byte{0, 0}})},
		"a second status":             {hear, frames(status, status)},
		"more after the end":          {hear, frames(whole, much)},
		"too much credit":             {hear, frames(frame{kind: credit, id: 1, payload: []byte{0, 0, 0, 1}})},
		"half a credit":               {hear, frames(frame{kind: credit, id: 1, payload: []byte{0}})},
		"more than is read":           {hear, repeat(status, much, window/maxPayload+1)},
	} {
		if err := c.to(t, c.text); !errors.Is(err, errProtocol) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzServe(f *testing.F) {
	f.Add(frames(asked, frame{kind: body, last: true, id: 1, payload: []byte("text")}))
	f.Add(frames(frame{kind: ask, last: true, id: 7, payload: []byte("POST /send\n{}")}, frame{kind: abort, id: 7}, frame{kind: credit, id: 7, payload: []byte{0, 0, 0, 1}}))
	f.Add(frames(frame{kind: ping}, frame{kind: pong}, asked, asked))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := serve(t, text); err == nil {
			t.Error("it has ended well")
		}
	})
}

func FuzzClient(f *testing.F) {
	f.Add(frames(status, frame{kind: body, last: true, id: 1, payload: []byte("text")}))
	f.Add(frames(frame{kind: answer, last: true, id: 1, payload: []byte{1, 153, 'n', 'o'}}))
	f.Add(frames(frame{kind: ping}, frame{kind: abort, id: 1}, frame{kind: body, id: 5}))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := hear(t, text); err == nil {
			t.Error("it has ended well")
		}
	})
}
