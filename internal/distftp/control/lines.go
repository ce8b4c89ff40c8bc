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

// Telnet commands (RFC 854). Clients send IAC IP and IAC DM before ABOR, and may
// double a byte 255 in names.
const (
	telnetIAC  = 255
	telnetDont = 254
	telnetWill = 251
	telnetSE   = 240
)

// lines cuts what a client sends into command lines and takes Telnet commands out.
// It does no waiting of its own: next gives what is there, fill fetches more. A fill
// that failed with a deadline may be repeated, nothing is lost.
type lines struct {
	raw   [1024]byte // the last read
	buf   []byte     // without Telnet commands
	at    int        // where in buf the next line begins
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

// take appends one byte, or not if it belongs to a Telnet command. A byte 255 that
// begins no such command is taken as it is: many clients do not double it.
func (l *lines) take(c byte) {
	switch l.state {
	case afterIAC:
		l.state = plainText
		switch {
		case c == telnetIAC:
			l.buf = append(l.buf, c)
		case c >= telnetWill && c <= telnetDont:
			l.state = afterOption
		case c >= telnetSE:
		default:
			l.buf = append(l.buf, telnetIAC, c)
		}
	case afterOption:
		l.state = plainText
	default:
		if c == telnetIAC {
			l.state = afterIAC
			return
		}
		l.buf = append(l.buf, c)
	}
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
