package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

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

// Retrieve opens a file to be sent, with its line ends changed from LF to CR LF if it is
// to come as text (RFC 959, 3.1.1.1; the offset is then zero).
func (d Disk) Retrieve(ctx context.Context, r Request) (Plan, error) {
	file, err := d.Files.OpenFile(ctx, r.Path)
	if err != nil {
		return Plan{}, err
	}
	size, err := seek(file, r.Offset)
	if err != nil {
		file.Close()
		return Plan{}, fmt.Errorf("retrieve %s from %d: %w", r.Path, r.Offset, err)
	}
	plan := Plan{Holder: "disk", Why: "the only holder", Source: binary{file}, Size: size - r.Offset, Sized: !r.Text}
	if r.Text {
		plan.Source = ascii{file}
	}
	return plan, nil
}

// seek goes to where a transfer begins, and returns the file's size.
func seek(file File, offset int64) (size int64, err error) {
	size, err = file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	if offset > size {
		return 0, ErrOffset
	}
	_, err = file.Seek(offset, io.SeekStart)
	return size, err
}

// A binary source sends a file as it is.
type binary struct{ File }

func (s binary) Send(ctx context.Context, conn net.Conn, flow *Flow) error {
	if file, ok := s.File.(*os.File); ok {
		return sendfile(ctx, conn, file, flow)
	}
	_, err := io.Copy(flowing{ctx, conn, flow}, faults{s.File})
	return err
}

// An ascii source sends a text file with every LF changed to CR LF.
type ascii struct{ File }

func (s ascii) Send(ctx context.Context, conn net.Conn, flow *Flow) error {
	w := flowing{ctx, conn, flow}
	in := make([]byte, 32<<10)
	out := make([]byte, 0, 2*len(in))
	for {
		n, err := faults{s.File}.Read(in)
		out = appendText(out[:0], in[:n])
		if _, werr := w.Write(out); werr != nil {
			return werr
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
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
