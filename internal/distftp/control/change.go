package control

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"mirrortracker/internal/distftp/list"
)

// change does something to the path that an argument names, if the user has the
// right, and answers it with code and text. What is done can say more about the change
// than verb and path.
func (s *session) change(verb, arg string, right Right, do func(Writer, *Changed) error, code int, text string) {
	w, err := s.writer()
	if err != nil {
		s.fail(err)
		return
	}
	p, err := s.target(arg, right)
	changed := Changed{Client: &s.client, Verb: verb, Path: p}
	if err == nil {
		err = do(w, &changed)
	}
	if err != nil {
		s.fail(err)
		return
	}
	s.Observer.Observe(&changed)
	if code == 257 {
		text = quote(p) + " " + text
	}
	s.out.reply(code, text)
}

// remove answers DELE.
func (s *session) remove(arg string) {
	s.change("DELE", arg, Delete, func(w Writer, c *Changed) error {
		freed, err := w.Remove(s.ctx, c.Path)
		s.giveBack(freed)
		c.Size = freed.Bytes
		return err
	}, 250, "File deleted")
}

// removeDirectory answers RMD.
func (s *session) removeDirectory(arg string) {
	s.change("RMD", arg, Delete, func(w Writer, c *Changed) error { return w.RemoveDir(s.ctx, c.Path) }, 250, "Directory removed")
}

// makeDirectory answers MKD, with the path as PWD would show it (RFC 959, appendix II).
func (s *session) makeDirectory(arg string) {
	s.change("MKD", arg, MakeDir, func(w Writer, c *Changed) error { return w.MakeDir(s.ctx, c.Path) }, 257, "Directory created")
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
	s.change("RNTO", arg, Rename, func(w Writer, c *Changed) error {
		_, err := w.Lstat(s.ctx, c.Path)
		switch {
		case err == nil && c.Path != from:
			err = s.allow(c.Path, Delete)
		case errors.Is(err, fs.ErrNotExist):
			err = nil
		}
		if err != nil {
			return err
		}
		freed, err := w.Rename(s.ctx, from, c.Path)
		s.giveBack(freed)
		c.Path, c.To = from, c.Path
		return err
	}, 250, "Renamed from "+string(from))
}

// modifyFacts answers MFF (draft-somers-ftp-mfxx, 5): it sets several facts of one entry.
func (s *session) modifyFacts(arg string) {
	facts, path, _ := strings.Cut(arg, " ")
	var modified *time.Time
	var mode *fs.FileMode
	for fact := range strings.SplitSeq(strings.TrimSuffix(facts, ";"), ";") {
		name, value, _ := strings.Cut(fact, "=")
		var err error
		switch strings.ToLower(name) {
		case "modify":
			var t time.Time
			t, err = parseTime(value)
			modified = &t
		case "unix.mode":
			var m fs.FileMode
			m, err = parseMode(value)
			mode = &m
		default:
			s.out.reply(504, "Only the facts modify and UNIX.mode can be set")
			return
		}
		if err != nil {
			s.out.reply(501, "The value of "+name+" is not one")
			return
		}
	}
	if path == "" {
		s.out.reply(501, "MFF needs an argument: "+s.commands["MFF"].syntax)
		return
	}
	s.change("MFF", path, Write, func(w Writer, c *Changed) error {
		if mode != nil {
			if err := w.SetMode(s.ctx, c.Path, *mode); err != nil {
				return err
			}
		}
		if modified != nil {
			return w.SetTime(s.ctx, c.Path, *modified)
		}
		return nil
	}, 213, arg)
}

// parseMode reads permissions as chmod(1) has them in numbers. Other bits cannot be set: a
// file that runs with its owner's rights is nothing that a client should be able to make.
func parseMode(text string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err == nil && mode > 0o777 {
		err = strconv.ErrRange
	}
	return fs.FileMode(mode), err
}

// setModified answers MFMT (draft-somers-ftp-mfxx, 3).
func (s *session) setModified(arg string) {
	when, path, _ := strings.Cut(arg, " ")
	modified, err := parseTime(when)
	if err != nil || path == "" {
		s.out.reply(501, "MFMT needs an argument: "+s.commands["MFMT"].syntax)
		return
	}
	s.setTime("MFMT", path, modified, 213, "Modify="+string(list.AppendTime(nil, modified))+"; "+path)
}

func (s *session) setTime(verb, path string, modified time.Time, code int, text string) {
	s.change(verb, path, Write, func(w Writer, c *Changed) error { return w.SetTime(s.ctx, c.Path, modified) }, code, text)
}

// zonedTime reads a time as MDTM may have it where it sets one: in UTC, or followed by how
// many minutes its zone is ahead.
func zonedTime(text string) (time.Time, error) {
	at := strings.IndexAny(text, "+-")
	if at < 0 {
		return parseTime(text)
	}
	t, err := parseTime(text[:at])
	if err != nil {
		return t, err
	}
	minutes, err := strconv.ParseInt(text[at:], 10, 16)
	return t.Add(-time.Duration(minutes) * time.Minute), err
}

// parseTime reads a time in UTC as RFC 3659, 2.3, writes it. Seconds may be missing,
// as in SITE UTIME.
func parseTime(text string) (time.Time, error) {
	if len(text) == len("200601021504") {
		text += "00"
	}
	return time.Parse("20060102150405", text)
}
