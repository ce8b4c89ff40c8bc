package mux

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// errAborted says that the other side has given up a request or its answer.
var errAborted = errors.New("mux: broken off by the other side")

// errAnswered says that the rest of a request is neither sent nor waited for.
var errAnswered = errors.New("mux: answered already")

// A stream is a request with its answer: one body comes, and one goes.
type stream struct {
	conn   *conn
	id     uint64
	asks   bool                    // it is the side of who asks
	ctx    context.Context         // ends waiting
	cancel context.CancelCauseFunc // where it is the request's; otherwise nil

	mu     sync.Mutex
	in     []byte // what has come and was not read
	read   int    // bytes that no credit was given for
	ended  bool   // nothing more comes
	left   bool   // nobody reads it any more
	err    error  // why no more can come or go
	status int    // of the answer, once it has begun
	credit int    // bytes of body that may be sent

	came chan struct{} // has one when one of the first six may have changed
	may  chan struct{} // has one when one of the last three may
}

func newStream(ctx context.Context, c *conn, id uint64) *stream {
	return &stream{conn: c, id: id, ctx: ctx, credit: window, came: make(chan struct{}, 1), may: make(chan struct{}, 1)}
}

// notify tells one who waits.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// take takes a frame, which must not be the first.
func (s *stream) take(f frame) error {
	switch f.kind {
	case body:
		return s.arrived(f.payload, f.last)
	case credit:
		return s.credited(f.payload)
	case abort:
		s.fail(errAborted)
		return nil
	}
	return fmt.Errorf("%w: a frame of kind %d", errProtocol, f.kind)
}

// arrived takes a part of the body.
func (s *stream) arrived(part []byte, last bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || len(s.in)+s.read+len(part) > window {
		return fmt.Errorf("%w: more of a body than there may be", errProtocol)
	}
	if s.left {
		return nil
	}
	if s.conn.unread.Add(int64(len(part))) > maxUnread {
		return fmt.Errorf("%w: more of all bodies than is read", errProtocol)
	}
	s.in, s.ended = append(s.in, part...), last
	notify(s.came)
	return nil
}

func (s *stream) credited(payload []byte) error {
	if len(payload) != 4 {
		return fmt.Errorf("%w: credit of %d bytes", errProtocol, len(payload))
	}
	n := binary.BigEndian.Uint32(payload)
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > window || s.credit+int(n) > window {
		return fmt.Errorf("%w: too much credit", errProtocol)
	}
	s.credit += int(n)
	notify(s.may)
	return nil
}

// fail breaks it off here.
func (s *stream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	if s.cancel != nil {
		s.cancel(err)
	}
	notify(s.came)
	notify(s.may)
}

// leave forgets what has come and was not read.
func (s *stream) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn.unread.Add(-int64(len(s.in)))
	s.in, s.left = nil, true
}

// Read implements io.Reader: it reads the body that comes.
func (s *stream) Read(b []byte) (int, error) {
	for {
		n, give, err := s.next(b)
		if give > 0 {
			_ = s.conn.send(frame{kind: credit, id: s.id, payload: binary.BigEndian.AppendUint32(nil, uint32(give))})
		}
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
		select {
		case <-s.came:
		case <-s.ctx.Done():
			return 0, context.Cause(s.ctx)
		}
	}
}

// next reads what is there, and returns how much credit is to be given for it.
func (s *stream) next(b []byte) (n, give int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.in) > 0:
		n = copy(b, s.in)
		s.conn.unread.Add(-int64(n))
		if s.in = s.in[n:]; len(s.in) == 0 {
			s.in = nil
		}
		if s.read += n; s.read >= window/2 && !s.ended {
			give, s.read = s.read, 0
		}
		return n, give, nil
	case s.left:
		return 0, 0, io.ErrClosedPipe
	case s.ended:
		return 0, 0, io.EOF
	case s.err == nil && s.status != 0 && !s.asks:
		return 0, 0, errAnswered
	}
	return 0, 0, s.err
}

// sendBody sends a part of the body that goes, as soon as it may, the first frame with a
// prefix.
func (s *stream) sendBody(k kind, prefix, part []byte, last bool) error {
	for {
		n, err := s.allowed(min(len(part), maxPayload-len(prefix)))
		if err != nil {
			return err
		}
		f := frame{kind: k, last: last && n == len(part), id: s.id, prefix: prefix, payload: part[:n]}
		if err := s.conn.send(f); err != nil || n == len(part) {
			return err
		}
		k, prefix, part = body, nil, part[n:]
	}
}

// allowed waits for credit, of which it takes up to most.
func (s *stream) allowed(most int) (int, error) {
	for {
		s.mu.Lock()
		n, err := min(most, s.credit), s.err
		if s.asks && s.status != 0 {
			err = errAnswered
		}
		s.credit -= n
		s.mu.Unlock()
		if err != nil || n > 0 || most == 0 {
			return n, err
		}
		select {
		case <-s.may:
		case <-s.ctx.Done():
			return 0, context.Cause(s.ctx)
		}
	}
}
