// Package world generates the mirror world in miniature, or at its full size: a hundred
// mirrors of one big archive in different states of synchronisation, and a hundred other
// sites, some of which are mirrors of each other or of a part of the archive. It stands
// in a database of the tracker as if it had been crawled.
//
// A world is determined by its [Params]: the same ones give the same sites, trees and
// digests, whatever the machine. Nothing of it is held at once; a directory is made anew
// from its number wherever it is needed.
//
//   - The archive is made like Debian's: dists, pool/main/a/apt, three releases of a
//     package in its directory, ten files. Each state of it differs from the one before by
//     0.1 to 1 % of the directories, in which the newest release has changed. Half of the
//     mirrors are in the newest state, the others behind it; every second one adds a file
//     of its own to project/trace, so that its root is like no other's.
//   - One site in twenty has the archive's pool/main in a place of its own.
//   - A quarter of the sites are in groups of five that mirror each other.
//   - The rest have nothing in common but what occurs everywhere by accident: directories
//     that are empty, or hold a licence, or what CVS leaves behind.
package world
