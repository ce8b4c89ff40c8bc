package hostile

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
)

// Offer is what a server can do beside LIST of one directory, in any combination.
type Offer int

// What is offered.
const (
	STAT    Offer = 1 << iota // with a path, or of the present directory
	MLSD                      // and says so in FEAT
	Recurse                   // LIST -R
)

// An Out is where a listing goes: a data or a control connection.
type Out interface{ Send(text string) error }

// A Site is a tree and how it is served. Only Tree is needed.
type Site struct {
	Tree   Tree
	Offers Offer
	Index  map[string]string // files at the root that can be fetched, such as ls-lR.gz

	// Twist takes the place of the listing of a directory, in whatever way that
	// is asked for, where it returns true.
	Twist func(dir string, form Form, out Out) bool

	// Script takes the place of commands. Its acts may call [Site.Act] for what
	// would be done otherwise.
	Script ftpscript.Script

	honest  ftpscript.Script
	started time.Time
	mu      sync.Mutex
	where   map[*ftpscript.Session]string // the present directory
}

// Twin is a site with the same tree that is served without any lie, by LIST alone:
// an index is shown, but cannot be fetched.
func (s *Site) Twin() *Site {
	return &Site{Tree: s.Tree, Index: s.Index, Script: ftpscript.Script{"RETR": ftpscript.Say("550 not for you")}}
}

// Start serves the site until the test ends.
func (s *Site) Start(t testing.TB) *ftpscript.Server {
	t.Helper()
	s.prepare()
	script := maps.Clone(s.honest)
	maps.Copy(script, s.Script)
	return ftpscript.Start(t, script)
}

// prepare sets up what an honest server does.
func (s *Site) prepare() {
	s.where, s.started = map[*ftpscript.Session]string{}, time.Now().UTC()
	s.honest = ftpscript.Script{
		"CWD":  s.cwd,
		"PWD":  func(c *ftpscript.Session) { c.Reply(fmt.Sprintf("257 %q", s.here(c))) },
		"FEAT": s.feat,
		"OPTS": ftpscript.Say("200 so be it"),
		"NOOP": ftpscript.Say("200 here"),
		"LIST": s.list,
		"MDTM": s.ofFile(func(e Entry) string { return e.modified().Format(factTime) }),
		"SIZE": s.ofFile(func(e Entry) string { return cmp.Or(e.Size, "1") }),
		"RETR": s.retr,
	}
	if s.Offers&MLSD != 0 {
		s.honest["MLSD"] = s.mlsd
	}
	if s.Offers&STAT != 0 {
		s.honest["STAT"] = s.stat
	}
}

// offered reports whether the server knows a command of listing.
func (s *Site) offered(verb string) bool { return s.honest[verb] != nil }

// Act does what an honest server does at the command of a session.
func (s *Site) Act(c *ftpscript.Session) {
	verb, _, _ := strings.Cut(c.Command, " ")
	s.honest[verb](c)
}

// here returns the present directory of a session.
func (s *Site) here(c *ftpscript.Session) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if dir, ok := s.where[c]; ok {
		return dir
	}
	return "/"
}

// stand puts a session into a directory.
func (s *Site) stand(c *ftpscript.Session, dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.where[c] = dir
}

func (s *Site) cwd(c *ftpscript.Session) {
	_, arg, _ := strings.Cut(c.Command, " ")
	dir := at(s.here(c), arg)
	if _, ok := s.Tree(dir); !ok {
		c.Reply("550 no such directory")
		return
	}
	s.stand(c, dir)
	c.Reply("250 there we are")
}

func (s *Site) feat(c *ftpscript.Session) {
	lines := []string{"211-Features", " MDTM", " SIZE", " EPSV"}
	if s.Offers&MLSD != 0 {
		lines = append(lines, " MLST type*;size*;modify*;")
	}
	c.Reply(append(lines, "211 End")...)
}

