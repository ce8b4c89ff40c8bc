// Package lag tells how far mirrors are behind each other, from the digests in
// their snapshots alone: nobody has to say who mirrors whom.
//
// # Groups
//
// A place is a directory of a site, by its path. Its states are its blind
// digests over the site's kept snapshots; a directory counts only where it
// is completely known and holds at least 8 files or 1 MiB, because small ones
// are equal by accident. Two places of different sites are partners if they had
// one state in common, though maybe at different times. A place stands for its
// site in a group unless the directories above it have partners at all of the
// same sites already, so that whole mirrors are compared as wholes and mirrors
// of a part by that part. A group is such places that are partners, or partners
// of partners, and so on.
//
// # Order of states
//
// A state appears when the first crawl of any place of the group ends that
// finds it. A state is the group's if two sites have had it. A site leads if it
// was the first, and not just with its oldest snapshot, to have more of the group's
// states than any other; what a leader holds is the group's state even before
// others have it. That others' states are not keeps a mirror that was crawled in
// the middle of its update from seeming to be ahead of all.
//
// # Lag
//
// A state is superseded when the next of the group's states appears. A place is
// behind by the time since the state that it holds was superseded, not at all
// if it was not. It is unknown how far a place is behind whose state is not the
// group's. A state that comes back counts as old: where all go back to an earlier
// state, all are behind until the next.
package lag
