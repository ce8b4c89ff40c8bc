package squid

import (
	"bufio"
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A link is one connection of a helper to the redirector.
type link struct {
	conn      net.Conn
	questions chan string
	drop      func() // ends the connection, once or more often
}

func newLink(conn net.Conn) *link {
	return &link{conn: conn, questions: make(chan string, maxWaiting), drop: sync.OnceFunc(func() { conn.Close() })}
}

// send hands a line to the connection, or reports that too many wait there already. It
// does not block.
func (l *link) send(question string) bool {
	select {
	case l.questions <- question:
		return true
	default:
		return false
	}
}

// talk asks what is sent and settles what is answered, until the connection ends or ctx
// is done. It reports whether anything was answered.
func (l *link) talk(ctx context.Context, kind Kind, d *desk) (answered bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var writing sync.WaitGroup
	defer writing.Wait()
	defer cancel()
	defer l.drop()
	defer context.AfterFunc(ctx, l.drop)()
	writing.Go(func() {
		defer l.drop() // what cannot be asked is not answered either
		l.write(ctx, kind)
	})
	in := newReader(l.conn)
	for {
		line, err := readLine(in)
		if err != nil {
			return answered, err
		}
		number, answer, ok := strings.Cut(line, " ")
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || !ok {
			continue
		}
		answered = true
		d.settle(uint32(n), answer)
	}
}

func (l *link) write(ctx context.Context, kind Kind) {
	out := bufio.NewWriter(l.conn)
	line := string(kind)
	for {
		out.WriteString(line)
		out.WriteByte('\n')
		if len(l.questions) == 0 {
			l.conn.SetWriteDeadline(time.Now().Add(patience))
			if out.Flush() != nil {
				return
			}
		}
		select {
		case line = <-l.questions:
		case <-ctx.Done():
			return
		}
	}
}
