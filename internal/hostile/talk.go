package hostile

import (
	"strings"
	"sync"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
)

type (
	act     = ftpscript.Act
	session = ftpscript.Session
)

// much is a text of some size in one line, for sending without an end.
var much = strings.Repeat("x", 32<<10)

// pace is between the bytes of who sends them one at a time: a second would be as
// bad, and would take the tests longer.
const pace = 100 * time.Millisecond

// trickle sends a text byte by byte.
func trickle(out Out, text string) {
	for i := range len(text) {
		if out.Send(text[i:i+1]) != nil {
			return
		}
		time.Sleep(pace)
	}
}

// stall sends nothing until the connection is closed on this side.
func stall(out Out) {
	for out.Send("") == nil {
		time.Sleep(pace)
	}
}

// talk is about the control connection.
func talk() []Behaviour {
	say := ftpscript.Say
	endless := func(code, line string) act {
		return func(s *session) { s.Send(code + "-\r\n"); flood(s, line) }
	}
	return []Behaviour{
		{Name: "endless greeting", Site: honest(map[string]act{"": endless("220", "220-more\r\n")}), Ends: mustFail, Says: `greeting`},
		{Name: "endless line of greeting", Site: honest(map[string]act{"": endless("220", much)}), Ends: mustFail, Says: `greeting`},
		{Name: "silent greeting", Site: honest(map[string]act{"": ftpscript.Hang}), Ends: mustFail, Says: `greeting.*(timeout|longer)`},
		{Name: "slow greeting", Site: honest(map[string]act{"": func(s *session) { trickle(s, "220 "+much) }}), Ends: mustFail, Says: `logging in takes longer|greeting`},
		{Name: "busy", Site: honest(map[string]act{"": say("421 too many users")}), Ends: mustFail, Says: `421 too many users`},
		{Name: "hangs up", Site: honest(map[string]act{"": ftpscript.HangUp}), Ends: mustFail, Says: `greeting`},
		{Name: "speaks SSH", Site: honest(map[string]act{"": say("SSH-2.0-OpenSSH_9.2")}), Ends: mustFail, Says: `greeting`},
		{Name: "slow login", Site: honest(map[string]act{
			"USER": func(s *session) { time.Sleep(5 * pace); s.Reply("331 go on") },
			"PASS": func(s *session) { time.Sleep(5 * pace); s.Reply("230 come in") },
		}), Ends: []Ending{Complete}},
		{Name: "endless login", Site: honest(map[string]act{"PASS": endless("230", "more\r\n")}), Ends: mustFail, Says: `login|PASS`},
		{Name: "login that trickles", Site: honest(map[string]act{"PASS": func(s *session) { trickle(s, "230 "+much) }}), Ends: mustFail, Says: `PASS|login|logging in`},
		{Name: "endless FEAT", Site: honest(map[string]act{"FEAT": endless("211", " MORE\r\n")}), Ends: mustFail, Says: `FEAT|greeting|login`},
		{Name: "endless line of FEAT", Site: honest(map[string]act{"FEAT": endless("211", much)}), Ends: mustFail, Says: `FEAT|greeting|login`},
		{Name: "many features", Site: honest(map[string]act{"FEAT": say("211-Features", strings.Repeat(" X\r\n", 10_000)+"211 End")}), Ends: neverWrong, Says: `FEAT|greeting|login`},
		{Name: "421 to everything", Site: honest(all(say("421 going down"))), Ends: mustFail, Says: `421 going down`},
		{Name: "530 after some commands", Site: limited(8, say("530 not logged in")), Ends: neverWrong, Says: `530 not logged in`},
		{Name: "421 after some commands", Site: limited(8, func(s *session) { s.Reply("421 idle for too long"); s.Close() }), Ends: neverWrong, Says: `421 idle`},
		{Name: "closes after some commands", Site: limited(8, ftpscript.HangUp), Ends: neverWrong, Says: `EOF|reset|closed`},
		{Name: "500 to everything", Site: honest(all(say("500 what?"))), Ends: neverComplete, Says: `500 what`},
		{Name: "preliminary replies only", Site: honest(all(say("150 soon"))), Ends: mustFail, Says: `150 soon|timeout|longer`},
		{Name: "intermediate replies only", Site: honest(all(say("331 and?"))), Ends: neverComplete, Says: `331 and`},
		{Name: "no code", Site: honest(all(say("hello"))), Ends: mustFail, Says: `hello`},
		{Name: "impossible codes", Site: honest(all(say("999 hello"))), Ends: mustFail, Says: `999 hello`},
		{Name: "zeros", Site: honest(all(func(s *session) { flood(s, strings.Repeat("\x00", 4096)) })), Ends: neverComplete},
		{Name: "endless reply", Site: honest(all(endless("250", "250-more\r\n"))), Ends: neverComplete, Says: `too long|limit|too much`},
		{Name: "endless line of reply", Site: honest(all(endless("250", much))), Ends: neverComplete, Says: `too long|limit|too much`},
		{Name: "replies that trickle", Site: honest(all(func(s *session) { trickle(s, "250-"+much) })), Ends: neverComplete, Says: `longer|timeout`},
		{Name: "endless answer to what is unknown", Site: honest(map[string]act{"STAT": endless("213", "more\r\n"), "MLSD": endless("500", "more\r\n"), "MDTM": endless("213", "more\r\n")}), Ends: neverWrong, Says: `too long|limit|too much`},
		{Name: "telnet and control characters", Site: honest(map[string]act{"CWD": say("550 \xff\xfb\x01\x1b[2J\x07\x00 no")}), Ends: neverComplete, Says: `550`},
		{Name: "replies nobody asked for", Site: func() *Site { return unasked(Dirs(Honest)) }, Ends: neverWrong},
		{Name: "replies nobody asked for, and a refusal", Site: func() *Site { return unasked(without(Bad)) }, Ends: neverComplete},
		{Name: "replies in the wrong order", Site: late, Ends: neverWrong},
	}
}

