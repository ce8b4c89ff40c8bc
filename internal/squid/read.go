package squid

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// newReader returns a reader for readLine.
func newReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, maxLine) }

// readLine returns the next line without its end, be that LF or CR LF. Of one that is
// longer than the reader's room it returns the channel at its beginning, if there is
// one, and nothing more. What stands behind the last line end is no line.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		word, _, _ := bytes.Cut(line, []byte(" "))
		channel := ""
		if isChannel(string(word)) {
			channel = string(word) + " "
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		return channel, err
	}
	if err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))), nil
}
