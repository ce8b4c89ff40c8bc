package ftplist

import (
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/listing"
)

// clocks are the ways in which a server may have printed its dates. A date is
// known where all of them agree.
type clocks []listing.Dates

// clocksIn returns the ways of a server in a zone; nil is an unknown one. Servers do
// not only follow the zone's rules: some apply the offset of the moment at which they
// were started to all dates (vsftpd and pure-ftpd, which lose sight of the rules when
// they change their root), be it that of summer or that of winter.
func clocksIn(zone *time.Location, now time.Time) clocks {
	all := clocks{{Now: now, Zone: zone}}
	if zone == nil || zone == time.UTC {
		return all
	}
	for _, t := range []time.Time{now, now.AddDate(0, -6, 0)} {
		name, offset := t.In(zone).Zone()
		all = append(all, listing.Dates{Now: now, Zone: time.FixedZone(name, offset)})
	}
	return all
}

// Date returns the day of a stamp in UTC, or the unknown date.
func (c clocks) Date(s listing.Stamp) digest.Date {
	date := c[0].Date(s)
	for _, other := range c[1:] {
		if other.Date(s) != date {
			return 0
		}
	}
	return date
}
