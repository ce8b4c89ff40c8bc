package health

import (
	"fmt"
	"net/netip"
)

// A Family is a kind of addresses.
type Family uint8

// The families.
const (
	IPv4 Family = iota
	IPv6
)

// Families are all of them.
var Families = [...]Family{IPv4, IPv6}

// FamilyOf returns the family of an address. An IPv4 address that is mapped into
// IPv6 is of IPv4.
func FamilyOf(a netip.Addr) Family {
	if a.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}

// String writes "ipv4" or "ipv6".
func (f Family) String() string {
	if f == IPv6 {
		return "ipv6"
	}
	return "ipv4"
}

// MarshalText writes what String writes.
func (f Family) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// A State is what is known of a URL over one family of addresses.
type State uint8

// The states. All but Down and Absent are offered to clients.
const (
	Unknown State = iota // not checked yet, or not to be checked from here: we have no such network
	Up                   // the last check was good
	Stale                // it answers, but a file that should be there is not: it may have changed since it was crawled
	Absent               // its name has no address of this family
	Down                 // it does not answer, or not with what is there
	states
)

var stateNames = [states]string{"unknown", "up", "stale", "absent", "down"}

// String writes the state in a word.
func (s State) String() string {
	if s < states {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// MarshalText writes what String writes.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseState reads what String writes. What it does not know is Unknown: a later
// version may have further states.
func ParseState(text string) State {
	for s, name := range stateNames {
		if name == text {
			return State(s)
		}
	}
	return Unknown
}

// Offered reports whether clients of the family are sent there.
func (s State) Offered() bool { return s != Down && s != Absent }

// A Pair is the state of a URL by family.
type Pair [len(Families)]State

// For returns the state for a client at an address.
func (p Pair) For(client netip.Addr) State { return p[FamilyOf(client)] }
