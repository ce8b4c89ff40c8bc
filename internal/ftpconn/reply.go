package ftpconn

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// A Reply is what a server answers on the control connection (RFC 959, section 4.2).
type Reply struct {
	Code int    // three digits
	Raw  []byte // all lines as they came, with their ends
}

// Body returns the lines between the first and the last as they came, such as
// the listing in a reply to STAT. It is a part of Raw.
func (r Reply) Body() []byte {
	_, body, _ := r.cut()
	return body
}

// cut takes a reply apart.
func (r Reply) cut() (first, body, last []byte) {
	afterFirst := bytes.IndexByte(r.Raw, '\n') + 1
	if afterFirst == 0 || afterFirst == len(r.Raw) {
		return r.Raw, nil, nil
	}
	beforeLast := bytes.LastIndexByte(r.Raw[:len(r.Raw)-1], '\n') + 1
	return r.Raw[:afterFirst], r.Raw[afterFirst:beforeLast], r.Raw[beforeLast:]
}

// Text returns the reply's lines as one, to look into it, without the code of
// the first and the last.
func (r Reply) Text() string {
	first, body, last := r.cut()
	lines := []string{afterCode(first)}
	for line := range bytes.Lines(body) {
		lines = append(lines, string(bytes.TrimSpace(line)))
	}
	if last != nil {
		lines = append(lines, afterCode(last))
	}
	return strings.Join(lines, "; ")
}

func afterCode(line []byte) string { return string(bytes.TrimSpace(line[min(4, len(line)):])) }

// String returns the reply in one line that is not too long for a message.
func (r Reply) String() string {
	return truncated(strings.TrimSpace(strconv.Itoa(r.Code) + " " + r.Text()))
}

// Preliminary reports a 1yz reply: another one will follow.
func (r Reply) Preliminary() bool { return r.Code/100 == 1 }

// Positive reports a 2yz reply.
func (r Reply) Positive() bool { return r.Code/100 == 2 }

// Negative reports a 4yz or 5yz reply: the command was not carried out.
func (r Reply) Negative() bool { return r.Code >= 400 }

// readReply reads a reply of no more than max bytes.
func readReply(in *bufio.Reader, max int) (Reply, error) {
	raw, err := appendLine(nil, in, max)
	if err != nil {
		return Reply{}, err
	}
	code, more, ok := parseCode(raw)
	if !ok {
		return Reply{}, &garbageError{line: bytes.TrimRight(raw, "\r\n")}
	}
	if more {
		// Most listings are short, and here already.
		raw = slices.Grow(raw, min(in.Buffered(), 2<<10))
	}
	digits, full, size := string(raw[:min(3, len(raw))]), [][]byte(nil), 0
	for more {
		if len(raw) >= replyPart {
			full, size, raw = append(full, raw), size+len(raw), make([]byte, 0, replyPart)
		}
		start := len(raw)
		if raw, err = appendLine(raw, in, max-size); err != nil {
			return Reply{}, err
		}
		more = !endsReply(raw[start:], digits)
	}
	if full != nil {
		raw = slices.Concat(append(full, raw)...)
	}
	return Reply{Code: code, Raw: raw}, nil
}

// replyPart is the size of the parts in which a long reply is kept while it comes, in
// bytes: growing one text would leave several times its size to the garbage collector,
// and one that is too long is not needed as a whole.
const replyPart = 1 << 20

// parseCode reads the beginning of a reply's first line, and whether more lines
// will follow.
func parseCode(line []byte) (code int, more, ok bool) {
	code, err := strconv.Atoi(string(line[:min(3, len(line))]))
	rest := line[min(3, len(line)):]
	more = len(rest) > 0 && rest[0] == '-'
	ok = err == nil && code >= 100 && code <= 599 && (more || endsCode(rest))
	return code, more, ok
}

// endsReply reports the last line of a long reply, which begins with the code of
// the first and a blank; the lines between may begin with anything else.
func endsReply(line []byte, code string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(code))
	return ok && endsCode(rest)
}

// endsCode reports whether a code, of which the rest of its line is given, stands
// for itself: the blank may be missing where no text follows.
func endsCode(rest []byte) bool {
	return len(rest) > 0 && rest[0] == ' ' || string(rest) == "\n" || string(rest) == "\r\n"
}

// appendLine appends a line with its end to a reply of which no more than max
// bytes are allowed.
func appendLine(raw []byte, in *bufio.Reader, max int) ([]byte, error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(raw)+len(part) > max {
			return nil, errLongReply
		}
		raw = append(raw, part...)
		switch err {
		case nil:
			return raw, nil
		case io.EOF:
			return nil, io.ErrUnexpectedEOF
		case bufio.ErrBufferFull:
		default:
			return nil, err
		}
	}
}

// A garbageError is a line where a reply should begin.
type garbageError struct{ line []byte }

func (e *garbageError) Error() string {
	return fmt.Sprintf("the server answers %q, which is no reply", truncated(string(e.line)))
}

// errLongReply says that a reply is longer than allowed.
var errLongReply = errors.New("the server's reply is too long")

func truncated(line string) string {
	if len(line) > 200 {
		return line[:200] + "..."
	}
	return line
}
