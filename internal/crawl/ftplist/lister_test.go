package ftplist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/mirror"
)

// How summary writes the entries of the lines in helpers_test.go.
const (
	aFile = "file file 2026-02-20"
	aDir  = "directory dir"
	aLink = "link link"
)

var (
	say      = ftpscript.Say
	transfer = ftpscript.Transfer
	byDir    = ftpscript.ByDir
	inTurn   = ftpscript.InTurn
)

func TestConfig(t *testing.T) {
	t.Parallel()
	ftp, http := mirror.URL{Scheme: "ftp", Host: "a", Port: 21, Base: "/"}, mirror.URL{Scheme: "http", Host: "a", Port: 80, Base: "/"}
	for _, cfg := range []Config{{URL: http}, {URL: ftp, Way: "nlst"}} {
		if _, err := NewSource(cfg); err == nil {
			t.Errorf("%v is accepted", cfg)
		}
	}
	if _, err := NewSource(Config{URL: ftp}); err != nil {
		t.Error(err)
	}
}

func TestListing(t *testing.T) {
	t.Parallel()
	s := open(t, script{"LIST": transfer("total 4\r\n" + dots + dir + link + file)}, func(c *Config) { c.URL.Base = "/a base/" })
	found := s.want(t, "/", digest.Complete, aDir, aLink, aFile)
	if e := found.Entries[2]; e.Size != 5 || found.Entries[1].Target != "dir" {
		t.Errorf("%+v", found.Entries)
	}
	s.want(t, "/x/y z", digest.Complete, aDir, aLink, aFile)
	if cwd := commands(s, "CWD"); !slices.Equal(cwd, []string{"CWD /a base/", "CWD /a base/x/y z"}) {
		t.Errorf("%q", cwd)
	}
	if s.Count("LIST -a") != 2 || s.Count("LIST") != 2 {
		t.Errorf("%q", s.Commands())
	}
}

// commands returns the commands that begin with a text.
func commands(s *site, prefix string) []string {
	return slices.DeleteFunc(s.Commands(), func(c string) bool { return !strings.HasPrefix(c, prefix) })
}

func TestWithoutDashA(t *testing.T) {
	t.Parallel()
	for _, refusal := range []string{"500 what?", "501 syntax", "502 not here", "504 not that"} {
		s := open(t, script{"LIST -a": say(refusal), "LIST": transfer(file)}, nil)
		s.want(t, "/", digest.Complete, aFile)
		s.want(t, "/dir", digest.Complete, aFile)
		if s.Count("LIST -a") != 1 || s.Count("LIST") != 3 {
			t.Errorf("%s: %q", refusal, s.Commands())
		}
	}
	// A server that has never answered LIST -a may take -a for a name.
	s := open(t, script{"LIST -a": say("550 no"), "LIST": transfer(file)}, nil)
	s.want(t, "/", digest.Complete, aFile)
	s.want(t, "/dir", digest.Complete, aFile)
	if s.Count("LIST -a") != 1 || s.Count("LIST") != 3 {
		t.Errorf("%q", s.Commands())
	}
	s = open(t, script{"LIST -a": inTurn(transfer(dots+file), say("550 no")), "LIST": transfer(file)}, nil)
	s.want(t, "/", digest.Complete, aFile)
	s.want(t, "/dir", digest.Refused)
	if s.Count("LIST") != 2 {
		t.Errorf("%q", s.Commands())
	}
}

// A server that shows a directory in its own listing after it has not done so in
// another one has refused that other one.
func TestSelfShownLate(t *testing.T) {
	t.Parallel()
	s := open(t, script{"LIST": byDir(map[string]string{"/": file, "/dir": dots + file})}, nil)
	s.want(t, "/", digest.Complete, aFile)
	s.restart(t, "/dir")
	s.want(t, "/", digest.Refused)
	s.want(t, "/dir", digest.Complete, aFile)
}

