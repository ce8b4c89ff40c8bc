package ftplist

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/listing"
)

// A month stands for the files of which one is compared with MDTM: those of a
// month of the calendar, because a zone with summer time agrees with UTC in
// winter only; and those listed with a time of day apart from those without,
// because the latter show an error only where it moves the date.
type month struct {
	number   int8
	withTime bool
}

// maxUntold is for how many files of a directory a server may fail to tell the
// time before the next directory is looked at.
const maxUntold = 3

// zoneFor returns the zone of the dates in a LIST: the declared one, UTC as long
// as no MDTM contradicts, or nil if one did.
func (l *lister) zoneFor(ctx context.Context, entries []listing.Entry, now time.Time) (*time.Location, error) {
	f := l.known()
	switch {
	case f.zone != nil:
		return f.zone, nil
	case f.zoneUnknown:
		return nil, nil
	case f.noMDTM:
		return time.UTC, nil
	}
	utc := listing.Dates{Now: now, Zone: time.UTC}
	untold := 0
	for _, e := range entries {
		m := month{e.Stamp.Month, e.Stamp.HasTime}
		if e.Kind != digest.File || e.Stamp.UTC || !plainName(e.Name) || !utc.Date(e.Stamp).Known() || l.known().zoneCompared[m] {
			continue
		}
		modified, ok, err := l.mdtm(ctx, e.Name)
		if err != nil {
			return nil, err
		}
		if !ok {
			if untold++; untold == maxUntold || l.known().noMDTM {
				break
			}
			continue
		}
		if contradicts(utc, e.Stamp, modified) {
			l.learn(func(f *facts) { f.zoneUnknown = true })
			return nil, &crawl.RestartError{Why: fmt.Sprintf("LIST and MDTM disagree about the time of %q, so that the dates of LIST are not in UTC", e.Name)}
		}
		l.learn(func(f *facts) { f.zoneCompared = with(f.zoneCompared, m, true) })
	}
	return time.UTC, nil
}

// contradicts compares what LIST printed with MDTM, which is in UTC. LIST cuts
// off the seconds.
func contradicts(utc listing.Dates, printed listing.Stamp, modified time.Time) bool {
	if t, ok := utc.Time(printed); ok {
		return modified.Sub(t).Abs() > time.Minute
	}
	return utc.Date(printed) != digest.DateOf(modified)
}

// plainName reports whether a name is sure to be understood as it is in a
// command: servers cut off blanks at its ends.
func plainName(name string) bool {
	return digest.SoundName(name) && !digest.Hidden(name) && strings.TrimSpace(name) == name
}

// mdtm asks for a file's time. It is not ok where the server does not tell.
func (l *lister) mdtm(ctx context.Context, name string) (t time.Time, ok bool, err error) {
	reply, err := l.conn.Cmd(ctx, "MDTM "+name)
	if err != nil {
		return time.Time{}, false, err
	}
	if unknownCommand(reply) {
		l.learn(func(f *facts) { f.noMDTM = true })
	}
	if reply.Code != 213 {
		return time.Time{}, false, nil
	}
	t, err = listing.ParseMDTM(reply.Text())
	return t, err == nil, nil
}
