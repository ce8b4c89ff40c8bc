package ftplist

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn/ftpscript"
)

// statReply answers STAT with a listing.
func statReply(s *ftpscript.Session, text string) {
	lines := []string{"213-Status follows:"}
	for line := range strings.Lines(text) {
		lines = append(lines, " "+strings.TrimSuffix(line, "\r\n"))
	}
	s.Reply(append(lines, "213 End of status")...)
}

// stats answers STAT of the present directory.
func (f forest) stats() ftpscript.Act {
	return func(s *ftpscript.Session) { statReply(s, f[s.Dir]) }
}

// tells is a server that knows STAT and LIST.
func (f forest) tells(stat ftpscript.Act) script {
	return script{"LIST": byDir(f), "STAT": stat}
}

// byStat crawls a site by STAT and compares with what it is.
func (f forest) byStat(t *testing.T, s script) walked {
	t.Helper()
	got := walk(t, s, func(c *Config) { c.Way = Stat }, nil)
	f.equal(t, got)
	return got
}

// unfitBy checks why a strategy is not used any more; "" if it is.
func (w walked) unfitBy(t *testing.T, way Way, why string) {
	t.Helper()
	lesson, unfit := w.source.habits.Unfit[way]
	if unfit != (why != "") || !strings.Contains(lesson.Why, why) {
		t.Errorf("%q, want %q", lesson.Why, why)
	}
}

func TestStat(t *testing.T) {
	t.Parallel()
	f := wide(50)
	got := f.byStat(t, f.tells(f.stats()))
	got.unfitBy(t, Stat, "")
	// Those compared at first, those that show that nothing longer is cut, and those
	// that are as long as the longest.
	if n := got.Count("LIST"); n < enoughAgreed || n > 12 || got.Count("STAT") < 103 {
		t.Errorf("%d LIST, %d STAT", n, got.Count("STAT"))
	}
	if n := got.Count("USER"); n != 2 { // that of the test is one
		t.Errorf("%d connections", n)
	}
}

// A server that takes -a for a name is asked without it.
func TestStatWithoutDashA(t *testing.T) {
	t.Parallel()
	f := wide(20)
	s := f.tells(f.stats())
	s["STAT -a ."] = say("550 no such file")
	got := f.byStat(t, s)
	got.unfitBy(t, Stat, "")
	if n := got.Count("STAT -a ."); n > firstWindow || got.Count("STAT")-n < 42 {
		t.Errorf("%d STAT -a, %d STAT", n, got.Count("STAT"))
	}
}

// What makes STAT useless on a site: the rest is listed singly, and nothing is lost.
func TestStatThatIsOfNoUse(t *testing.T) {
	t.Parallel()
	f := wide(20)
	other := func(text string) ftpscript.Act {
		return func(s *ftpscript.Session) { statReply(s, text) }
	}
	for name, c := range map[string]struct {
		stat ftpscript.Act
		why  string
	}{
		"no such command":           {say("502 not here"), "502 not here"},
		"refused in any form":       {say("550 no"), "550 no"},
		"status of the server":      {say("211-Server status", " all is well", "211 End"), "not agree"},
		"nothing":                   {say("213 nothing"), "not agree"},
		"a file is not shown":       {other(dots + dir), "not agree"},
		"a size is another":         {other(dots + strings.Replace(file, " 5 ", " 6 ", 1)), "not agree"},
		"the connection is closed":  {ftpscript.HangUp, "connection failed"},
		"a reply too many":          {func(s *ftpscript.Session) { f.stats()(s); s.Reply("226 that was it") }, "connection failed"},
		"it never ends":             {func(s *ftpscript.Session) { s.Send("213-Wait\r\n"); s.AwaitEnd() }, "takes too long"},
		"the server's reply is one": {say("what a wonderful world"), "connection failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := walk(t, f.tells(c.stat), func(c *Config) { c.Way, c.Whole = Stat, 3*time.Second }, nil)
			f.equal(t, got)
			got.unfitBy(t, Stat, c.why)
			if got.Incomplete > 0 {
				t.Errorf("problems %v", got.Problems)
			}
		})
	}
}

// A directory that STAT does not tell of, or not all of, is listed singly; STAT goes
// on to be used for others.
func TestStatThatFailsForSome(t *testing.T) {
	t.Parallel()
	f := wide(50)
	const odd = "/b/030"
	for name, answer := range map[string]ftpscript.Act{
		"refused":          say("550 no"),
		"refused for now":  say("450 busy"),
		"nothing":          say("213-Status", "213 End"),
		"not itself":       func(s *ftpscript.Session) { statReply(s, file+dir) },
		"itself alone":     func(s *ftpscript.Session) { statReply(s, dot) },
		"not understood":   func(s *ftpscript.Session) { statReply(s, dots+file+"Sorry, disk error\r\n") },
		"hides links":      func(s *ftpscript.Session) { statReply(s, "02-20-26  10:00AM       5 file\r\n") },
		"longer than ever": func(s *ftpscript.Session) { statReply(s, dots+strings.Repeat(file, 200)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := f.byStat(t, f.tells(func(s *ftpscript.Session) {
				if s.Dir == odd {
					answer(s)
					return
				}
				f.stats()(s)
			}))
			got.unfitBy(t, Stat, "")
			if got.Incomplete > 0 || got.Count("LIST") > 14 {
				t.Errorf("%d LIST, problems %v", got.Count("LIST"), got.Problems)
			}
		})
	}
}

