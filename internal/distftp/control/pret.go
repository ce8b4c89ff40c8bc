package control

import (
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
)

// preTransfer answers PRET: what the client will ask for after PASV. It never has to be
// sent; where it is, a transfer that cannot be is refused before a port is opened. Paths
// of listings are not looked at: clients are known to send none, or nonsense.
func (s *session) preTransfer(arg string) {
	verb, path, err := parse([]byte(arg))
	if err != nil {
		s.fail(err)
		return
	}
	switch verb {
	case "LIST", "NLST", "MLSD":
		s.out.reply(200, "Ready for a listing")
	case "RETR":
		if err := s.mayRetrieve(path); err != nil {
			s.fail(err)
			return
		}
		s.out.reply(200, "Ready for a download")
	case "STOR", "APPE", "STOU":
		if err := s.mayStore(verb, path); err != nil {
			s.fail(err)
			return
		}
		s.out.reply(200, "Ready for an upload")
	default:
		s.out.reply(504, "PRET is for commands that transfer something")
	}
}

func (s *session) mayRetrieve(path string) error {
	p, err := s.target(path, Read)
	if err != nil {
		return err
	}
	e, err := s.FS.Stat(s.ctx, p)
	if err == nil && e.Kind != vfs.File {
		err = vfs.ErrNotRegular
	}
	return err
}

// mayStore asks for the rights; the name that STOU will make up is free.
func (s *session) mayStore(verb, path string) error {
	if _, err := s.writer(); err != nil {
		return err
	}
	p, err := s.target(path)
	if err != nil {
		return err
	}
	switch verb {
	case "STOU":
		return s.allow(p, Write)
	case "APPE":
		_, err = s.mayReplace(p, data.KeepAll)
	default:
		_, err = s.mayReplace(p, s.offset)
	}
	return err
}
