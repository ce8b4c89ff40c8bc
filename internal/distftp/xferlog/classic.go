package xferlog

import (
	"math"
	"strconv"
	"time"

	"mirrortracker/internal/distftp/control"
)

// Classic is the format of xferlog(5): uploads, downloads and deletions of files, with
// fields between blanks:
//
//	Thu Mar  5 12:00:00 2026 3 192.0.2.1 1048576 /pub/file.iso b _ o a me@example.org ftp 0 * c
//
// That is the local time of the end, the whole seconds it took (at least one), the
// client, the bytes that were moved, the path, the type (a for ASCII, b for binary),
// what was done to the file on the way (nothing), the direction (i for incoming, o for
// outgoing, d for a deletion), how the client logged in (a for anonymous, r for a user
// of its own), its name (what an anonymous client gave as its password), the service,
// how its machine vouched for that (never), and whether all of it was moved (c or i).
//
// Blanks and control characters in a path or a name are written as underscores, as
// other servers do.
func Classic(line []byte, e control.Event) []byte {
	switch e := e.(type) {
	case *control.TransferEnded:
		if e.Direction() == control.Listing {
			return line
		}
		kind, direction, completion := byte('b'), byte('o'), byte('c')
		if e.Text {
			kind = 'a'
		}
		if e.Direction() == control.Upload {
			direction = 'i'
		}
		if e.Err != nil {
			completion = 'i'
		}
		return classic(line, e.Client, e.Began.Add(e.Took), e.Took, e.Bytes, string(e.Path), kind, direction, completion)
	case *control.Changed:
		if e.Verb == "DELE" {
			return classic(line, e.Client, time.Now(), 0, e.Size, string(e.Path), 'b', 'd', 'c')
		}
	}
	return line
}

func classic(line []byte, c *control.Client, end time.Time, took time.Duration, bytes int64, path string, kind, direction, completion byte) []byte {
	line = end.Local().AppendFormat(line, time.ANSIC)
	line = append(line, ' ')
	line = strconv.AppendInt(line, max(1, int64(math.Round(took.Seconds()))), 10)
	line = append(line, ' ')
	if addr := c.Peer.Addr(); addr.IsValid() {
		line = addr.AppendTo(line)
	} else {
		line = append(line, '?')
	}
	line = append(line, ' ')
	line = strconv.AppendInt(line, bytes, 10)
	line = append(line, ' ')
	line = appendField(line, path)
	line = append(line, ' ', kind, ' ', '_', ' ', direction, ' ')
	if c.Anonymous {
		line = append(line, "a "...)
		line = appendField(line, c.Ident)
	} else {
		line = append(line, "r "...)
		line = appendField(line, c.User)
	}
	line = append(line, " ftp 0 * "...)
	return append(line, completion, '\n')
}

// appendField appends what clients choose, so that it is one field.
func appendField(line []byte, text string) []byte {
	if text == "" {
		return append(line, '?')
	}
	for i := range len(text) {
		c := text[i]
		if c <= ' ' || c == 0x7f {
			c = '_'
		}
		line = append(line, c)
	}
	return line
}