// A directory that may not be entered is refused, and the STAT behind it, which is of
// the directory before, is not taken for its own.
func TestStatOfWhatMayNotBeEntered(t *testing.T) {
	t.Parallel()
	f := wide(50)
	s := f.tells(f.stats())
	s["CWD /a/030"] = func(s *ftpscript.Session) {
		s.Dir = "/a"
		s.Reply("550 no")
	}
	got := walk(t, s, func(c *Config) { c.Way = Stat }, nil)
	if got.Incomplete != 1 || got.Problems[0].Path != "/a/030" || got.Problems[0].Reason != digest.Refused || got.Root.Files != 102 {
		t.Errorf("%+v", got.Result)
	}
}

// A server that has forgotten who we are refuses the session, not the directory.
func TestStatOfWhoIsLoggedOut(t *testing.T) {
	t.Parallel()
	f := wide(50)
	for _, way := range []Way{Stat, Pipelined} {
		s := f.tells(f.stats())
		s["CWD /a/030"] = inTurn(say("530 Please log in"), say("530 Please log in"), say("250 fine"))
		got := walk(t, s, func(c *Config) { c.Way = way }, nil)
		f.equal(t, got)
		got.unfitBy(t, way, "")
		if got.Incomplete > 0 || got.Count("USER") != 3 {
			t.Errorf("%s: %d connections, problems %v", way, got.Count("USER"), got.Problems)
		}
	}
}

// A strategy that was trusted before an interruption has to earn it again: the server may
// be another.
func TestStatAfterAnInterruption(t *testing.T) {
	t.Parallel()
	f := wide(50)
	before := f.byStat(t, f.tells(f.stats()))
	wrong := func(s *ftpscript.Session) { statReply(s, strings.ReplaceAll(f[s.Dir], " 5 ", " 6 ")) }
	s := f.tells(wrong)
	got := walked{site: open(t, s, func(c *Config) { c.Way = Stat })}
	if !got.source.Recall(before.source.Facts()) {
		t.Fatal("not recalled")
	}
	var err error
	if got.Result, err = newWalker(got.source.Open, got.source.cfg.Limits).Start(t.Context()).Wait(); err != nil {
		t.Fatal(err)
	}
	f.equal(t, got)
	got.unfitBy(t, Stat, "not agree")
}

// A server that cuts STAT at a limit, without a word, is not believed beyond what was
// seen whole.
func TestStatThatIsCut(t *testing.T) {
	t.Parallel()
	f := wide(100)
	cut := func(s *ftpscript.Session) {
		lines := strings.SplitAfter(f[s.Dir], "\n")
		statReply(s, strings.Join(lines[:min(len(lines), 80)], ""))
	}
	got := f.byStat(t, f.tells(cut))
	got.unfitBy(t, Stat, "")
}

// A server may cut connections when it is asked for much at a time: what was under way
// is asked for again, and a directory at which it happens again and again is asked for
// with care.
func TestStatOnAFragileConnection(t *testing.T) {
	t.Parallel()
	f := wide(50)
	var n atomic.Int64
	got := f.byStat(t, f.tells(func(s *ftpscript.Session) {
		if n.Add(1)%25 == 0 || s.Dir == "/b/030" {
			s.Close()
			return
		}
		f.stats()(s)
	}))
	got.unfitBy(t, Stat, "")
	if n := got.Count("USER"); n < 4 {
		t.Errorf("%d connections", n)
	}
}

// A listing that is too long or takes too long ends its directory, not the others.
func TestStatWithoutEnd(t *testing.T) {
	t.Parallel()
	f := wide(50)
	for name, endless := range map[string]ftpscript.Act{
		"too long": func(s *ftpscript.Session) { statReply(s, dots+strings.Repeat(file, 5000)) },
		"too slow": ftpscript.Hang,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := f.tells(func(s *ftpscript.Session) {
				if s.Dir == "/b/030" {
					endless(s)
					return
				}
				f.stats()(s)
			})
			got := walk(t, s, func(c *Config) { c.Way, c.Limits.Listing, c.Whole = Stat, 100_000, 2*time.Second }, nil)
			if got.Incomplete != 1 || got.Problems[0].Path != "/b/030" || got.Problems[0].Reason != digest.Limit || got.Root.Files != 102 {
				t.Errorf("%+v", got.Result)
			}
		})
	}
}

// What is good to know is kept for later crawls, for a while.
func TestHabits(t *testing.T) {
	t.Parallel()
	f := wide(20)
	got := walk(t, f.tells(say("502 not here")), func(c *Config) { c.Way = Stat }, nil)
	memory := got.source.Memory()
	fresh := func(later time.Duration) *Source {
		cfg := got.source.cfg
		cfg.Now = func() time.Time { return now.Add(later) }
		s, err := NewSource(cfg)
		if err != nil {
			t.Fatal(err)
		}
		s.Remember(memory)
		return s
	}
	if s := fresh(time.Hour); !s.forgone(Stat) || !strings.Contains(s.Account(), "not stat") {
		t.Errorf("forgotten: %q", s.Account())
	}
	if fresh(lessonsLast + time.Hour).forgone(Stat) {
		t.Error("believed for ever")
	}
	s := fresh(time.Hour)
	s.Remember("nonsense")
	if s.Connections(7) != 7 {
		t.Error("nonsense is believed")
	}
	for range 2 {
		if err := s.enters("192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	s.crowded()
	if s.Connections(7) != 2 || s.Connections(1) != 1 {
		t.Errorf("%d connections", s.Connections(7))
	}
	if again := fresh(0); func() int { again.Remember(s.Memory()); return again.Connections(7) }() != 2 {
		t.Error("the limit of connections is forgotten")
	}
}