// Until MLSD is proven, what LIST does not show cannot be believed.
func TestMLSDThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		list   string
		agreed []string
	}{
		"a name is missing": {dots, nil},
		"unparsable":        {dots + file + "what is this\r\n", []string{aFile}},
		"hides links":       {"02-20-26  10:00AM       5 file\r\n", nil},
	} {
		s := open(t, script{
			"FEAT": offersMLSD,
			"MLSD": byDir(map[string]string{"/": mlsdDots + mlsdFile, "/dir": mlsdDots + mlsdLink + mlsdDir}),
			"LIST": byDir(map[string]string{"/": c.list, "/dir": dots + link + dir}),
		}, func(c *Config) { c.Way = MLSD })
		s.want(t, "/", digest.Unparsable, c.agreed...)
		// Once it is proven, the directory is worth another look.
		s.restart(t, "/dir")
		s.want(t, "/", digest.Complete, aFile)
		s.want(t, "/dir", digest.Complete, aLink, aDir)
		if n := s.Count("MLSD"); n != 5 {
			t.Errorf("%s: MLSD %d times", name, n)
		}
	}
}

// proftpd cuts LIST at a limit without a word, but not MLSD.
func TestLISTThatIsCut(t *testing.T) {
	t.Parallel()
	s := open(t, script{
		"FEAT": offersMLSD,
		"MLSD": byDir(map[string]string{"/": mlsdFile + mlsdDir, "/short": mlsdDots, "/cut": mlsdFile + mlsdDir + mlsdLink + "type=file;size=5; more\r\n"}),
		"LIST": byDir(map[string]string{"/": dots + file + dir, "/short": dots + file, "/cut": dots + file + dir}),
	}, func(c *Config) { c.Way = LIST })
	s.want(t, "/", digest.Complete, aFile, aDir)
	s.want(t, "/short", digest.Complete, aFile)
	s.want(t, "/cut", digest.Truncated, aFile, aDir)
	if n := s.Count("MLSD"); n != 2 {
		t.Errorf("MLSD %d times", n)
	}
}

// The directory that MLSD was to be proven with may be gone by then, which says nothing
// about others.
func TestLinkThatIsGone(t *testing.T) {
	t.Parallel()
	odd := dots + file + "what is this\r\n"
	s := open(t, script{
		"FEAT":   offersMLSD,
		"CWD /a": inTurn(say("250 fine"), say("550 no such directory")),
		"LIST":   byDir(map[string]string{"/a": dots + link + dir, "/b": odd, "/c": dots + link + dir}),
		"MLSD":   byDir(map[string]string{"/b": mlsdDots + mlsdFile, "/c": mlsdDots + mlsdLink + mlsdDir}),
	}, nil)
	s.want(t, "/a", digest.Complete, aLink, aDir)
	for range 2 {
		s.want(t, "/b", digest.Unparsable, aFile)
	}
	if n := s.Count("CWD /a"); n != 2 {
		t.Errorf("%d times", n)
	}
	s.restart(t, "/c") // now that it is proven
	s.want(t, "/b", digest.Complete, aFile)
}

// What was learnt survives as long as the settings are the same.
func TestFactsAreRecalled(t *testing.T) {
	t.Parallel()
	s := open(t, script{"LIST": transfer(dots + file), "MDTM": anHourLater}, nil)
	s.restart(t, "/")
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change   func(*Config)
		recalled bool
	}{
		"the same":     {func(*Config) {}, true},
		"another zone": {func(c *Config) { c.Zone = berlin }, false},
		"another way":  {func(c *Config) { c.Way = LIST }, false},
	} {
		later := open(t, script{"LIST": transfer(dots + file), "MDTM": anHourLater}, c.change)
		if got := later.source.Recall(s.source.Facts()); got != c.recalled {
			t.Errorf("%s: recalled %v", name, got)
		}
		if c.recalled {
			later.want(t, "/", digest.Complete, "file file -")
		}
		if later.source.Recall("{}") || later.source.Recall("") || later.source.Recall(`{"rules":1,"way":"auto","later":true}`) {
			t.Errorf("%s: foreign facts are recalled", name)
		}
	}
}

