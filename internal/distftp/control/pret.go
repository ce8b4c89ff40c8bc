package control

import (
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
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
		s.expect(expectation{listing: true, told: true})
		s.out.reply(200, "Ready for a listing")
	case "RETR":
		p, err := s.mayRetrieve(path)
		if err != nil {
			s.fail(err)
			return
		}
		s.expect(expectation{path: p, told: true})
		s.out.reply(200, "Ready for a download")
	case "STOR", "APPE", "STOU":
		p, err := s.mayStore(verb, path)
		if err != nil {
			s.fail(err)
			return
		}
		s.expect(expectation{path: p, upload: true, appends: verb == "APPE", told: true})
		s.out.reply(200, "Ready for an upload")
	default:
		s.out.reply(504, "PRET is for commands that transfer something")
	}
}

func (s *session) mayRetrieve(path string) (mirror.Path, error) {
	p, err := s.target(path, Read)
	if err != nil {
		return p, err
	}
	e, err := s.FS.Stat(s.ctx, p)
	if err == nil && e.Kind != vfs.File {
		err = vfs.ErrNotRegular
	}
	return p, err
}

// mayStore asks for the rights; the name that STOU will make up is free.
func (s *session) mayStore(verb, path string) (mirror.Path, error) {
	if _, err := s.writer(); err != nil {
		return "", err
	}
	p, err := s.target(path)
	if err != nil {
		return p, err
	}
	switch verb {
	case "STOU":
		err = s.allow(p, Write)
	case "APPE":
		_, err = s.mayReplace(p, data.KeepAll)
	default:
		_, err = s.mayReplace(p, s.offset)
	}
	return p, err
}
