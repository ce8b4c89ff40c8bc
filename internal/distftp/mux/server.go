package mux

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync/atomic"
)

// maxIdle is how many goroutines wait for the next request. One that has served before has
// the stack for it, which a new one has to grow several times.
const maxIdle = 64

// A server is the side that answers.
type server struct {
	conn    *conn
	ctx     context.Context // of handlers; theirs end with the connection, not before, so that they answer nothing then
	handler http.Handler
	log     *slog.Logger
	next    chan *request // to one who is idle; closed with the connection
	idle    atomic.Int32
}

// A request is a stream with what is asked by it.
type request struct {
	*stream
	method, path string
	length       int64 // of the body; -1 if it did not come at once
}

// Serve answers what is asked by a connection, which belongs to it, until that or ctx ends. The
// error says why. Handlers may run for a while after that; their contexts have ended.
func Serve(ctx context.Context, c net.Conn, p Patience, handler http.Handler, log *slog.Logger) error {
	s := &server{conn: newConn(c, p), ctx: context.WithoutCancel(ctx), handler: handler, log: log, next: make(chan *request)}
	defer close(s.next)
	stop := context.AfterFunc(ctx, func() { s.conn.end(context.Cause(ctx)) })
	defer stop()
	go s.conn.tend()
	return s.conn.receive(s.take)
}

// take takes a frame.
func (s *server) take(f frame) error {
	switch f.kind {
	case ask:
		return s.begin(f)
	case answer:
		return fmt.Errorf("%w: it answers", errProtocol)
	}
	if st := s.conn.stream(f.id); st != nil { // else it is answered
		return st.take(f)
	}
	return nil
}

// begin takes the beginning of a request.
func (s *server) begin(f frame) error {
	end := bytes.IndexByte(f.payload[:min(len(f.payload), maxTarget)], '\n')
	if end < 0 {
		return fmt.Errorf("%w: a request without a path", errProtocol)
	}
	r := &request{length: -1}
	r.method, r.path, _ = strings.Cut(string(f.payload[:end]), " ")
	ctx, cancel := context.WithCancelCause(s.ctx)
	r.stream = newStream(ctx, s.conn, f.id)
	r.cancel = cancel
	text := f.payload[end+1:]
	if f.last {
		r.length = int64(len(text))
	}
	err := s.enter(r.stream)
	if err == nil {
		err = r.arrived(text, f.last)
	}
	if err != nil {
		cancel(err)
		return err
	}
	select {
	case s.next <- r:
	default:
		go s.work(r)
	}
	return nil
}

// enter lets a stream be one of the connection's. Some that were given up may not have ended.
func (s *server) enter(st *stream) error {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	switch {
	case s.conn.err != nil:
		return s.conn.err
	case st.id == 0 || s.conn.streams[st.id] != nil:
		return fmt.Errorf("%w: a second request %d", errProtocol, st.id)
	case len(s.conn.streams) >= 2*maxRequests:
		return fmt.Errorf("%w: too many requests", errProtocol)
	}
	s.conn.streams[st.id] = st
	return nil
}

// work answers a request, and others as they come.
func (s *server) work(r *request) {
	for ok := true; ok; {
		s.serve(r)
		if s.idle.Add(1) > maxIdle {
			s.idle.Add(-1)
			return
		}
		r, ok = <-s.next
		s.idle.Add(-1)
	}
}

// serve answers a request.
func (s *server) serve(r *request) {
	w := &response{request: r}
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				s.log.Error("panic", "request", r.path, "panic", p, "stack", string(debug.Stack()))
			}
			_ = s.conn.send(frame{kind: abort, id: r.id})
		}
		s.conn.drop(r.stream)
		r.cancel(context.Canceled)
	}()
	req := http.Request{
		Method: r.method, URL: &url.URL{Path: r.path}, Header: http.Header{}, Host: "slave",
		Body: unclosed{r.stream}, ContentLength: r.length,
	}
	s.handler.ServeHTTP(w, req.WithContext(r.ctx))
	_ = w.leave(true) // who is gone misses nothing
}

// unclosed is the body of a request, which the server gives back.
type unclosed struct{ *stream }

// Close implements io.Closer.
func (unclosed) Close() error { return nil }

// A response is an [http.ResponseWriter] that can be flushed.
type response struct {
	*request
	header http.Header
	code   int
	begun  bool
	out    []byte
}

// Header implements [http.ResponseWriter]. It goes nowhere.
func (w *response) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}

// WriteHeader implements [http.ResponseWriter].
func (w *response) WriteHeader(status int) {
	if w.code == 0 {
		w.code = status
	}
}

// Write implements [http.ResponseWriter].
func (w *response) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.out = append(w.out, b...)
	if len(w.out) < maxPayload {
		return len(b), nil
	}
	return len(b), w.leave(false)
}

// FlushError is for [http.ResponseController].
func (w *response) FlushError() error {
	w.WriteHeader(http.StatusOK)
	return w.leave(false)
}

// leave sends what was written.
func (w *response) leave(last bool) error {
	k, prefix := body, []byte(nil)
	if !w.begun {
		w.WriteHeader(http.StatusOK)
		w.begin(w.code)
		k, prefix, w.begun = answer, binary.BigEndian.AppendUint16(nil, uint16(w.code)), true
	}
	err := w.sendBody(k, prefix, w.out, last)
	w.out = w.out[:0]
	return err
}
