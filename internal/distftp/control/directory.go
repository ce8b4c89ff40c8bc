package control

import "mirrortracker/internal/mirror"

// printDirectory answers PWD: the path as the client walked it.
func (s *session) printDirectory(string) {
	s.expect(expectation{listing: true})
	s.out.reply(257, quote(s.cwd)+" is the current directory")
}

// changeDirectory answers CWD.
func (s *session) changeDirectory(arg string) {
	p, err := s.target(arg, List)
	if err == nil {
		err = s.tryDirectory(p)
	}
	if err != nil {
		s.fail(err)
		return
	}
	s.cwd = p
	s.expect(expectation{listing: true})
	s.out.reply(250, "Directory is "+quote(p))
}

// tryDirectory opens a directory, as only that shows whether it can be: modes do not tell
// of lists of access rights.
func (s *session) tryDirectory(p mirror.Path) error {
	dir, err := s.FS.OpenDir(s.ctx, p)
	if err != nil {
		return err
	}
	return dir.Close()
}

// tryHome has the log say if the session begins where nothing can be done.
func (s *session) tryHome() {
	if s.account.Home == "" {
		return
	}
	err := s.allow(s.cwd, List)
	if err == nil {
		err = s.tryDirectory(s.cwd)
	}
	if err != nil {
		s.noise().Warn("home cannot be entered", "user", s.account.Name, "home", s.cwd, "err", err)
	}
}

// changeUp answers CDUP, which never fails: the directory above was walked through,
// or is the root.
func (s *session) changeUp(string) {
	s.cwd = parent(s.cwd)
	s.expect(expectation{listing: true})
	s.out.reply(250, "Directory is "+quote(s.cwd))
}
