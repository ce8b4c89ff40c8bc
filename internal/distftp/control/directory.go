package control

// printDirectory answers PWD: the path as the client walked it.
func (s *session) printDirectory(string) {
	s.out.reply(257, quote(s.cwd)+" is the current directory")
}

// changeDirectory answers CWD. A directory is opened for it, as only that shows whether it
// can be: modes do not tell of lists of access rights.
func (s *session) changeDirectory(arg string) {
	p, err := s.target(arg, List)
	if err != nil {
		s.fail(err)
		return
	}
	dir, err := s.FS.OpenDir(s.ctx, p)
	if err == nil {
		err = dir.Close()
	}
	if err != nil {
		s.fail(err)
		return
	}
	s.cwd = p
	s.out.reply(250, "Directory is "+quote(p))
}

// changeUp answers CDUP, which never fails: the directory above was walked through,
// or is the root.
func (s *session) changeUp(string) {
	s.cwd = parent(s.cwd)
	s.out.reply(250, "Directory is "+quote(s.cwd))
}
