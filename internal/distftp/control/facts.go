package control

import (
	"strconv"
	"strings"

	"mirrortracker/internal/distftp/list"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// size answers SIZE (RFC 3659, 4): the number of bytes that RETR would send, which in
// TYPE A only reading the file could tell.
func (s *session) size(arg string) {
	if s.text {
		s.out.reply(550, "SIZE is not available in TYPE A, use TYPE I")
		return
	}
	if e, ok := s.plainFile(arg); ok {
		s.out.reply(213, strconv.FormatInt(e.Size, 10))
	}
}

// modified answers MDTM (RFC 3659, 3), in UTC. Some clients set times with it, by a time
// before the path; a file of all that name is what the RFC would mean.
func (s *session) modified(arg string) {
	if when, path, _ := strings.Cut(arg, " "); path != "" {
		t, err := zonedTime(when)
		if err == nil && !s.exists(arg) {
			s.setTime("MDTM", path, t, 213, "Modify="+string(list.AppendTime(nil, t))+"; "+path)
			return
		}
	}
	if e, ok := s.plainFile(arg); ok {
		s.out.reply(213, string(list.AppendTime(nil, e.ModTime)))
	}
}

// exists reports whether there is something at the path that an argument names.
func (s *session) exists(arg string) bool {
	p, err := resolve(s.cwd, arg)
	if err == nil {
		_, err = s.FS.Lstat(s.ctx, p)
	}
	return err == nil
}

// plainFile finds the file that an argument names, or answers why not.
func (s *session) plainFile(arg string) (vfs.Entry, bool) {
	p, err := s.target(arg, List)
	if err != nil {
		s.fail(err)
		return vfs.Entry{}, false
	}
	e, err := s.FS.Stat(s.ctx, p)
	if err == nil && e.Kind != vfs.File {
		err = vfs.ErrNotRegular
	}
	s.lookedAt(p, e, err)
	if err != nil {
		s.fail(err)
		return vfs.Entry{}, false
	}
	return e, true
}

// machineStat answers MLST (RFC 3659, 7): one entry, a link as a link, on the control
// connection.
func (s *session) machineStat(arg string) {
	p, e, err := s.look(arg)
	if err != nil {
		s.fail(err)
		return
	}
	s.lookedAt(p, e, nil)
	line := list.AppendFacts(nil, e, list.Member, string(p), s.permOf(p, e), s.facts)
	s.out.block(250, "Listing "+string(p), []string{strings.TrimSuffix(string(line), "\r\n")}, "End")
}

func (s *session) look(arg string) (mirror.Path, vfs.Entry, error) {
	p, err := s.target(arg, List)
	if err != nil {
		return p, vfs.Entry{}, err
	}
	e, err := s.FS.Lstat(s.ctx, p)
	return p, e, err
}
