package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"mirrortracker/internal/mirror"
)

// A File is a plain file that was opened for reading. Where it is an [*os.File], the
// kernel moves its bytes to the data connection (sendfile); any other works too.
type File interface {
	io.ReadSeekCloser
}

// An Opener opens files by their path. It refuses what is not a plain file.
type Opener interface {
	OpenFile(ctx context.Context, p mirror.Path) (File, error)
}

// ErrOffset says that a transfer was to begin behind the end of the file.
var ErrOffset = errors.New("offset behind the end of the file")

// Disk is the holder of all files that are on this machine's disk.
type Disk struct {
	Files Opener
}

// Retrieve opens a file to be sent from offset on, with its line ends changed from
// LF to CR LF if text is set (RFC 959, 3.1.1.1; offset is then zero).
func (d Disk) Retrieve(ctx context.Context, p mirror.Path, offset int64, text bool) (Plan, error) {
	file, err := d.Files.OpenFile(ctx, p)
	if err != nil {
		return Plan{}, err
	}
	if err := seek(file, offset); err != nil {
		file.Close()
		return Plan{}, fmt.Errorf("retrieve %s from %d: %w", p, offset, err)
	}
	plan := Plan{Holder: "disk", Why: "the only holder", Source: binary{file}}
	if text {
		plan.Source = ascii{file}
	}
	return plan, nil
}

func seek(file File, offset int64) error {
	if offset == 0 {
		return nil
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if offset > size {
		return ErrOffset
	}
	_, err = file.Seek(offset, io.SeekStart)
	return err
}

// A binary source sends a file as it is.
type binary struct{ File }

func (s binary) Send(conn net.Conn, stall time.Duration) (int64, error) {
	if file, ok := s.File.(*os.File); ok {
		return sendfile(conn, file, stall)
	}
	w := &patient{conn: conn, stall: stall}
	_, err := io.Copy(w, faults{s.File})
	return w.n, err
}

// An ascii source sends a text file with every LF changed to CR LF.
type ascii struct{ File }

func (s ascii) Send(conn net.Conn, stall time.Duration) (int64, error) {
	w := &patient{conn: conn, stall: stall}
	in := make([]byte, 32<<10)
	out := make([]byte, 0, 2*len(in))
	for {
		n, err := faults{s.File}.Read(in)
		out = appendText(out[:0], in[:n])
		if _, werr := w.Write(out); werr != nil {
			return w.n, werr
		}
		if err == io.EOF {
			return w.n, nil
		}
		if err != nil {
			return w.n, err
		}
	}
}

func appendText(b, text []byte) []byte {
	for _, c := range text {
		if c == '\n' {
			b = append(b, '\r')
		}
		b = append(b, c)
	}
	return b
}

// faults marks what goes wrong on the holder's side.
type faults struct{ r io.Reader }

func (f faults) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", ErrSource, err)
	}
	return n, err
}
