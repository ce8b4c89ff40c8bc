package hostile

import (
	"fmt"
	"strings"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
)

// passive opens a data port as a decent server does.
func passive(s *session, verb string) {
	if verb == "EPSV" {
		s.Reply(fmt.Sprintf("229 Entering Extended Passive Mode (|||%d|)", s.Listen()))
		return
	}
	port := s.Listen()
	s.Reply(fmt.Sprintf("227 Entering Passive Mode (127,0,0,1,%d,%d)", port>>8, port&255))
}

// transfers is about data connections.
func transfers() []Behaviour {
	say := ftpscript.Say
	// over does the same wherever a listing comes over a data connection.
	over := func(do act) func() *Site {
		return honest(map[string]act{"LIST": do, "MLSD": do, "RETR": do})
	}
	listed := Long.Lines(Honest["/"])
	return []Behaviour{
		{Name: "no passive mode", Site: honest(map[string]act{"EPSV": say("502 no"), "PASV": say("502 no")}), Ends: neverWrong, Says: `502 no`},
		{Name: "PASV that makes no sense", Site: honest(map[string]act{"EPSV": say("502 no"), "PASV": say("227 Entering Passive Mode (1,2,3)")}), Ends: neverWrong, Says: `PASV|data connection`},
		{Name: "PASV of 300", Site: honest(map[string]act{"EPSV": say("502 no"), "PASV": say("227 ok (127,0,0,1,300,1)")}), Ends: neverWrong, Says: `PASV|data connection`},
		{Name: "PASV of many digits", Site: honest(map[string]act{"EPSV": say("502 no"), "PASV": say("227 ok (" + strings.Repeat("9", 500) + ",0,0,1,1,1)")}), Ends: neverWrong, Says: `PASV|data connection`},
		{Name: "EPSV of port 0", Site: honest(map[string]act{"EPSV": say("229 ok (|||0|)"), "PASV": say("227 ok (127,0,0,1,0,0)")}), Ends: neverWrong, Says: `EPSV|PASV|connect`},
		{Name: "EPSV of port 65536", Site: honest(map[string]act{"EPSV": say("229 ok (|||65536|)"), "PASV": say("502 no")}), Ends: neverWrong, Says: `EPSV|PASV`},
		{Name: "nobody accepts", Site: over(ftpscript.Hang), Ends: neverWrong, Says: `timeout|longer`},
		{Name: "150 and no data", Site: over(func(s *session) { s.Reply("150 here it comes"); s.Accept(); s.AwaitEnd() }), Ends: neverWrong, Says: `timeout|longer`},
		{Name: "data without a word", Site: over(func(s *session) { s.Accept().Send(listed); s.AwaitEnd() }), Ends: neverWrong, Says: `timeout|longer`},
		{Name: "no last reply", Site: over(func(s *session) {
			s.Reply("150 here it comes")
			data := s.Accept()
			data.Send(listed)
			data.Close()
			s.AwaitEnd()
		}), Ends: neverWrong, Says: `timeout|longer`},
		{Name: "data that trickles", Site: over(func(s *session) { s.Reply("150 here it comes"); trickle(s.Accept(), strings.Repeat(listed, 100)) }), Ends: neverWrong, Says: `longer`},
		{Name: "data that is reset", Site: over(func(s *session) {
			s.Reply("150 here it comes")
			data := s.Accept()
			data.Send(listed[:len(listed)/2])
			time.Sleep(pace / 10) // or the reset may overtake the data
			data.Reset()
			s.Reply("226 done")
		}), Ends: neverWrong, Says: `reset|EOF`},
		{Name: "426 after some data", Site: over(func(s *session) {
			s.Reply("150 here it comes")
			data := s.Accept()
			data.Send(listed[:len(listed)/2])
			data.Close()
			s.Reply("426 it is broken")
		}), Ends: neverWrong, Says: `426 it is broken`},
		{Name: "451 after all data", Site: over(ftpscript.Transfer(listed, "451 the disk is broken")), Ends: neverWrong, Says: `451 the disk`},
		{Name: "226 before the data", Site: over(func(s *session) {
			s.Reply("150 here it comes", "226 done")
			data := s.Accept()
			data.Close()
		}), Ends: neverWrong},
	}
}
