package control

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"mirrortracker/internal/mirror"
)

// An Overseer knows the machines that hold the files, where these are not our own. It may
// be called concurrently. What it returns are lines for people, or [ErrOneMachine].
type Overseer interface {
	// Slaves describes all machines.
	Slaves(ctx context.Context) ([]string, error)
	// Explain says where a file is, and how it would come to a client.
	Explain(ctx context.Context, p mirror.Path, client netip.Addr) ([]string, error)
	// Select says which machine would send a file to a client, or take one that is not
	// there yet, and why.
	Select(ctx context.Context, p mirror.Path, client netip.Addr) ([]string, error)
}

// ErrOneMachine says that there is nothing to be said of machines that hold the files.
var ErrOneMachine = errors.New("all files are on this machine")

// oversee answers a command about the machines that hold the files.
func (s *session) oversee(verb string, ask func(o Overseer) ([]string, error)) {
	if !s.account.Admin {
		s.fail(errNotAdmin)
		return
	}
	lines, err := []string(nil), ErrOneMachine
	if s.Overseer != nil {
		lines, err = ask(s.Overseer)
	}
	switch {
	case errors.Is(err, ErrOneMachine):
		s.out.reply(502, "All files are on this machine")
	case err != nil:
		s.fail(err)
	default:
		s.out.block(211, "SITE "+verb, lines, "End")
	}
}

// siteSlaves answers SITE SLAVES.
func (s *session) siteSlaves(string) {
	s.oversee("SLAVES", func(o Overseer) ([]string, error) { return o.Slaves(s.ctx) })
}

// siteExplain answers SITE EXPLAIN.
func (s *session) siteExplain(arg string) { s.overseeFile("EXPLAIN", arg, Overseer.Explain) }

// siteSelect answers SITE SLAVESELECT.
func (s *session) siteSelect(arg string) { s.overseeFile("SLAVESELECT", arg, Overseer.Select) }

// overseeFile answers a question about a path, and after "-c ADDRESS" in front of it about
// a client there, else that of the session.
func (s *session) overseeFile(verb, arg string, ask func(Overseer, context.Context, mirror.Path, netip.Addr) ([]string, error)) {
	client := s.peer
	if rest, named := strings.CutPrefix(arg, "-c "); named {
		text, path, _ := strings.Cut(rest, " ")
		address, err := netip.ParseAddr(text)
		if err != nil || path == "" {
			s.refuseSite(verb)
			return
		}
		client, arg = address, path
	}
	s.oversee(verb, func(o Overseer) ([]string, error) {
		p, err := s.target(arg)
		if err != nil {
			return nil, err
		}
		return ask(o, s.ctx, p, client)
	})
}