// argument splits what stands behind LIST or STAT into the letters of its options
// and a directory.
func (s *Site) argument(c *ftpscript.Session) (options, dir string) {
	_, arg, _ := strings.Cut(c.Command, " ")
	for strings.HasPrefix(arg, "-") {
		var option string
		option, arg, _ = strings.Cut(arg, " ")
		options += option[1:]
	}
	return options, at(s.here(c), arg)
}

func (s *Site) list(c *ftpscript.Session) {
	options, dir := s.argument(c)
	send := func(out Out) { s.send(out, dir, Long) }
	if s.Offers&Recurse != 0 && strings.Contains(options, "R") {
		send = func(out Out) { s.recurse(out, dir, ".") }
	}
	s.transfer(c, dir, send)
}

func (s *Site) mlsd(c *ftpscript.Session) {
	_, dir := s.argument(c)
	s.transfer(c, dir, func(out Out) { s.send(out, dir, Facts) })
}

func (s *Site) transfer(c *ftpscript.Session, dir string, send func(Out)) {
	if _, ok := s.Tree(dir); !ok {
		c.Reply("550 no such directory")
		return
	}
	c.Reply("150 here it comes")
	data := c.Accept()
	send(data)
	data.Close()
	c.Reply("226 done")
}

func (s *Site) stat(c *ftpscript.Session) {
	_, dir := s.argument(c)
	if _, ok := s.Tree(dir); !ok {
		c.Reply("550 no such directory")
		return
	}
	c.Reply("213-Status follows")
	s.send(c, dir, Long)
	c.Reply("213 End of status")
}

// send sends the listing of one directory.
func (s *Site) send(out Out, dir string, form Form) error {
	if s.Twist != nil && s.Twist(dir, form, out) {
		return nil
	}
	return out.Send(form.Lines(s.entries(dir)))
}

// entries returns what is in a directory, index files included.
func (s *Site) entries(dir string) []Entry {
	entries, _ := s.Tree(dir)
	if dir == "/" {
		entries = slices.Clip(entries)
		for _, name := range slices.Sorted(maps.Keys(s.Index)) {
			index := Sized(name, fmt.Sprint(len(s.Index[name])))
			index.Modified = s.started
			entries = append(entries, index)
		}
	}
	return entries
}

// deepest is where LIST -R ends, lest it overflow the stack.
const deepest = 10_000

// recurse sends the listing of a directory and of all below it.
func (s *Site) recurse(out Out, dir, label string) error {
	if strings.Count(label, "/") > deepest {
		return nil
	}
	if err := out.Send(label + ":\r\n"); err != nil {
		return err
	}
	if err := s.send(out, dir, Long); err != nil {
		return err
	}
	entries, _ := s.Tree(dir)
	for _, e := range entries {
		if e.Kind != 'd' {
			continue
		}
		if err := out.Send("\r\n"); err != nil {
			return err
		}
		if err := s.recurse(out, path.Join(dir, e.Name), label+"/"+e.Name); err != nil {
			return err
		}
	}
	return nil
}

// ofFile answers with something about a file, and for files only.
func (s *Site) ofFile(tell func(Entry) string) ftpscript.Act {
	return func(c *ftpscript.Session) {
		_, arg, _ := strings.Cut(c.Command, " ")
		full := at(s.here(c), arg)
		for _, e := range s.entries(path.Dir(full)) {
			if e.Kind == '-' && e.Name == path.Base(full) {
				c.Reply("213 " + tell(e))
				return
			}
		}
		c.Reply("550 no such file")
	}
}

func (s *Site) retr(c *ftpscript.Session) {
	_, arg, _ := strings.Cut(c.Command, " ")
	full := at(s.here(c), arg)
	if text, ok := s.Index[path.Base(full)]; ok && path.Dir(full) == "/" {
		ftpscript.Transfer(text)(c)
		return
	}
	c.Reply("550 no such file")
}