// working are the commands of a crawl, after the login.
var working = []string{"CWD", "PWD", "LIST", "STAT", "MLSD", "MDTM", "SIZE", "EPSV", "PASV", "RETR", "NOOP", "NLST"}

// all does the same at each of them.
func all(do act) map[string]act {
	script := map[string]act{}
	for _, verb := range working {
		script[verb] = do
	}
	return script
}

// limited lets each session have a number of commands before it answers all commands
// in another way.
func limited(most int, then act) func() *Site {
	return func() *Site {
		site := &Site{Tree: Dirs(Honest), Script: map[string]act{}}
		var mu sync.Mutex
		had := map[*session]int{}
		for _, verb := range working {
			site.Script[verb] = func(s *session) {
				mu.Lock()
				had[s]++
				over := had[s] > most
				mu.Unlock()
				switch {
				case over:
					then(s)
				case verb == "EPSV" || verb == "PASV":
					passive(s, verb)
				case !site.offered(verb):
					s.Reply("502 no such command")
				default:
					site.Act(s)
				}
			}
		}
		return site
	}
}

// unasked is a server that answers once more, with a success, after each listing,
// so that all later replies are one too late: what is refused seems to be entered.
func unasked(tree Tree) *Site {
	site := &Site{Tree: tree, Script: map[string]act{}}
	for _, verb := range []string{"LIST", "STAT", "MLSD"} {
		site.Script[verb] = func(s *session) {
			if site.offered(verb) {
				site.Act(s)
			} else {
				s.Reply("502 no such command")
			}
			s.Reply("250 there we are")
		}
	}
	return site
}

// late is a server that holds back its answer about the directory Bad until it has
// answered the command after it.
func late() *Site {
	site := &Site{Tree: Dirs(Honest), Script: map[string]act{}}
	var mu sync.Mutex
	held := map[*session]bool{}
	for _, verb := range []string{"CWD", "STAT"} {
		site.Script[verb] = func(s *session) {
			mu.Lock()
			before := held[s]
			held[s] = strings.Contains(s.Command, Bad)
			now := held[s]
			mu.Unlock()
			switch {
			case now:
				return
			case verb == "STAT" && !site.offered(verb):
				s.Reply("502 no such command")
			default:
				site.Act(s)
			}
			if before {
				s.Reply("250 there we were")
			}
		}
	}
	return site
}
