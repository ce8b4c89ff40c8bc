package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// A Sink is the holder's side of a transfer towards it.
//
// Receive moves all bytes out of the connection, as the flow has it, and counts them
// there; nobody else sees them yet. It fails with a deadline error when the client sends
// none for the flow's Stall, and returns soon after ctx has ended or the connection was
// closed under it. Commit returns without an error only when what was received is kept for
// good, and charges for it as [Upload] does; if ctx has ended it changes nothing. Errors of
// the sink, as opposed to those of the connection, are wrapped in [ErrSink]. Close gives
// back what the sink holds, and drops what was not committed.
type Sink interface {
	Receive(ctx context.Context, conn net.Conn, flow *Flow, quota *Quota) error
	Commit(ctx context.Context, charge Charge) error
	Close() error
}

// An Upload is a file that is being written. Nobody sees it before Commit.
type Upload interface {
	// Prepare takes over what is kept of the old content, which can take a while. It
	// is called once, before the first Write.
	Prepare(ctx context.Context) error
	io.Writer
	// Commit makes the content, whole and lasting, that of the file, and returns when
	// it is on the disk. With an error nothing has changed, unless that came from
	// making it last. If ctx has ended it changes nothing.
	//
	// If charge is not nil, it is called with what the content takes more than what it
	// replaces: before the change for more, so that it can refuse it, and after it for
	// less. What was charged for a change that was not made is given back.
	Commit(ctx context.Context, charge Charge) error
	// Close gives up what was not committed.
	Close() error
}

// KeepAll, as the number of bytes to keep, means to append, and to begin a new file
// where there is none.
const KeepAll = -1

// A Creator begins uploads. It keeps the first keep bytes of the file that p names,
// or fails with [ErrOffset] if that has fewer.
type Creator interface {
	CreateFile(ctx context.Context, p mirror.Path, keep int64) (Upload, error)
}

// ErrSink says that the holder could not keep what it received.
var ErrSink = errors.New("write error")

// Store begins an upload. What comes as text has its CR LF changed to LF (RFC 959,
// 3.1.1.1).
func (d Disk) Store(ctx context.Context, r Request) (Plan, error) {
	creator, ok := d.Files.(Creator)
	if !ok {
		return Plan{}, fmt.Errorf("store %s: disk is read-only: %w", r.Path, os.ErrPermission)
	}
	file, err := creator.CreateFile(ctx, r.Path, r.Offset)
	if err != nil {
		return Plan{}, err
	}
	return Plan{Holder: "disk", Why: "the only holder", Sink: incoming{file: file, text: r.Text}}, nil
}

// An incoming sink writes to an upload and commits it.
type incoming struct {
	file Upload
	text bool
}

func (s incoming) Close() error { return s.file.Close() }

func (s incoming) Receive(ctx context.Context, conn net.Conn, flow *Flow, quota *Quota) error {
	if err := s.file.Prepare(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrSink, err)
	}
	err := s.read(ctx, conn, flow, quota)
	if errors.Is(err, vfs.ErrSpace) || errors.Is(err, syscall.EIO) {
		return fmt.Errorf("%w: %w", ErrSink, err)
	}
	return err
}

func (s incoming) Commit(ctx context.Context, charge Charge) error {
	if err := s.file.Commit(ctx, charge); err != nil {
		return fmt.Errorf("%w: %w", ErrSink, err)
	}
	return nil
}

func (s incoming) read(ctx context.Context, conn net.Conn, flow *Flow, quota *Quota) error {
	if !s.text {
		return receive(ctx, s.file, conn, flow, quota)
	}
	w := &lineEnds{w: s.file, quota: quota} // where what is stored is counted
	if err := receive(ctx, w, conn, flow, nil); err != nil {
		return err
	}
	return w.end()
}

// receive moves what comes until the client closes its side, or more came than may.
// Where the writer is a file, the kernel does it (splice).
func receive(ctx context.Context, w io.Writer, conn net.Conn, flow *Flow, quota *Quota) error {
	for {
		most, err := flow.next(ctx, step)
		if err != nil {
			return err
		}
		if left := quota.allowed(); left < most {
			most = left + 1 // to learn whether there is more
		}
		if err := conn.SetReadDeadline(time.Now().Add(flow.Stall)); err != nil {
			return err
		}
		n, err := io.Copy(w, &io.LimitedReader{R: conn, N: most})
		tooMuch := quota.Take(n)
		flow.Count(n)
		switch {
		case tooMuch != nil:
			return tooMuch
		case err == nil && n < most:
			return nil
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && n > 0:
			// Slow, but not stalled: go on.
		default:
			return err
		}
	}
}

// lineEnds writes text with every CR LF changed to LF.
type lineEnds struct {
	w       io.Writer
	out     []byte
	pending bool // a CR, of which it is not known what follows
	quota   *Quota
}

func (t *lineEnds) Write(b []byte) (int, error) {
	t.out = t.out[:0]
	for _, c := range b {
		if t.pending && c != '\n' {
			t.out = append(t.out, '\r')
		}
		if t.pending = c == '\r'; !t.pending {
			t.out = append(t.out, c)
		}
	}
	if err := t.put(t.out); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (t *lineEnds) put(b []byte) error {
	if err := t.quota.Take(int64(len(b))); err != nil {
		return err
	}
	_, err := t.w.Write(b)
	return err
}

// end writes a CR that was the last byte.
func (t *lineEnds) end() error {
	if !t.pending {
		return nil
	}
	t.pending = false
	return t.put([]byte{'\r'})
}
