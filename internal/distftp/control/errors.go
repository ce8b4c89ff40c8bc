package control

import (
	"errors"
	"io/fs"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
)

// fail answers a command that a file system or planner refused. It is the only place
// where their errors become replies; their texts, which may speak of this machine,
// go to the log.
func (s *session) fail(err error) {
	code, text := 451, "Local error, try again later"
	mirrored := (*vfs.MirroredError)(nil)
	switch {
	case errors.As(err, &mirrored):
		code, text = 553, "Nothing is stored in a mirrored directory but by the local site, and "+mirrored.Site+" was drawn"
	case errors.Is(err, fs.ErrNotExist):
		code, text = 550, "No such file or directory"
	case errors.Is(err, errReadOnly):
		code, text = 550, "Permission denied: access is read-only"
	case errors.Is(err, fs.ErrPermission):
		code, text = 550, "Permission denied"
	case errors.Is(err, vfs.ErrNotEmpty): // before ErrExist, which it can also be
		code, text = 550, "Directory is not empty"
	case errors.Is(err, fs.ErrExist):
		code, text = 550, "There is something of that name"
	case errors.Is(err, vfs.ErrName):
		code, text = 553, "Name is not possible here"
	case errors.Is(err, vfs.ErrPlace):
		code, text = 553, "Not possible between these places"
	case errors.Is(err, vfs.ErrSpace):
		code, text = 452, "No space left"
	case errors.Is(err, vfs.ErrQuota):
		code, text = 552, "Quota is used up"
	case errors.Is(err, data.ErrUnavailable):
		code, text = 450, "Nobody who has it can be reached now, try again later"
	case errors.Is(err, errBusy):
		code, text = 450, "Too much to compute at the moment, try again later"
	case errors.Is(err, vfs.ErrChanged):
		code, text = 450, "File was changed meanwhile"
	case errors.Is(err, vfs.ErrNotDir):
		code, text = 550, "Not a directory"
	case errors.Is(err, vfs.ErrNotRegular):
		code, text = 550, "Not a plain file"
	case errors.Is(err, errTooMany):
		code, text = 550, "Too many directories match"
	case errors.Is(err, errUnshowable):
		code, text = 550, "Cannot be listed: a name holds CR, LF, NUL or a slash"
	case errors.Is(err, data.ErrOffset):
		code, text = 554, "REST offset is behind the end of the file"
	}
	level := s.log.Debug
	if code == 451 {
		level = s.noise().Error
	}
	level("command failed", "reply", code, "err", err)
	s.out.reply(code, text)
}
