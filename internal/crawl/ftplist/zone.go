package ftplist

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/listing"
	"mirrortracker/internal/mirror"
)

// maxUntold is how often a server may fail to tell the time of a file that it has just
// listed, before it is not asked any more.
const maxUntold = 20

// maxAsked is how many files of one directory are asked for at a time.
const maxAsked = 24

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
	asked := l.unsettled(entries, now)
	times, err := l.mdtm(ctx, asked)
	if err != nil {
		return nil, nil, err
	}
	file, err := l.compareTimes(asked, times, now)
	if err != nil {
		return nil, nil, err
	}
	if file != "" {
		return nil, &crawl.RestartError{Why: fmt.Sprintf("LIST and MDTM disagree about the time of %q, so that the dates of LIST are not in UTC", file)}, nil
	}
	return time.UTC, nil, nil
}

// compareTimes learns from what MDTM told of files, and returns the first of which that
// contradicts what was listed, "" if none.
func (l *lister) compareTimes(files []listing.Entry, times []time.Time, now time.Time) (contradicted string, err error) {
	utc := listing.Dates{Now: now, Zone: time.UTC}
	for i, e := range files {
		switch modified := times[i]; {
		case modified.IsZero():
			enough := false
			l.learn(func(f *facts) {
				f.Untold++
				enough = f.Untold > maxUntold
			})
			if enough {
				if err := l.withoutMDTM(); err != nil {
					return "", err
				}
			}
		case contradicts(utc, e.Stamp, modified):
			return e.Name, nil
		default:
			l.learn(func(f *facts) {
				f.Compared = with(f.Compared, month{e.Stamp.Month, e.Stamp.HasTime}, true)
				if !e.Stamp.HasTime {
					f.Timeless++
				}
			})
		}
	}
	return "", nil
}

// withoutMDTM notes that MDTM tells nothing. Where MLSD does, dates have been believed
// that were not checked, and the walk must begin again.
func (l *lister) withoutMDTM() error {
	again := false
	l.learn(func(f *facts) { again, f.NoMDTM = !f.NoMDTM, true })
	if again && l.needsMLSD() {
		return &crawl.RestartError{Why: "the dates of LIST cannot be checked, and MLSD tells them"}
	}
	return nil
}

// unsettled returns files of a listing whose dates could still show that the
// server's zone is not UTC: some of them, one of each kind as long as one will do.
func (l *lister) unsettled(entries []listing.Entry, now time.Time) []listing.Entry {
	f := l.known()
	if l.cfg.Zone != nil || f.ZoneUnknown || f.NoMDTM {
		return nil
	}
	utc := listing.Dates{Now: now, Zone: time.UTC}
	withTime := timesCompared(f.Compared)
	var asked []listing.Entry
	for _, e := range entries {
		if e.Kind != digest.File || e.Stamp.UTC || !plainName(e.Name) || !utc.Date(e.Stamp).Known() {
			continue
		}
		kind := month{e.Stamp.Month, e.Stamp.HasTime}
		if f.Compared[kind] && (e.Stamp.HasTime || withTime || f.Timeless >= maxTimeless) {
			continue
		}
		f.Compared = with(f.Compared, kind, true)
		if !e.Stamp.HasTime {
			f.Timeless++
		}
		withTime = withTime || e.Stamp.HasTime
		if asked = append(asked, e); len(asked) == maxAsked {
			break
		}
	}
	return asked
}

// zone returns the zone of LIST's dates as far as is known, nil if it is unknown.
func (l *lister) zone() *time.Location {
	switch {
	case l.cfg.Zone != nil:
		return l.cfg.Zone
	case l.known().ZoneUnknown:
		return nil
	}
	return time.UTC
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
// command: servers cut off blanks at its ends, and many take MDTM with a time before a
// name for the order to give the file that time.
func plainName(name string) bool {
	return digest.SoundName(name) && !digest.Hidden(name) && strings.TrimSpace(name) == name && !timeFirst.MatchString(name)
}

var timeFirst = regexp.MustCompile(`^[0-9]{14}\S*\s`)

// commandsFor returns the commands that ask for the times of files of the present
// directory.
func commandsFor(files []listing.Entry) []string {
	commands := make([]string, len(files))
	for i, e := range files {
		commands[i] = "MDTM " + e.Name
	}
	return commands
}

// mdtm asks for the times of files of the present directory. A time is zero where the
// server does not tell.
func (l *lister) mdtm(ctx context.Context, files []listing.Entry) ([]time.Time, error) {
	return l.times(ctx, commandsFor(files))
}

// timesIn asks for the times of files of any directory, in the time for a listing.
func (l *lister) timesIn(ctx context.Context, dir mirror.Path, files []listing.Entry) ([]time.Time, error) {
	ctx, cancel := l.within(ctx)
	defer cancel()
	if err := l.enter(ctx, dir); err != nil {
		return nil, err
	}
	return l.mdtm(ctx, files)
}

// times sends commands, MDTM and others, all at once as far as that is allowed. The time
// is zero of those that are not MDTM, and where the server does not tell.
func (l *lister) times(ctx context.Context, commands []string) ([]time.Time, error) {
	times := make([]time.Time, len(commands))
	sent := 0
	for i := range commands {
		if i == sent {
			for sent++; sent < len(commands) && l.conn.Fits(commands[i:sent+1]...); sent++ {
			}
			if err := l.conn.Send(ctx, commands[i:sent]...); err != nil {
				return nil, err
			}
		}
		reply, err := l.conn.Receive(ctx, ftpconn.DefaultMaxReply)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(commands[i], "MDTM ") {
			continue
		}
		if unknownCommand(reply) {
			if err := l.withoutMDTM(); err != nil {
				return nil, err
			}
		}
		if reply.Code != 213 {
			continue
		}
		if t, err := listing.ParseMDTM(reply.Text()); err == nil {
			times[i] = t
		}
	}
	return times, nil
}
