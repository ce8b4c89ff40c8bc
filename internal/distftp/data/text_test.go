package data

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
)

// Text has CR LF towards clients and LF towards files, however it is cut.
func TestAsText(t *testing.T) {
	const file, text = "one\n\ntwo\r three\nand an end", "one\r\n\r\ntwo\r three\r\nand an end"
	for name, cut := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader,
		"halves": iotest.HalfReader, "end at once": iotest.DataErrReader,
	} {
		near := &fakeConn{r: cut(strings.NewReader(file))}
		if got, err := io.ReadAll(iotest.OneByteReader(AsText(near))); string(got) != text || err != nil {
			t.Errorf("%s: read %q, %v", name, got, err)
		}
		conn := AsText(near)
		if _, err := io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{cut(strings.NewReader(text + "\r"))}); err != nil {
			t.Error(err)
		}
		if err := conn.(*textConn).CloseWrite(); err != nil || near.String() != file+"\r" {
			t.Errorf("%s: wrote %q, %v", name, near.String(), err)
		}
	}
}

// A fakeConn is two streams.
type fakeConn struct {
	net.Conn // nil
	r        io.Reader
	strings.Builder
}

func (c *fakeConn) Read(b []byte) (int, error)  { return c.r.Read(b) }
func (c *fakeConn) Write(b []byte) (int, error) { return c.Builder.Write(b) }
