package control

import (
	"cmp"
	"errors"
	"io"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/list"
	"mirrortracker/internal/distftp/vfs"
)

// listLong answers LIST. A path may contain blanks, and options may stand before it.
func (s *session) listLong(arg string) {
	options, path := parseLsOptions(arg)
	s.list("LIST", path, s.long(options))
}

// listNames answers NLST. Its lines are arguments for RETR, so that there is no place for
// the headings of -R.
func (s *session) listNames(arg string) {
	options, path := parseLsOptions(arg)
	options.recursive = false
	s.list("NLST", path, style{
		lsOptions: options,
		line: func(b []byte, d *directory, e vfs.Entry, _ list.Role) []byte {
			return list.AppendName(b, d.shown, e.Name)
		},
		single: func(b []byte, _ vfs.Entry) []byte { return list.AppendName(b, "", cmp.Or(path, ".")) },
	})
}

// listFacts answers MLSD (RFC 3659, 7). It shows everything there is: what to leave
// out is the client's to say, and MLSD has no way of saying it.
func (s *session) listFacts(arg string) {
	facts, permissions := s.facts, s.permissions()
	var perm []byte
	s.list("MLSD", arg, style{
		lsOptions: lsOptions{dots: true, hidden: true, order: byName},
		line: func(b []byte, d *directory, e vfs.Entry, role list.Role) []byte {
			if facts&list.Perm != 0 {
				perm = permissions.appendIn(perm[:0], d, e, role)
			}
			return list.AppendFacts(b, e, role, e.Name, perm, facts)
		},
	})
}

// stat answers STAT: with a path, what LIST -a shows of it, on the control
// connection; without one, the state of the session.
func (s *session) stat(arg string) {
	options, path := parseLsOptions(arg)
	options.dots, options.hidden, options.recursive = true, true, false
	switch {
	case arg == "":
		s.status()
		return
	case !s.loggedIn:
		s.out.reply(530, "Please login with USER and PASS")
		return
	}
	listing, err := s.open(path, s.long(options))
	if err != nil {
		s.fail(err)
		return
	}
	defer listing.close()
	// Small directories are read before anything is said, so that a failure can be
	// told. It cannot any more within the reply: then only hanging up is honest.
	if err := listing.prefetch(); err != nil || listing.bad != nil {
		s.fail(errors.Join(err, listing.bad))
		return
	}
	s.out.begin(213, "Status of "+string(listing.path))
	if err := listing.write(s.out); err != nil {
		s.log.Error("STAT broken off", "path", listing.path, "err", err)
		s.over = true
		return
	}
	s.out.reply(213, "End of status")
}

// long is the style of LIST.
func (s *session) long(options lsOptions) style {
	now := s.Now()
	return style{
		lsOptions: options,
		line: func(b []byte, d *directory, e vfs.Entry, _ list.Role) []byte {
			if d.pattern != "" {
				e.Name = d.shown + e.Name
			}
			return list.AppendLong(b, e, now)
		},
		single: func(b []byte, e vfs.Entry) []byte { return list.AppendLong(b, e, now) },
	}
}

// list plans and starts the transfer of a listing.
func (s *session) list(verb, arg string, style style) {
	s.takeRange()
	l, err := s.open(arg, style)
	if err != nil {
		s.fail(err)
		return
	}
	s.start(Transfer{Verb: verb, Path: l.path}, "Here it comes", data.Plan{
		Holder: "listing",
		Why:    "names are kept here",
		Source: data.Text{
			Write:   func(w io.Writer) error { return l.write(w) },
			Release: l.close,
		},
	})
}
