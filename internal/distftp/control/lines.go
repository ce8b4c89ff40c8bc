package control

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
)

// maxLine bounds a command line: the longest path of the system and a verb.
const maxLine = 4096 + 64

// errOverlong stands for a line longer than maxLine, which has been passed over.
var errOverlong = errors.New("command line too long")

// Telnet commands (RFC 854). Clients send IAC IP and IAC DM before ABOR.
const (
	telnetIAC  = 255
	telnetWill = 251 // WILL, WONT, DO and DONT: an option's number follows
	telnetSE   = 240 // the first of the others
)

// lines cuts what a client sends into command lines and takes Telnet commands out.
// It does no waiting of its own: next gives what is there, fill fetches more. A fill
// that failed with a deadline may be repeated, nothing is lost.
type lines struct {
	raw   [256]byte // the last read
	buf   []byte    // without Telnet commands
	at    int       // where in buf the next line begins
	state telnetState
	skip  bool // in the middle of an overlong line
}

type telnetState uint8

const (
	plainText telnetState = iota
	afterIAC
	afterOption // one more byte belongs to the command
)

// next returns the next whole line without its end, or nil if there is none yet, or
// errOverlong. The line is valid until the next fill.
func (l *lines) next() ([]byte, error) {
	rest := l.buf[l.at:]
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		if len(rest) > maxLine {
			l.at = len(l.buf)
			l.skip = true
		}
		return nil, nil
	}
	l.at += end + 1
	if l.skip || end > maxLine {
		l.skip = false
		return nil, errOverlong
	}
	return bytes.TrimSuffix(rest[:end], []byte{'\r'}), nil
}

// more reports whether something has arrived that next has not returned.
func (l *lines) more() bool {
	return l.at < len(l.buf) || l.state != plainText || l.skip
}

// fill reads once from the client.
func (l *lines) fill(r io.Reader) error {
	n, err := r.Read(l.raw[:])
	l.buf = l.buf[:copy(l.buf, l.buf[l.at:])]
	l.at = 0
	for _, c := range l.raw[:n] {
		l.take(c)
	}
	if n > 0 {
		return nil // an error will come again
	}
	return err
}

// take appends one byte, or not if it belongs to a Telnet command. Those stand where
// clients send them, at the beginning of a line. Further on a byte 255 belongs to a
// name: doubled, as Telnet wants it, it is taken once, otherwise, as from most clients,
// as it is.
func (l *lines) take(c byte) {
	switch {
	case l.state == plainText && c == telnetIAC:
		l.state = afterIAC
		return
	case l.state == plainText, l.state == afterIAC && c == telnetIAC:
		l.buf = append(l.buf, c)
	case l.state == afterIAC && l.fresh() && c >= telnetWill:
		l.state = afterOption
		return
	case l.state == afterIAC && l.fresh() && c >= telnetSE:
	case l.state == afterIAC:
		l.buf = append(l.buf, telnetIAC, c)
	}
	l.state = plainText
}

// fresh reports whether a line is about to begin.
func (l *lines) fresh() bool {
	return len(l.buf) == 0 || l.buf[len(l.buf)-1] == '\n'
}

// keepUrgentInline makes the kernel leave urgent bytes where they are. Otherwise the
// last byte of what a client sends as urgent vanishes from the stream, and that is
// part of the Telnet Synch with some clients and the end of the line with others.
func keepUrgentInline(conn net.Conn) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	// Without effect the client's ABOR is understood later, or never, as with servers
	// that do not do this.
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_OOBINLINE, 1)
	})
}