func TestEmptyListings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		root    string
		missing ftpscript.Act // what LIST answers for a name that does not exist
		text    string
		want    digest.Reason
	}{
		{"shows itself", dots + dir, say("550 no"), "", digest.Refused},
		{"shows itself, alone", dots + dir, say("550 no"), dot, digest.Refused},
		{"shows itself, and its parent", dots + dir, say("550 no"), dots, digest.Complete},
		{"shows itself, and now does not", dots + dir, say("550 no"), file, digest.Refused},
		{"never shows itself", dir, say("550 no"), "", digest.Complete},
		{"never shows itself, busy", dir, say("450 no such file"), "", digest.Complete},
		{"never shows itself, refuses after 150", dir, transfer("", "450 no such file"), "", digest.Complete},
		{"never shows itself, and takes any name", dir, transfer(""), "", digest.Refused},
		{"never shows itself, and takes no names", dir, say("504 no names"), "", digest.Refused},
		{"never shows itself, and does not understand names", dir, say("500 what?"), "", digest.Refused},
		{"only hidden names", dir, say("550 no"), "-rw-r--r-- 1 ftp ftp 5 Feb 20 10:00 .x\r\n", digest.Complete},
		{"total 0", dots + dir, say("550 no"), "total 0\r\n", digest.Refused},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, script{
				"LIST -a": byDir(map[string]string{"/": test.root, "/dir": test.text}),
				"LIST":    test.missing,
			}, nil)
			s.want(t, "/", digest.Complete, aDir)
			if found := s.list(t, "/dir"); found.Reason != test.want {
				t.Errorf("%s: %s, want %s", summary(found), found.Reason, test.want)
			}
		})
	}
}

// A root without entries may be one that may not be read, as long as nobody
// knows whether the server ever shows a directory itself.
func TestEmptyRoot(t *testing.T) {
	t.Parallel()
	missing := say("450 no such file")
	s := open(t, script{"LIST -a": transfer(""), "LIST": missing}, nil)
	s.want(t, "/", digest.Refused)
	s = open(t, script{"LIST -a": transfer(dots), "LIST": missing}, nil)
	s.want(t, "/", digest.Complete)
	s = open(t, script{"FEAT": offersMLSD, "MLSD": transfer("type=cdir; /\r\n"), "LIST": transfer(dots)}, nil)
	s.want(t, "/", digest.Complete)
}

func TestTruncated(t *testing.T) {
	t.Parallel()
	for _, last := range [][]string{
		{"226 Output truncated to 2000 matches"},
		{"226-Options: -a -l ", "226 Output truncated to 2000 matches"},
		{"226-Options: -a -l ", "226-TRUNCATED", "226 done"},
	} {
		s := open(t, script{"LIST": transfer(dots+file, last...)}, nil)
		s.want(t, "/", digest.Truncated, aFile)
		s = open(t, script{"FEAT": offersMLSD, "MLSD": transfer(mlsdDots+mlsdFile, last...), "LIST": transfer(dots + file)}, func(c *Config) { c.Way = MLSD })
		s.want(t, "/", digest.Truncated, aFile)
	}
}

func TestUnparsable(t *testing.T) {
	t.Parallel()
	const nonsense = "what a wonderful world\r\n"
	s := open(t, script{"LIST": transfer(dots + dir + nonsense + file)}, nil)
	if found := s.want(t, "/", digest.Unparsable, aDir, aFile); !strings.Contains(found.Detail, "line 4") || !strings.Contains(found.Detail, "wonderful") {
		t.Errorf("%q", found.Detail)
	}
	s = open(t, script{"FEAT": offersMLSD, "MLSD": transfer(mlsdDots + mlsdFile + nonsense), "LIST": transfer(dots + file)}, func(c *Config) { c.Way = MLSD })
	if found := s.want(t, "/", digest.Unparsable, aFile); !strings.Contains(found.Detail, "MLSD") || !strings.Contains(found.Detail, "wonderful") {
		t.Errorf("%q", found.Detail)
	}
	for name, text := range map[string]string{
		"Windows": "02-20-26  10:00AM                    5 file\r\n",
		"EPLF":    "+i8388621.48594,m1771581600,r,s5,\tfile\r\n",
	} {
		s := open(t, script{"LIST": transfer(text)}, nil)
		if found := s.list(t, "/"); found.Reason != digest.Unparsable || len(found.Entries) != 1 {
			t.Errorf("%s: %s %s", name, summary(found), found.Reason)
		}
	}
}

