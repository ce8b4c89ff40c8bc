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

// maxUntold is for how many files of a directory a server may fail to tell the
// time before the next directory is looked at.
const maxUntold = 3

// maxTimeless is how many dates without a time of day are compared at the most, as
// long as no date with a time of day was: each of them shows an error only if the
// file is from the hours near midnight.
const maxTimeless = 200

// zoneFor returns the zone of the dates in a LIST: the declared one, UTC as long
// as no MDTM contradicts, or nil if one did before. A contradiction is one of this
// listing.
func (l *lister) zoneFor(ctx context.Context, entries []listing.Entry, now time.Time) (zone *time.Location, contradiction *crawl.RestartError, err error) {
	f := l.known()
	switch {
	case l.cfg.Zone != nil:
		return l.cfg.Zone, nil, nil
	case f.ZoneUnknown:
		return nil, nil, nil
	case f.NoMDTM:
		return time.UTC, nil, nil
	}
	utc := listing.Dates{Now: now, Zone: time.UTC}
	untold := 0
	for _, e := range entries {
		if e.Kind != digest.File || e.Stamp.UTC || !plainName(e.Name) || !utc.Date(e.Stamp).Known() || !l.worthComparing(e.Stamp) {
			continue
		}
		modified, ok, err := l.mdtm(ctx, e.Name)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			if untold++; untold == maxUntold || l.known().NoMDTM {
				break
			}
			continue
		}
		if contradicts(utc, e.Stamp, modified) {
			return nil, &crawl.RestartError{Why: fmt.Sprintf("LIST and MDTM disagree about the time of %q, so that the dates of LIST are not in UTC", e.Name)}, nil
		}
		l.learn(func(f *facts) {
			f.Compared = with(f.Compared, month{e.Stamp.Month, e.Stamp.HasTime}, true)
			if !e.Stamp.HasTime {
				f.Timeless++
			}
		})
	}
	return time.UTC, nil, nil
}

// worthComparing reports whether a date could still show something new.
func (l *lister) worthComparing(s listing.Stamp) bool {
	f := l.known()
	if !f.Compared[month{s.Month, s.HasTime}] {
		return true
	}
	return !s.HasTime && f.Timeless < maxTimeless && !timesCompared(f.Compared)
}

// timesCompared reports whether a date with a time of day is among those compared.
func timesCompared(compared map[month]bool) bool {
	for m := range compared {
		if m.withTime {
			return true
		}
	}
	return false
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
		l.learn(func(f *facts) { f.NoMDTM = true })
	}
	if reply.Code != 213 {
		return time.Time{}, false, nil
	}
	t, err = listing.ParseMDTM(reply.Text())
	return t, err == nil, nil
}
