package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/listing"
)

// reason makes an error that control connections know of one of a foreign server: what that
// refuses its login may not do, and otherwise it cannot be reached.
func reason(err error) error {
	for _, known := range []error{
		fs.ErrNotExist, fs.ErrPermission, fs.ErrExist, vfs.ErrNotDir, vfs.ErrNotRegular, vfs.ErrNotEmpty, vfs.ErrName, vfs.ErrSpace,
		data.ErrUnavailable, data.ErrNotDirect, context.Canceled,
	} {
		if errors.Is(err, known) {
			return err
		}
	}
	if _, refused := errors.AsType[*foreign.RefusedError](err); refused {
		return fmt.Errorf("%w: %w", fs.ErrPermission, err)
	}
	return unavailable(err)
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", data.ErrUnavailable, err)
}

// unlistable reports whether a directory cannot be looked through, but perhaps be used.
func unlistable(err error) bool {
	if errors.Is(err, fs.ErrPermission) {
		return true
	}
	_, large := errors.AsType[*listing.LimitError](err)
	_, long := errors.AsType[*ftpconn.TooLongError](err)
	_, odd := errors.AsType[*listing.LineError](err)
	return large || long || odd
}

// absent reports whether a server has said that there is no such file.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, vfs.ErrNotDir) || errors.Is(err, fs.ErrPermission)
}
