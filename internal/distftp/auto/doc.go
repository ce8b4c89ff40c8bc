// Package auto finds the members of mirrored directories by itself: the replicas that the
// tracker knows, reachable by FTP, in the order in which a client should get them.
//
// A [Binding] names a directory of ours, and possibly the tracked URL that it mirrors. With a
// URL, the replicas are those of the directory there. Without one, they are found by what
// our own directory amounts to (docs/digest-v1.md), which a [Finder] keeps up to date: it
// reads the directory when it begins and again from time to time, and after a change that
// it is told of only what has changed. Either way a replica holds all of the directory;
// where one file differs, it is none, until the next crawl says otherwise.
//
// The tracker's database is only read, by an index in memory (package resolver) that follows
// its snapshots. While it is away, what is known stays.
//
// Exact replicas go before blind ones, and package nearest orders those of one class: by how
// near they are to the client, and by the weights that the tracker has for its sites. Each
// [Member] that comes of it is known to have the very file that was asked for, of the same
// size, and where dates are known of the same day.
package auto
