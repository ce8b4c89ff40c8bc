package abroad

import (
	"net/netip"
	"strings"

	"mirrortracker/internal/ftpconn/ftpscript"
)

// An outcome is what a client has of a transfer from a server with a fault.
type outcome int

const (
	unharmed  outcome = iota // the server's file
	replaced                 // the default's file, in the same transfer
	refused                  // 425, and the default's file when it asks again
	truncated                // 426, and the rest when it asks again
)

// A fault is what a foreign server does that was well until then.
type fault struct {
	name    string
	refuses bool                                  // it takes no connections any more
	script  func(content string) ftpscript.Script // what it does at some commands
	then    outcome
	bound   outcome // for clients that 227 has sent there, if it is another
	unseen  bool    // by ftpd, where the bytes do not pass it
}

// at does the same at several commands, whatever the file is.
func at(act ftpscript.Act, verbs ...string) func(string) ftpscript.Script {
	return func(string) ftpscript.Script {
		s := ftpscript.Script{}
		for _, v := range verbs {
			s[v] = act
		}
		return s
	}
}

// agreeing are the commands that data connections are agreed on with.
var agreeing = []string{"PORT", "EPRT", "PASV", "EPSV"}

// leave answers well and is gone. Where a client was told to come somebody waits all the
// same.
func leave(s *ftpscript.Session) {
	verb, _, _ := strings.Cut(s.Command, " ")
	ftpscript.Mirror(nil)[verb](s)
	s.Close()
	if verb == "PASV" || verb == "EPSV" {
		s.Accept().AwaitEnd()
	}
}

// late says that it is, and is gone.
func late(s *ftpscript.Session) {
	s.Reply("421 it is late")
	s.Close()
}

// halfway sends a third of what it should, and goes on in another way.
func halfway(then func(*ftpscript.Session, *ftpscript.Data)) func(string) ftpscript.Script {
	return func(content string) ftpscript.Script {
		return ftpscript.Script{"RETR": func(s *ftpscript.Session) {
			s.Reply("150 here it comes")
			data := s.Accept()
			data.Send(content[s.Offset : s.Offset+(len(content)-s.Offset)/3])
			then(s, data)
		}}
	}
}

// announce answers PASV with an address, which is all that it knows.
func announce(addr string) func(string) ftpscript.Script {
	return func(string) ftpscript.Script {
		return ftpscript.Script{
			"EPSV": ftpscript.Say("500 what?"),
			"PASV": func(s *ftpscript.Session) { s.Announce(netip.MustParseAddr(addr)) },
		}
	}
}

// nonsense answers PASV with what is no address, and knows nothing else.
func nonsense(string) ftpscript.Script {
	unknown := ftpscript.Say("500 what?")
	return ftpscript.Script{
		"PORT": unknown, "EPRT": unknown, "EPSV": unknown,
		"PASV": ftpscript.Say("227 Entering Passive Mode (999,1,2,-3,4,5)"),
	}
}

// chatter has more lines, and more like codes, than there need be.
func chatter(content string) ftpscript.Script {
	return ftpscript.Script{
		ftpscript.Greeting: ftpscript.Say("220-hello", "220-150 here it comes", "226 not yet", "220 ready"),
		"USER":             ftpscript.Say("331-who?", " 331 you", "331 your address, please"),
		"RETR": func(s *ftpscript.Session) {
			s.Reply("150-here", "226 it", "150 comes")
			data := s.Accept()
			data.Send(content[s.Offset:])
			data.Close()
			s.Reply("226-that", " 150 was", "226 all")
		},
	}
}

// forever sends what has no end, as long as somebody reads.
func forever(text string) ftpscript.Act {
	return func(s *ftpscript.Session) {
		for s.Send(text) == nil {
		}
	}
}

var faults = []fault{
	{name: "refuses connections", refuses: true, then: replaced},
	{name: "says nothing", script: at(ftpscript.Hang, ftpscript.Greeting), then: replaced},
	{name: "hangs at login", script: at(ftpscript.Hang, "PASS"), then: replaced},
	{name: "refuses the login", script: at(ftpscript.Say("530 no"), "PASS"), then: replaced},
	{name: "hangs at PASV", script: at(ftpscript.Hang, agreeing...), then: replaced},
	{name: "hangs after PASV", script: at(ftpscript.Hang, "RETR"), then: replaced, bound: refused},
	{name: "closes after 227", script: at(leave, agreeing...), then: replaced, bound: refused},
	{name: "sends nothing after 150", script: at(func(s *ftpscript.Session) {
		s.Reply("150 here it comes")
		s.Accept().AwaitEnd()
	}, "RETR"), then: replaced, unseen: true},
	{name: "refuses to send", script: at(ftpscript.Say("425 I will not"), "RETR"), then: replaced, bound: refused},
	{name: "dies in mid-transfer", script: halfway(func(s *ftpscript.Session, data *ftpscript.Data) {
		data.Reset()
		s.Close()
	}), then: truncated},
	{name: "gives up in mid-transfer", script: halfway(func(s *ftpscript.Session, data *ftpscript.Data) {
		data.Close()
		s.Reply("426 I am tired")
	}), then: truncated},
	{name: "says 421 at SIZE", script: at(late, "SIZE", "MDTM"), then: replaced},
	{name: "says 421 at PASV", script: at(late, agreeing...), then: replaced},
	{name: "says 421 at RETR", script: at(late, "RETR"), then: replaced, bound: refused},
	{name: "has another size", script: at(ftpscript.Say("213 4711"), "SIZE"), then: replaced},
	{name: "has another date", script: at(ftpscript.Say("213 20010101000000"), "MDTM"), then: replaced},
	{name: "has less than it says", script: halfway(func(s *ftpscript.Session, data *ftpscript.Data) {
		data.Close()
		s.Reply("226 that was all")
	}), then: truncated, unseen: true},
	{name: "has lost the file", script: at(ftpscript.Say("550 no such file"), "SIZE", "MDTM", "RETR"), then: replaced},
	{name: "talks a lot", script: chatter, then: unharmed},
	{name: "talks for ever", script: at(forever("213-and so on\r\n"), "SIZE"), then: replaced},
	{name: "has a line without end", script: at(forever("2"), agreeing...), then: replaced},
	{name: "speaks no FTP", script: at(ftpscript.Say("HTTP/1.1 400 Bad Request", "\x00\xff\x1b[2J", ""), "RETR"), then: replaced, bound: refused},
	{name: "answers too often", script: at(ftpscript.Say("213 4711", "226 done", "226 done", "150 again"), "SIZE"), then: replaced},
	{name: "names nonsense", script: nonsense, then: replaced},
	{name: "names no address", script: announce("0.0.0.0"), then: unharmed},
	{name: "names a private address", script: announce("10.1.2.3"), then: unharmed},
	{name: "names the loopback address", script: announce("127.0.0.1"), then: unharmed},
	{name: "names somebody else", script: announce("77.7.7.7"), then: unharmed},
}