func TestMLSDThatFollowsLinks(t *testing.T) {
	t.Parallel()
	followed := "type=dir;modify=20260220100000; link\r\n"
	s := open(t, script{
		"FEAT": offersMLSD,
		"MLSD": byDir(map[string]string{"/": mlsdDir, "/dir": mlsdFile + followed}),
		"LIST": byDir(map[string]string{"/": dir, "/dir": file + link}),
	}, nil)
	s.want(t, "/", digest.Complete, aDir)
	s.want(t, "/dir", digest.Complete, aFile, aLink)
	// Each listing that is longer than those before is compared with it.
	if n := s.Count("MLSD"); n != 2 {
		t.Errorf("MLSD %d times", n)
	}

	forced := open(t, script{"FEAT": offersMLSD, "MLSD": transfer(followed), "LIST": transfer(link)}, func(c *Config) { c.Way = MLSD })
	forced.restart(t, "/")
	forced.want(t, "/", digest.Refused)
}

func TestMLSDThatIsProven(t *testing.T) {
	t.Parallel()
	s := open(t, script{
		"FEAT": offersMLSD,
		"MLSD": byDir(map[string]string{"/": mlsdDots + mlsdDir, "/dangling": mlsdDots + mlsdLink, "/dir": mlsdDots + mlsdLink + mlsdDir, "/dir/2": mlsdDots, "/dir/3": ""}),
		"LIST": byDir(map[string]string{"/": dots + dir, "/dangling": dots + link, "/dir": dots + link + dir}),
	}, func(c *Config) { c.Way = MLSD })
	s.want(t, "/", digest.Complete, aDir)
	s.want(t, "/dangling", digest.Complete, aLink)
	s.want(t, "/dir", digest.Complete, aLink, aDir)
	if n := s.Count("LIST"); n != 3 {
		t.Errorf("LIST %d times before the proof", n)
	}
	s.want(t, "/dir", digest.Complete, aLink, aDir)
	s.want(t, "/dir/2", digest.Complete)
	s.want(t, "/dir/3", digest.Refused)
	s.want(t, "/dir/4", digest.Refused)
	if s.Count("LIST") != 3 || s.Count("MLSD") != 7 || s.Count("MDTM") != 0 {
		t.Errorf("%q", s.Commands())
	}
}

func TestMLSDThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, refusal := range []string{"500 what?", "502 not here"} {
		s := open(t, script{"FEAT": offersMLSD, "MLSD": say(refusal), "LIST": transfer(dots + file)}, nil)
		s.want(t, "/", digest.Complete, aFile)
		s.want(t, "/dir", digest.Complete, aFile)
		if n := s.Count("MLSD"); n != 1 {
			t.Errorf("MLSD %d times", n)
		}
	}
	for name, s := range map[string]script{
		"not offered": {},
		"refused":     {"FEAT": offersMLSD, "MLSD": say("500 what?")},
	} {
		s["LIST"] = transfer(dots + file)
		forced := open(t, s, func(c *Config) { c.Way = MLSD })
		if found := forced.want(t, "/", digest.Refused); !strings.Contains(found.Detail, "MLSD") || forced.Count("LIST") != 0 {
			t.Errorf("%s: %q, %q", name, found.Detail, forced.Commands())
		}
	}
	s := open(t, script{"FEAT": offersMLSD, "LIST": byDir(map[string]string{"/": dots + file, "/dir": dots})}, func(c *Config) { c.Way = LIST })
	s.want(t, "/", digest.Complete, aFile)
	s.want(t, "/dir", digest.Complete)
	if n := s.Count("MLSD"); n != 1 {
		t.Errorf("MLSD %d times, though LIST is asked for", n)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, refusal := range []string{"450 busy", "451 disk error", "550 no", "553 name"} {
		again := func(refuse, accept ftpscript.Act) ftpscript.Act {
			if refusal[0] == '4' { // asked for once more
				return inTurn(accept, refuse, refuse, accept)
			}
			return inTurn(accept, refuse, accept)
		}
		for _, s := range []script{
			{"CWD": again(say(refusal), say("250 fine"))},
			{"LIST": again(say(refusal), transfer(dots+file))},
			{"LIST": again(transfer("", refusal), transfer(dots+file))},
		} {
			if s["LIST"] == nil {
				s["LIST"] = transfer(dots + file)
			}
			s := open(t, s, nil)
			s.want(t, "/", digest.Complete, aFile)
			if found := s.want(t, "/", digest.Refused); !strings.Contains(found.Detail, refusal) {
				t.Errorf("%q", found.Detail)
			}
			s.want(t, "/", digest.Complete, aFile)
			if n := s.Count("USER"); n != 1 {
				t.Errorf("%s: %d connections", refusal, n)
			}
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	good := transfer(dots + file)
	for name, s := range map[string]script{
		"421 to CWD":         {"CWD": inTurn(say("421 closing"), say("250 fine")), "LIST": good},
		"425 to LIST":        {"LIST": inTurn(say("425 no data connection"), good)},
		"426 after the data": {"LIST": inTurn(transfer(dots, "426 aborted"), good)},
		"421 after the data": {"LIST": inTurn(transfer(dots, "421 closing"), good)},
		"connection closed":  {"LIST": inTurn(ftpscript.HangUp, good)},
		"PASV refused": {
			"EPSV": inTurn(say("500 what?"), func(s *ftpscript.Session) { s.Reply(fmt.Sprintf("229 (|||%d|)", s.Listen())) }),
			"PASV": say("502 what?"),
			"LIST": good,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, s, nil)
			s.fail(t, "/")
			s.want(t, "/", digest.Complete, aFile)
		})
	}
}

// A server that answers once too often is out of step from then on: what it
// says next is about something else.
func TestOutOfStep(t *testing.T) {
	t.Parallel()
	for _, epsv := range []ftpscript.Act{nil, say("500 what?")} {
		for _, cwd := range []string{"250 fine", "550 no"} {
			s := script{"CWD": inTurn(say("250 fine"), say(cwd)), "LIST": transfer(dots+file, "226 done", "226 done, really")}
			if epsv != nil {
				s["EPSV"] = epsv
			}
			out := open(t, s, nil)
			if _, err := out.lister.List(t.Context(), "/"); err == nil {
				out.fail(t, "/dir")
			}
		}
	}
}

// The question about a name that does not exist may fail, too.
func TestFailingQuestion(t *testing.T) {
	t.Parallel()
	s := open(t, script{"LIST -a": inTurn(transfer(file), transfer("")), "LIST": inTurn(say("425 no data connection"), say("550 no"))}, nil)
	s.want(t, "/", digest.Complete, aFile)
	s.fail(t, "/dir")
	s.want(t, "/dir", digest.Complete)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	hang := func(s *ftpscript.Session) { s.Reply("150 soon"); s.Accept().Send(dots); s.AwaitEnd() }
	s := open(t, script{"LIST": inTurn(transfer(dots+strings.Repeat(file, 100)), transfer(dots+file))}, func(c *Config) { c.Limits.Listing = 1000 })
	if found := s.want(t, "/", digest.Limit); !strings.Contains(found.Detail, "crawl.limits.listing") || !strings.Contains(found.Detail, "1000") {
		t.Errorf("%q", found.Detail)
	}
	s.want(t, "/", digest.Complete, aFile)
	if n := s.Count("USER"); n != 2 {
		t.Errorf("%d connections, want a new one after the limit", n)
	}

	s = open(t, script{"LIST": inTurn(hang, transfer(dots+file))}, nil)
	s.source.cfg.Whole = 100 * time.Millisecond
	if found := s.want(t, "/", digest.Limit); !strings.Contains(found.Detail, "100ms") {
		t.Errorf("%q", found.Detail)
	}
	s.source.cfg.Whole = time.Minute
	s.want(t, "/", digest.Complete, aFile)
}

