package list

import (
	"io/fs"
	"strconv"
	"strings"
	"time"

	"mirrortracker/internal/distftp/vfs"
)

// halfYear is the age up to which ls shows the time of day: half of a Gregorian
// year of 365.2425 days, as in GNU ls.
const halfYear = 31556952 / 2 * time.Second

// Showable reports whether a name can stand in a listing at all.
func Showable(name string) bool {
	return name != "" && !strings.ContainsAny(name, "\x00\r\n/")
}

// AppendLong appends the entry's line as LIST shows it, now being the time of the
// listing.
func AppendLong(b []byte, e vfs.Entry, now time.Time) []byte {
	b = appendMode(b, e)
	b = append(b, ' ')
	b = padLeft(b, strconv.FormatUint(max(e.Links, 1), 10), 4)
	b = append(b, ' ')
	b = padRight(b, e.Owner, 8)
	b = append(b, ' ')
	b = padRight(b, e.Group, 8)
	b = append(b, ' ')
	b = padLeft(b, strconv.FormatInt(e.Size, 10), 12)
	b = append(b, ' ')
	b = appendDate(b, e.ModTime, now)
	b = append(b, ' ')
	b = append(b, e.Name...)
	if e.Kind == vfs.Link {
		b = append(b, " -> "...)
		b = append(b, oneLine.Replace(e.Target)...)
	}
	return append(b, '\r', '\n')
}

// oneLine keeps a link's target on its line. Unlike a name it is only shown, so
// that a replacement does no harm.
var oneLine = strings.NewReplacer("\r", "?", "\n", "?", "\x00", "?")

// appendDate writes the day, and the time or the year. A date that is not known is that of
// the epoch: readers want one, and few take the year 1 for it.
func appendDate(b []byte, t, now time.Time) []byte {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	t = t.UTC()
	if age := now.Sub(t); age >= 0 && age < halfYear {
		return t.AppendFormat(b, "Jan _2 15:04")
	}
	b = t.AppendFormat(b, "Jan _2 ")
	return padLeft(b, strconv.Itoa(t.Year()), 5)
}

// appendMode writes type and permissions as ls does.
func appendMode(b []byte, e vfs.Entry) []byte {
	const rwx = "rwxrwxrwx"
	b = append(b, typeLetter(e))
	perms := len(b)
	for i := range rwx {
		if e.Mode&(1<<(8-i)) != 0 {
			b = append(b, rwx[i])
		} else {
			b = append(b, '-')
		}
	}
	special := func(bit fs.FileMode, at int, executable, not byte) {
		switch {
		case e.Mode&bit == 0:
		case b[perms+at] == 'x':
			b[perms+at] = executable
		default:
			b[perms+at] = not
		}
	}
	special(fs.ModeSetuid, 2, 's', 'S')
	special(fs.ModeSetgid, 5, 's', 'S')
	special(fs.ModeSticky, 8, 't', 'T')
	return b
}

func typeLetter(e vfs.Entry) byte {
	switch e.Kind {
	case vfs.File:
		return '-'
	case vfs.Directory:
		return 'd'
	case vfs.Link:
		return 'l'
	}
	switch {
	case e.Mode&fs.ModeNamedPipe != 0:
		return 'p'
	case e.Mode&fs.ModeSocket != 0:
		return 's'
	case e.Mode&fs.ModeCharDevice != 0:
		return 'c'
	}
	return 'b'
}

func padLeft(b []byte, s string, width int) []byte {
	for range width - len(s) {
		b = append(b, ' ')
	}
	return append(b, s...)
}

func padRight(b []byte, s string, width int) []byte {
	b = append(b, s...)
	for range width - len(s) {
		b = append(b, ' ')
	}
	return b
}
