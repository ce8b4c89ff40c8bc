package ftplist

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn/ftpscript"
)

// piped crawls a site by pipelined data connections.
func (f forest) piped(t *testing.T, s script) walked {
	t.Helper()
	return walk(t, s, func(c *Config) { c.Way = Pipelined }, nil)
}

func TestPipelined(t *testing.T) {
	t.Parallel()
	f := wide(30)
	got := f.piped(t, script{"LIST": byDir(f)})
	f.equal(t, got)
	got.unfitBy(t, Pipelined, "")
	// The next directory is entered before a listing has ended, but not before it was
	// asked for.
	all := got.Commands()
	ahead := 0
	for i, c := range all[:len(all)-1] {
		if c == "LIST -a" && strings.HasPrefix(all[i+1], "CWD ") {
			ahead++
		}
	}
	if i := slices.Index(all, "LIST -a"); ahead < 50 || all[i-1] != "EPSV" || !strings.HasPrefix(all[i-2], "CWD ") {
		t.Errorf("%d directories ahead: %q", ahead, all)
	}
}

func TestPipelinedWithPASV(t *testing.T) {
	t.Parallel()
	f := wide(10)
	got := f.piped(t, script{"LIST": byDir(f), "EPSV": say("500 what?")})
	f.equal(t, got)
	got.unfitBy(t, Pipelined, "")
}

// A server that breaks off, as long as it has not shown that it can be asked for the
// next directory so early, is asked as others are.
func TestPipelinedWhereItCannotBe(t *testing.T) {
	t.Parallel()
	f := wide(20)
	got := f.piped(t, script{"LIST": inTurn(byDir(f), byDir(f), ftpscript.HangUp, byDir(f))})
	f.equal(t, got)
	got.unfitBy(t, Pipelined, "connection failed")
}

// Directories that may not be entered or listed do not disturb those behind them.
func TestPipelinedRefusals(t *testing.T) {
	t.Parallel()
	f := wide(30)
	delete(f, "/b/020")
	got := f.piped(t, script{"LIST": byDir(f), "CWD /a/010": say("550 no"), "CWD /a/020": inTurn(say("450 busy"), say("250 fine"))})
	if got.Incomplete != 2 || got.Problems[0].Reason != digest.Refused || got.Root.Dirs != 62 || got.Root.Files != 61 {
		t.Errorf("%+v", got.Result)
	}
	got.unfitBy(t, Pipelined, "")
}

func TestPipelinedWithoutEnd(t *testing.T) {
	t.Parallel()
	f := wide(30)
	for name, endless := range map[string]ftpscript.Act{
		"too long": transfer(dots + strings.Repeat(file, 5000)),
		"too slow": func(s *ftpscript.Session) { s.Reply("150 wait"); s.AwaitEnd() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := script{"LIST": func(s *ftpscript.Session) {
				if s.Dir == "/b/020" {
					endless(s)
					return
				}
				byDir(f)(s)
			}}
			got := walk(t, s, func(c *Config) { c.Way, c.Limits.Listing, c.Whole = Pipelined, 100_000, 2*time.Second }, nil)
			if got.Incomplete != 1 || got.Problems[0].Path != "/b/020" || got.Problems[0].Reason != digest.Limit || got.Root.Files != 62 {
				t.Errorf("%+v", got.Result)
			}
		})
	}
}

// MLSD is taken where LIST's dates mean nothing, once it is proven.
func TestPipelinedMLSD(t *testing.T) {
	t.Parallel()
	f, told := wide(20), map[string]string{}
	f["/"] = dots + link + dir + strings.TrimPrefix(f["/"], dots+file)
	f["/dir"] = dots
	for path, text := range f {
		told[path] = mlsdDots
		for line := range strings.Lines(text) {
			fields := strings.Fields(line)
			switch name := fields[8]; {
			case strings.HasPrefix(name, "."):
			case line == link:
				told[path] += mlsdLink
			case line[0] == 'd':
				told[path] += strings.Replace(mlsdDir, " dir", " "+name, 1)
			default:
				told[path] += mlsdFile
			}
		}
	}
	got := f.piped(t, script{"FEAT": offersMLSD, "LIST": byDir(f), "MLSD": byDir(told), "MDTM": anHourLater})
	got.unfitBy(t, Pipelined, "")
	if len(got.restarts) != 1 || got.Incomplete != 0 || got.Root.Exact.Absent() {
		t.Errorf("%q, %+v", got.restarts, got.Result)
	}
	if n := got.Count("MLSD"); n < 43 || got.Count("LIST") > 20 {
		t.Errorf("%d MLSD, %d LIST: %s", n, got.Count("LIST"), got.source.Account())
	}
}
