package ftplist

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/mirror"
)

type script = ftpscript.Script

// now is the time of all listings.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Lines of listings. The dates say the same.
const (
	dot    = "drwxr-xr-x 2 ftp ftp 4096 Feb 20 10:00 .\r\n"
	dotdot = "drwxr-xr-x 2 ftp ftp 4096 Feb 20 10:00 ..\r\n"
	dots   = dot + dotdot
	file   = "-rw-r--r-- 1 ftp ftp 5 Feb 20 10:00 file\r\n"
	dir    = "drwxr-xr-x 2 ftp ftp 4096 Feb 20 10:00 dir\r\n"
	link   = "lrwxrwxrwx 1 ftp ftp 3 Feb 20 10:00 link -> dir\r\n"

	mlsdDots = "type=cdir;modify=20260220100000; .\r\ntype=pdir;modify=20260220100000; ..\r\n"
	mlsdFile = "type=file;size=5;modify=20260220100000; file\r\n"
	mlsdDir  = "type=dir;modify=20260220100000; dir\r\n"
	mlsdLink = "type=OS.unix=slink:dir;modify=20260220100000; link\r\n"
)

// offersMLSD is the FEAT of a server that has it.
var offersMLSD = ftpscript.Say("211-Features", " MLST type*;size*;modify*;", "211 End")

// A site is a server and a lister of it.
type site struct {
	*ftpscript.Server
	source *Source
	lister *lister
}

// open connects to a server that does what a script says.
func open(t *testing.T, s script, change func(*Config)) *site {
	t.Helper()
	if s["MDTM"] == nil {
		s["MDTM"] = ftpscript.Say("213 20260220100030")
	}
	server := ftpscript.Start(t, s)
	cfg := Config{
		URL:    urlOf(t, server.Addr),
		Conn:   ftpconn.Config{Timeout: 20 * time.Second},
		Whole:  time.Minute,
		Limits: crawl.DefaultLimits(),
		Now:    func() time.Time { return now },
	}
	if change != nil {
		change(&cfg)
	}
	source, err := NewSource(cfg)
	if err != nil {
		t.Fatal(err)
	}
	opened := &site{Server: server, source: source}
	opened.reopen(t)
	return opened
}

// urlOf returns the URL of a server.
func urlOf(t *testing.T, addr string) mirror.URL {
	t.Helper()
	url, err := mirror.ParseURL("ftp://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// reopen takes another connection, as a walk does after an error.
func (s *site) reopen(t *testing.T) {
	t.Helper()
	lister, err := s.source.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lister.Close() })
	s.lister = lister
}

// list lists a directory without an error.
func (s *site) list(t *testing.T, dir mirror.Path) crawl.Listing {
	t.Helper()
	found, err := s.lister.List(t.Context(), dir)
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	return found
}

// want lists a directory and compares why it is incomplete, if at all, and its
// entries.
func (s *site) want(t *testing.T, dir mirror.Path, reason digest.Reason, entries ...string) crawl.Listing {
	t.Helper()
	found := s.list(t, dir)
	if got := summary(found); found.Reason != reason || got != fmt.Sprint(entries) {
		t.Errorf("%s: %q, %s (%s), want %q, %s", dir, got, found.Reason, found.Detail, entries, reason)
	}
	if (found.Reason == digest.Complete) != (found.Detail == "") {
		t.Errorf("%s: %s with the detail %q", dir, found.Reason, found.Detail)
	}
	return found
}

// summary writes the entries as their kinds and names, and the dates of files.
func summary(found crawl.Listing) string {
	entries := []string{}
	for _, e := range found.Entries {
		text := e.Kind.String() + " " + e.Name
		if e.Kind == digest.File {
			text += " " + e.Date.String()
		}
		entries = append(entries, text)
	}
	return fmt.Sprint(entries)
}

// restart lists a directory and wants to hear that the walk must begin again.
func (s *site) restart(t *testing.T, dir mirror.Path) {
	t.Helper()
	found, err := s.lister.List(t.Context(), dir)
	if _, ok := errors.AsType[*crawl.RestartError](err); !ok {
		t.Fatalf("%s: %v, %v, want a RestartError", dir, found, err)
	}
	s.lister.Close()
	s.reopen(t)
}

// fail lists a directory and wants an error after which another try makes sense.
func (s *site) fail(t *testing.T, dir mirror.Path) error {
	t.Helper()
	found, err := s.lister.List(t.Context(), dir)
	if _, restart := errors.AsType[*crawl.RestartError](err); err == nil || restart || found.Entries != nil {
		t.Fatalf("%s: %v, %v, want an error", dir, found, err)
	}
	s.lister.Close()
	s.reopen(t)
	return err
}
