// Package receive takes over snapshots that other trackers have made: from a file on
// disk, whichever way it came, to a snapshot that is in force.
//
// What is not signed by the key of whom it is believed to be from is not looked into. Of
// what is signed, nothing counts before all of it has been read and adds up; until then
// only trees are stored, which nothing names, and which the next collection deletes
// unless they turn out to be needed. Whose sites are believed, and which snapshot wins:
//
//   - a peer is believed about the sites that its trust names, and no others;
//   - a site that is crawled here is never replaced; one that is to be, and has not been
//     yet, is filled;
//   - of several snapshots the one that was finished last wins, so an old one that is
//     sent again is of no use;
//   - one that is older than is wanted, or of the future, is refused.
package receive
