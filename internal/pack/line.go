package pack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"mirrortracker/internal/digest"
)

// maxLine is the longest line of a tree, in bytes.
const maxLine = 64 << 10

// readLine returns the next line without its LF. It is valid until the next read. The
// end of the stream is [io.ErrUnexpectedEOF]: a pack says where it ends.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		long := bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) && len(long) <= limit {
			line, err = r.ReadSlice('\n')
			long = append(long, line...)
		}
		line = long
	}
	switch {
	case len(line) > limit:
		return nil, fmt.Errorf("a line is longer than %d bytes", limit)
	case errors.Is(err, io.EOF):
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	}
	return line[:len(line)-1], nil
}

// A ref names a child's tree: by how many trees before its parent it stands, or by its
// identity if back is 0.
type ref struct {
	back int64
	id   digest.ID
}

// appendRef writes "@BACK" or the identity.
func appendRef(b []byte, r ref) []byte {
	if r.back > 0 {
		return strconv.AppendInt(append(b, '@'), r.back, 10)
	}
	return append(b, r.id.String()...)
}

func parseRef(text string) (r ref, err error) {
	if len(text) > 0 && text[0] == '@' {
		if r.back, err = number(text[1:]); err != nil || r.back == 0 {
			return ref{}, fmt.Errorf("%q is not @BACK", cut(text))
		}
		return r, nil
	}
	if r.id, err = digest.ParseID(text); err != nil {
		return ref{}, fmt.Errorf("%q is neither @BACK nor the identity of a tree", cut(text))
	}
	return r, nil
}

// unknown stands for a size or age that is not known.
const unknown = "?"

// appendSize writes a file's size.
func appendSize(b []byte, size int64) []byte {
	if size < 0 {
		return append(b, unknown...)
	}
	return strconv.AppendInt(b, size, 10)
}

func parseSize(text string) (int64, error) {
	if text == unknown {
		return digest.UnknownSize, nil
	}
	return number(text)
}

// appendAge writes a file's date as how many days it was old on the day of the snapshot.
func appendAge(b []byte, date digest.Date, day int64) []byte {
	if !date.Known() {
		return append(b, unknown...)
	}
	return strconv.AppendInt(b, day-dayOf(date.Time()), 10)
}

// maxAge is the greatest age, in days, of what a date can say.
const maxAge = 10_000 * 366

func parseAge(text string, day int64) (digest.Date, error) {
	if text == unknown {
		return 0, nil
	}
	positive, negative := text, text != "" && text[0] == '-'
	if negative {
		positive = text[1:]
	}
	age, err := number(positive)
	if err != nil || age > maxAge || negative && age == 0 {
		return 0, fmt.Errorf("%q is not an age in days", cut(text))
	}
	if negative {
		age = -age
	}
	date := digest.DateOf(time.Unix((day-age)*24*60*60, 0))
	if !date.Known() {
		return 0, fmt.Errorf("age %q gives no date", text)
	}
	return date, nil
}

// number reads a number as it is written: digits alone, without zeroes before them.
func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("%q is not a number", cut(text))
	}
	return n, nil
}
