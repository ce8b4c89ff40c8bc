package control

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// maxVerb is the length of the longest verb that anybody has registered, with room.
const maxVerb = 12

// errControl stands for a byte in a command that no argument may hold: CR, NUL, LF.
var errControl = errors.New("control character in command")

// parse splits a command line into the verb, in capitals, and its argument. One
// blank separates them; all others belong to the argument, since names may begin or
// end with blanks. The verb is empty if the line does not begin with one.
func parse(line []byte) (verb, arg string, err error) {
	word, rest, _ := bytes.Cut(line, []byte{' '})
	if len(word) == 0 || len(word) > maxVerb {
		return "", "", nil
	}
	for _, c := range word {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if c < '0' || c > '9' {
				return "", "", nil
			}
		}
	}
	if bytes.ContainsAny(rest, "\r\n\x00") {
		err = errControl
	}
	return strings.ToUpper(string(word)), string(rest), err
}

// maxPath bounds a path, in bytes, as the system does. Without it, a client that goes
// down and down would make every look-up longer.
const maxPath = 4096

// resolve walks from the directory cwd along a path as a client writes it. "." and
// ".." are taken by their letters, as the client sees them: ".." undoes the last step,
// also where that went through a link, and stays at the root.
func resolve(cwd mirror.Path, arg string) (mirror.Path, error) {
	var names []string
	if !strings.HasPrefix(arg, "/") {
		names = cwd.Names()
	}
	for name := range strings.SplitSeq(arg, "/") {
		switch name {
		case "", ".":
		case "..":
			names = names[:max(len(names)-1, 0)]
		default:
			names = append(names, name)
		}
	}
	p, err := mirror.ParsePath(strings.Join(names, "/"))
	if len(p) > maxPath {
		return "", fmt.Errorf("path of %d bytes: %w", len(p), vfs.ErrName)
	}
	return p, err
}

// parent returns the directory above p, the root's being itself.
func parent(p mirror.Path) mirror.Path {
	names := p.Names()
	return mirror.FromNames(names[:max(len(names)-1, 0)])
}

// quote writes a path as 257 wants it, quotes in it doubled (RFC 959, appendix II).
func quote(p mirror.Path) string {
	return `"` + strings.ReplaceAll(string(p), `"`, `""`) + `"`
}
