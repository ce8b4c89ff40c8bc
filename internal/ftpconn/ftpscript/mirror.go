package ftpscript

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A File is what a [Mirror] has at a path.
type File struct {
	Content  string
	Modified time.Time
}

// Mirror is what a server says that has files, by absolute path, and lets whoever asks
// have them. It names all that a decent server does.
func Mirror(files map[string]File) Script {
	script := Script{
		"FEAT": Say("211-Features:", " MDTM", " REST STREAM", " SIZE", "211 End"),
		"PWD":  Say(`257 "/" is where we are`),
		"NOOP": Say("200 still there"),
		"ABOR": Say("226 nothing to abort"),
		"SIZE": of(files, func(s *Session, f File) { s.Reply(fmt.Sprintf("213 %d", len(f.Content))) }),
		"MDTM": of(files, func(s *Session, f File) { s.Reply("213 " + f.Modified.UTC().Format("20060102150405")) }),
		"REST": func(s *Session) {
			_, arg, _ := strings.Cut(s.Command, " ")
			s.Offset, _ = strconv.Atoi(arg)
			s.Reply("350 from there")
		},
		"RETR": of(files, func(s *Session, f File) {
			rest := f.Content[min(max(s.Offset, 0), len(f.Content)):]
			s.Offset = 0
			Transfer(rest)(s)
		}),
	}
	for verb, act := range decent {
		if script[verb] == nil {
			script[verb] = act
		}
	}
	return script
}

// Once does one thing as long as a switch is off, and another when it is on: a server that
// was well when it was looked at.
func Once(broken *atomic.Bool, well, ill Act) Act {
	return func(s *Session) {
		if broken.Load() {
			ill(s)
		} else {
			well(s)
		}
	}
}

// of looks up the file that a command is about.
func of(files map[string]File, do func(*Session, File)) Act {
	return func(s *Session) {
		_, path, _ := strings.Cut(s.Command, " ")
		if f, ok := files[path]; ok {
			do(s, f)
			return
		}
		s.Reply("550 no such file")
	}
}
