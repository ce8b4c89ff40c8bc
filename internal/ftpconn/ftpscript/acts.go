package ftpscript

import (
	"crypto/tls"
	"sync/atomic"
)

// Say answers with the lines of a reply.
func Say(lines ...string) Act {
	return func(s *Session) { s.Reply(lines...) }
}

// Transfer sends data, with 150 before it and 226, or the reply given, after it.
func Transfer(text string, last ...string) Act {
	if last == nil {
		last = []string{"226 Transfer complete"}
	}
	return func(s *Session) {
		s.Reply("150 here it comes")
		data := s.Accept()
		data.Send(text)
		data.Close()
		s.Reply(last...)
	}
}

// ByDir transfers what a table says for the directory of the last CWD. A
// directory that is not in it is refused.
func ByDir(texts map[string]string) Act {
	return func(s *Session) {
		if text, ok := texts[s.Dir]; ok {
			Transfer(text)(s)
			return
		}
		s.Reply("550 no such directory")
	}
}

// InTurn does one act after the other, at one command each, in whichever
// sessions, and then the last for ever.
func InTurn(acts ...Act) Act {
	var next atomic.Int64
	return func(s *Session) { acts[min(int(next.Add(1)), len(acts))-1](s) }
}

// Secure answers AUTH TLS with yes and begins TLS; as a greeting it is implicit TLS.
func Secure(cfg *tls.Config) Act {
	return func(s *Session) {
		if s.Command == Greeting {
			s.Secure(cfg)
			s.Reply("220 ready, and private")
			return
		}
		s.Reply("234 your turn")
		s.Secure(cfg)
	}
}

// Hang answers nothing until the client closes the control connection.
func Hang(s *Session) { s.AwaitEnd() }

// HangUp closes the control connection.
func HangUp(s *Session) { s.Close() }
