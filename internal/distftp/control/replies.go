package control

import (
	"bufio"
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// replies writes the answers of one session. A running transfer and its session both
// write, each reply as a whole.
type replies struct {
	mu sync.Mutex
	w  *bufio.Writer
}

func newReplies(to timedConn) *replies { return &replies{w: bufio.NewWriter(to)} }

// use goes on with another connection; nothing is buffered.
func (r *replies) use(to timedConn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.w.Reset(to)
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
	for _, line := range lines {
		r.w.WriteByte(' ')
		r.w.WriteString(line)
		r.w.WriteString("\r\n")
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
	return r.w.Write(b)
}

// flush sends what is buffered.
func (r *replies) flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.w.Flush()
}

func (r *replies) line(code int, separator byte, text string) {
	r.w.WriteString(strconv.Itoa(code))
	r.w.WriteByte(separator)
	r.w.WriteString(text)
	r.w.WriteString("\r\n")
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