// A lister that hung up and is not let in again fails, and can be closed.
func TestNoNewConnection(t *testing.T) {
	t.Parallel()
	s := open(t, script{"LIST": transfer(file), ftpscript.Greeting: inTurn(say("220 ready"), say("421 enough"))}, func(c *Config) { c.Limits.Listing = 10 })
	s.want(t, "/", digest.Limit)
	if _, err := s.lister.List(t.Context(), "/"); err == nil {
		t.Error("no error without a connection")
	}
	if err := s.lister.Close(); err != nil {
		t.Error(err)
	}
}

func TestSlowLogin(t *testing.T) {
	t.Parallel()
	url, err := mirror.ParseURL("ftp://" + ftpscript.Start(t, script{"": ftpscript.Hang}).Addr)
	if err != nil {
		t.Fatal(err)
	}
	source, err := NewSource(Config{URL: url, Conn: ftpconn.Config{Timeout: time.Hour}, Whole: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "50ms") {
		t.Errorf("error %v", err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := open(t, script{"LIST": func(s *ftpscript.Session) { cancel(cause); s.AwaitEnd() }}, nil)
	if _, err := s.lister.List(ctx, "/"); !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
}

// Names that a listing made up to be commands stay names, and no file is given the time
// that stands before its name.
func TestForgedNames(t *testing.T) {
	t.Parallel()
	const when = "-rw-r--r-- 1 ftp ftp 5 Feb 20 10:00 "
	s := open(t, script{"LIST": transfer(dots + when + "a\rDELE b\r\n" + when + "../../etc/passwd\r\n" + when + "n\x00\r\n" + when + " lead\r\n" + when + "\r\n" + when + "20260301120000 caf\r\n" +
		"-rw-r--r-- 1 ftp ftp 5 Jan 20 10:00 20260301 caf\r\n" + when + "caf\xe9\xff\r\n"),
		"MDTM 20260301 caf": say("213 20260120100030")}, nil)
	s.list(t, "/")
	if got := commands(s, "MDTM"); !slices.Equal(got, []string{"MDTM 20260301 caf", "MDTM caf\xe9\xff\xff"}) {
		t.Errorf("%q", got)
	}
}

// Wherever a session is cut off, nothing is taken for complete that did not
// come whole, by either way of listing.
func TestCutEverywhere(t *testing.T) {
	t.Parallel()
	for _, way := range []Way{LIST, Auto} {
		s := open(t, script{
			"FEAT": offersMLSD,
			"LIST": transfer(dots + link + file),
			"MLSD": transfer(mlsdDots + mlsdLink + mlsdFile),
		}, func(c *Config) { c.Way = way })
		want := summary(s.list(t, "/"))
		for n := 0; ; n++ {
			fresh, err := NewSource(s.source.cfg)
			if err != nil {
				t.Fatal(err)
			}
			s.CutAfter(n, n%2 == 0)
			lister, err := fresh.open(t.Context())
			if err != nil {
				continue
			}
			found, err := lister.List(t.Context(), "/")
			lister.Close()
			if err != nil {
				continue
			}
			if got := summary(found); got != want || found.Reason != digest.Complete {
				t.Fatalf("%s, cut after %d bytes: %s, %s", way, n, got, found.Reason)
			}
			if n < len(dots+link+file) {
				t.Fatalf("%s: a session of %d bytes", way, n)
			}
			break
		}
	}
}
