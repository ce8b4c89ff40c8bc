package control

import (
	"bufio"
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// replies writes the answers of one session. A running transfer and its session both
// write, each reply as a whole. While nothing waits to be sent it has no buffer: most
// sessions do nothing most of the time.
type replies struct {
	mu sync.Mutex
	to io.Writer
	w  *bufio.Writer // nil, or what holds replies or the error of the last flush
}

// writers are buffers that no session uses.
var writers = sync.Pool{New: func() any { return bufio.NewWriter(nil) }}

func newReplies(to timedConn) *replies { return &replies{to: to} }

// buffer returns where replies are collected. It is called under the lock.
func (r *replies) buffer() *bufio.Writer {
	if r.w == nil {
		r.w = writers.Get().(*bufio.Writer)
		r.w.Reset(r.to)
	}
	return r.w
}

// use goes on with another connection; nothing is buffered.
func (r *replies) use(to timedConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = to
}

// reply buffers a reply of one line, or of several if the text has several (RFC 959,
// 4.2). Errors show in flush.
func (r *replies) reply(code int, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := strings.Split(text, "\n")
	last := len(lines) - 1
	for _, line := range lines[:last] {
		r.line(code, '-', line)
	}
	r.line(code, ' ', lines[last])
}

// block buffers a reply whose lines between the first and the last are indented by
// one blank: those of FEAT and MLST must be (RFC 2389, 3.2; RFC 3659, 7.2).
func (r *replies) block(code int, first string, lines []string, last string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line(code, '-', first)
	w := r.buffer()
	for _, line := range lines {
		w.WriteByte(' ')
		w.WriteString(line)
		w.WriteString("\r\n")
	}
	r.line(code, ' ', last)
}

// begin buffers the first line of a reply that goes on with raw lines.
func (r *replies) begin(code int, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line(code, '-', text)
}

// Write buffers raw lines between begin and the reply's last line.
func (r *replies) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buffer().Write(b)
}

// flush sends what is buffered.
func (r *replies) flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.w == nil {
		return nil
	}
	if err := r.w.Flush(); err != nil {
		return err
	}
	r.w.Reset(nil)
	writers.Put(r.w)
	r.w = nil
	return nil
}

func (r *replies) line(code int, separator byte, text string) {
	w := r.buffer()
	w.WriteString(strconv.Itoa(code))
	w.WriteByte(separator)
	w.WriteString(text)
	w.WriteString("\r\n")
}

// farewell is how long a client may take what is left to say when the server stops.
const farewell = time.Second

// A timedConn gives every write the same time, and hardly any once ctx has ended.
type timedConn struct {
	ctx   context.Context
	conn  net.Conn
	limit time.Duration
}

func (c timedConn) Write(b []byte) (int, error) {
	if err := c.conn.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	// Looked at afterwards: the end of ctx also sets a deadline, see Engine.Serve.
	if c.ctx.Err() != nil {
		if err := c.conn.SetWriteDeadline(time.Now().Add(farewell)); err != nil {
			return 0, err
		}
	}
	return c.conn.Write(b)
}
