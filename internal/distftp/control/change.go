package control

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"mirrortracker/internal/distftp/list"
	"mirrortracker/internal/mirror"
)

// change does something to the path that an argument names, if the user has the
// right, and answers it with code and text.
func (s *session) change(arg string, right Right, do func(Writer, mirror.Path) error, code int, text string) {
	w, err := s.writer()
	if err != nil {
		s.fail(err)
		return
	}
	p, err := s.target(arg, right)
	if err == nil {
		err = do(w, p)
	}
	if err != nil {
		s.fail(err)
		return
	}
	s.log.Info("changed", "what", text, "path", p)
	if code == 257 {
		text = quote(p) + " " + text
	}
	s.out.reply(code, text)
}

// remove answers DELE.
func (s *session) remove(arg string) {
	s.change(arg, Delete, func(w Writer, p mirror.Path) error { return w.Remove(s.ctx, p) }, 250, "File deleted")
}

// removeDirectory answers RMD.
func (s *session) removeDirectory(arg string) {
	s.change(arg, Delete, func(w Writer, p mirror.Path) error { return w.RemoveDir(s.ctx, p) }, 250, "Directory removed")
}

// makeDirectory answers MKD, with the path as PWD would show it (RFC 959, appendix II).
func (s *session) makeDirectory(arg string) {
	s.change(arg, MakeDir, func(w Writer, p mirror.Path) error { return w.MakeDir(s.ctx, p) }, 257, "Directory created")
}

// renameFrom answers RNFR.
func (s *session) renameFrom(arg string) {
	s.renaming = ""
	p, err := s.target(arg, Rename)
	if err == nil {
		_, err = s.FS.Lstat(s.ctx, p)
	}
	if err != nil {
		s.fail(err)
		return
	}
	s.renaming = p
	s.out.reply(350, "Ready for RNTO")
}

// renameTo answers RNTO.
func (s *session) renameTo(arg string) {
	from := s.renaming
	s.renaming = ""
	if from == "" {
		s.out.reply(503, "Use RNFR first")
		return
	}
	s.change(arg, Rename, func(w Writer, p mirror.Path) error {
		_, err := w.Lstat(s.ctx, p)
		switch {
		case err == nil && p != from:
			err = s.allow(p, Delete)
		case errors.Is(err, fs.ErrNotExist):
			err = nil
		}
		if err != nil {
			return err
		}
		return w.Rename(s.ctx, from, p)
	}, 250, "Renamed from "+string(from))
}

// setModified answers MFMT (draft-somers-ftp-mfxx, 3).
func (s *session) setModified(arg string) {
	when, path, _ := strings.Cut(arg, " ")
	modified, err := parseTime(when)
	if err != nil || path == "" {
		s.out.reply(501, "MFMT needs an argument: "+s.commands["MFMT"].syntax)
		return
	}
	s.setTime(path, modified, 213, "Modify="+string(list.AppendTime(nil, modified))+"; "+path)
}

func (s *session) setTime(path string, modified time.Time, code int, text string) {
	s.change(path, Write, func(w Writer, p mirror.Path) error { return w.SetTime(s.ctx, p, modified) }, code, text)
}

// parseTime reads a time in UTC as RFC 3659, 2.3, writes it. Seconds may be missing,
// as in SITE UTIME.
func parseTime(text string) (time.Time, error) {
	if len(text) == len("200601021504") {
		text += "00"
	}
	return time.Parse("20060102150405", text)
}
