// Package peer has the words of the exchange between trackers (docs/peers.md): what a
// tracker offers, which others it knows, and the key by which it is known itself.
//
// The exchange is HTTP. A tracker asks its peers for their lists of snapshots and
// downloads the packs that it wants; see package serve for the one side and package
// fetch for the other.
package peer
