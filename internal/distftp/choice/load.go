package choice

import (
	"net/netip"

	"mirrortracker/internal/distftp/wire"
)

// A load is what is known of a slave now: its last report, and what was reserved.
type load struct {
	wire.State
	known    bool  // there was a report
	reserved int   // by us, now
	others   int   // transfers that are not ours, as of the report
	promised int64 // bytes that reserved uploads will take
}

// report takes over what a slave says. Some of the transfers that it says are under way
// are those that we reserved.
func (l *load) report(s wire.State) {
	l.State, l.known = s, true
	l.others = max(s.Receiving+s.Sending-l.reserved, 0)
}

// transfers returns how many are under way, or will be.
func (l *load) transfers() int { return l.others + l.reserved }

// meets reports whether the slave has an address of a client's family.
func (l *load) meets(client netip.Addr) bool {
	for _, a := range l.Data {
		if a.Unmap().Is4() == client.Unmap().Is4() {
			return true
		}
	}
	return false
}
