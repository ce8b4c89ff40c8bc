package ftplist

import (
	"fmt"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/listing"
)

// told is what a server said of a directory, as it came.
type told struct {
	command string // LIST, MLSD or STAT
	raw     listing.Listing
	bad     error // what was not understood
	now     time.Time
}

// tell reads what came for a command.
func (l *lister) tell(command string, text []byte) *told {
	t := &told{command: command, now: l.cfg.Now()}
	if command == "MLSD" {
		t.raw, t.bad = listing.ParseMLSDUpTo(text, l.cfg.Limits.Entries+1)
	} else {
		t.raw, t.bad = listing.ParseListUpTo(text, l.cfg.Limits.Entries+1)
	}
	return t
}

// clocks returns how dates are read, where those of LIST are in a zone.
func (t *told) clocks(zone *time.Location) clocks {
	if t.command == "MLSD" {
		return clocks{{Now: t.now}}
	}
	return clocksIn(zone, t.now)
}

// showsAll reports whether a listing shows the directory itself, and not it alone,
// where the command does so at all; see [lister.refusedInSilence].
func (f facts) showsAll(command string, l listing.Listing) bool {
	if f.ShowsSelf[command] {
		return l.Self && (command == "MLSD" || l.Parent || len(l.Entries) > 0)
	}
	return !l.Self && len(l.Entries) > 0
}

// difference says where two cleaned listings of a directory differ, "" if nowhere;
// dates are compared where both are known.
func difference(a, b []digest.Entry) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d entries and %d", len(a), len(b))
	}
	for i, x := range a {
		y := b[i]
		if x.Date.Known() != y.Date.Known() {
			x.Date, y.Date = 0, 0
		}
		if x != y {
			return fmt.Sprintf("%s %q of %d bytes of %s, and %s %q of %d bytes of %s", x.Kind, x.Name, x.Size, x.Date, y.Kind, y.Name, y.Size, y.Date)
		}
	}
	return ""
}
