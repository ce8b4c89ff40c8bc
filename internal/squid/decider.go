package squid

import "net/netip"

// A Decider knows what is better than what was asked for. Both methods answer from
// memory and do not block.
type Decider interface {
	// Target returns the URL where a client is to fetch instead of the given one, by
	// HTTP or HTTPS; "" where that URL is as good as any, or nothing is known of it.
	// The client's address may be zero.
	Target(url string, client netip.Addr) string

	// StoreID returns what is equal exactly for URLs under which the same file is
	// held for certain, and "" where nothing is certain.
	StoreID(url string) string
}
