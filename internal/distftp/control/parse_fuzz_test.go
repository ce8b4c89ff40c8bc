package control

import (
	"bytes"
	"path"
	"strings"
	"testing"

	"mirrortracker/internal/mirror"
)

// Of any line comes a verb that can be one, an argument without what would end a line,
// and from that a path that stays below the root.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"RETR ../../etc/passwd", "CWD /..//.../\xff\xfe", "STOR a\x00b", "SIZE  x ", "noop", "", " ", "PORT 1,2,3,4,5,6",
		"LIST -laR -- */../*", "MKD " + strings.Repeat("a/", 2048), "\xff\xf4ABOR",
	} {
		f.Add([]byte(line), "/pub/dir")
	}
	f.Fuzz(func(t *testing.T, line []byte, below string) {
		verb, arg, err := parse(line)
		if len(verb) > maxVerb || strings.Trim(verb, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			t.Errorf("%q: verb %q", line, verb)
		}
		if bytes.ContainsAny([]byte(arg), "\x00\r\n") && err == nil {
			t.Errorf("%q: argument %q", line, arg)
		}
		cwd, err := mirror.ParsePath(below)
		if err != nil {
			return
		}
		p, err := resolve(cwd, arg)
		if err != nil {
			return
		}
		if len(p) > maxPath || path.Clean(string(p)) != string(p) || p[0] != '/' || strings.ContainsAny(string(p), "\x00\r\n") {
			t.Errorf("%q from %q: %q", arg, cwd, p)
		}
	})
}
