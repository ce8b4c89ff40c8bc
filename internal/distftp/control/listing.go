package control

import (
	"errors"
	"io"
	"strings"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/list"
	"mirrortracker/internal/distftp/vfs"
)

// listLong answers LIST. A path may contain blanks, and options may stand before it.
func (s *session) listLong(arg string) {
	all, path := lsOptions(arg)
	s.list("LIST", path, s.long(all))
}

// listNames answers NLST.
func (s *session) listNames(arg string) {
	all, path := lsOptions(arg)
	style := style{
		all: all,
		line: func(b []byte, e vfs.Entry, _ list.Role) []byte {
			return list.AppendName(b, path, e.Name)
		},
		single: func(b []byte, _ vfs.Entry) []byte { return list.AppendName(b, "", path) },
	}
	s.list("NLST", path, style)
}

// listFacts answers MLSD (RFC 3659, 7). It shows everything there is: what to leave
// out is the client's to say, and MLSD has no way of saying it.
func (s *session) listFacts(arg string) {
	facts := s.facts
	s.list("MLSD", arg, style{
		all: true,
		line: func(b []byte, e vfs.Entry, role list.Role) []byte {
			return list.AppendFacts(b, e, role, e.Name, facts)
		},
	})
}

// stat answers STAT: with a path, what LIST -a shows of it, on the control
// connection; without one, the state of the session.
func (s *session) stat(arg string) {
	_, path := lsOptions(arg)
	switch {
	case arg == "":
		s.status()
		return
	case !s.loggedIn:
		s.out.reply(530, "Please login with USER and PASS")
		return
	}
	listing, err := s.open(path, s.long(true))
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
func (s *session) long(all bool) style {
	now := s.Now()
	line := func(b []byte, e vfs.Entry, _ list.Role) []byte { return list.AppendLong(b, e, now) }
	return style{
		all:    all,
		line:   line,
		single: func(b []byte, e vfs.Entry) []byte { return line(b, e, list.Member) },
	}
}

// list plans and starts the transfer of a listing.
func (s *session) list(verb, arg string, style style) {
	s.takeOffset()
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

// lsOptions takes the options of ls from the beginning of an argument. Only -a means
// anything; clients send others, such as -l, out of habit. "--" ends them. One blank
// separates; further ones belong to the path.
func lsOptions(arg string) (all bool, path string) {
	for strings.HasPrefix(arg, "-") {
		word, rest, _ := strings.Cut(arg, " ")
		arg = rest
		if word == "--" {
			break
		}
		all = all || strings.Contains(word, "a")
	}
	return all, arg
}
