package control

import (
	"context"
	"io/fs"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// A Writer is an [FS] whose names can be changed. What its methods report as done
// lasts. None acts on the root.
//
// Besides the errors of FS there are [fs.ErrExist], [vfs.ErrNotEmpty], [vfs.ErrName],
// [vfs.ErrPlace] and [vfs.ErrSpace].
type Writer interface {
	FS
	// Remove deletes the entry at p, be it a link, but no directory. It returns what
	// that was, also where it is not sure to last.
	Remove(ctx context.Context, p mirror.Path) (vfs.Usage, error)
	// RemoveDir deletes the empty directory at p.
	RemoveDir(ctx context.Context, p mirror.Path) error
	// MakeDir makes a directory.
	MakeDir(ctx context.Context, p mirror.Path) error
	// Rename gives what is at from, be it a link, the path to, in place of a file
	// that is there. It returns what that was.
	Rename(ctx context.Context, from, to mirror.Path) (vfs.Usage, error)
	// SetMode sets the permission bits of what p leads to.
	SetMode(ctx context.Context, p mirror.Path, mode fs.FileMode) error
	// SetTime sets the modification time of what p leads to.
	SetTime(ctx context.Context, p mirror.Path, modified time.Time) error
	// Symlink makes a link at p whose target is a path from p's directory.
	Symlink(ctx context.Context, target string, p mirror.Path) error
	// Copy makes a copy of the file that from leads to, in place of a file at to, and
	// charges for it, if charge is not nil, as [data.Upload] does. The flow counts.
	Copy(ctx context.Context, from, to mirror.Path, flow *data.Flow, charge data.Charge) error
	// Free returns how many bytes can still be stored in the directory p. Where nobody knows,
	// the error is [errors.ErrUnsupported].
	Free(ctx context.Context, p mirror.Path) (int64, error)
}

// A Storer is a [Planner] that also decides where the bytes of uploads go.
//
// Store plans an upload, as Retrieve plans a download.
type Storer interface {
	Planner
	Store(ctx context.Context, r data.Request) (data.Plan, error)
}

// writer returns the session's file system for changing it.
func (s *session) writer() (Writer, error) {
	if w, ok := s.FS.(Writer); ok {
		return w, nil
	}
	return nil, errReadOnly
}
