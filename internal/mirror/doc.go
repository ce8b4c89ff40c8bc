// Package mirror holds the words that the rest of the tracker shares: a [Site]
// is one server's published hierarchy, a [URL] is where it is served, a [Path]
// is a place in it. It imports nothing of ours.
package mirror
