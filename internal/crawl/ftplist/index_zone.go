package ftplist

import (
	"context"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/listing"
)

// A zoneProof gathers what shows that the dates of an index are in UTC.
type zoneProof struct {
	*index
	compared map[month]bool // of which a time of day agreed with MDTM
	told     bool           // a date says that it is in UTC
	days     int            // that agreed
}

// add takes a block whose days agree with the server's. It asks for the times of one
// file of each month.
func (p *zoneProof) add(ctx context.Context, b indexBlock) error {
	var asked []listing.Entry
	months := map[month]bool{}
	for _, e := range b.Entries {
		if e.Kind != digest.File || !plainName(e.Name) || !p.dates().Date(e.Stamp).Known() {
			continue
		}
		p.days++
		p.told = p.told || e.Stamp.UTC
		kind := month{e.Stamp.Month, e.Stamp.HasTime}
		if e.Stamp.HasTime && !e.Stamp.UTC && !p.compared[kind] && !months[kind] {
			months[kind] = true
			asked = append(asked, e)
		}
	}
	if len(asked) == 0 || p.lister.known().NoMDTM {
		return nil
	}
	times, err := p.lister.timesIn(ctx, b.path, asked)
	if err != nil {
		return err
	}
	for i, modified := range times {
		e := asked[i]
		switch {
		case modified.IsZero():
		case contradicts(p.dates(), e.Stamp, modified):
			return unfit("%s and MDTM disagree about the time of %q, so that its dates are not in UTC", p.name, b.path.Join(e.Name))
		default:
			p.compared[month{e.Stamp.Month, true}] = true
		}
	}
	return nil
}

// enough says whether the proof is one: days alone must be many, as each of them
// shows an error only if the file is from the hours near midnight.
func (p *zoneProof) enough() error {
	if len(p.compared) == 0 && !p.told && p.days < maxTimeless {
		return unfit("nothing shows that the dates in %s are in UTC", p.name)
	}
	return nil
}
